#!/usr/bin/env python3
"""Tests of prepare.py: python3 scripts/codegen/prepare_test.py"""

import copy
import pathlib
import unittest

import prepare

HERE = pathlib.Path(__file__).parent
DESCRIPTION = prepare.load(HERE.parent.parent / "brms.json")
NAMES = prepare.load(HERE / "names.json")


def operation(document, name):
    every = (each for item in document["paths"].values() for each in item.values())
    return next(each for each in every if each["operationId"] == name)


class Preparing(unittest.TestCase):
    def setUp(self):
        self.document = copy.deepcopy(DESCRIPTION)
        self.names = dict(NAMES)
        self.invite = operation(self.document, "inviteMembers")
        self.body = self.invite["requestBody"]["content"]["application/json"]["schema"]
        self.answer = self.invite["responses"]["200"]["content"]["application/json"]

    def refused(self, complaint):
        with self.assertRaisesRegex(prepare.Uncovered, complaint):
            prepare.prepare(copy.deepcopy(self.document), self.names)

    def test_every_shape_moves_to_its_one_name(self):
        prepared = prepare.prepare(self.document, self.names)
        self.assertEqual(set(prepared["components"]["schemas"]), set(NAMES))
        self.assertEqual(self.answer["schema"]["items"], {"$ref": "#/components/schemas/Member"})
        self.assertNotIn("properties", str(prepared["paths"]))

    def test_shapes_that_differ_anywhere_inside_are_not_united(self):
        self.answer["schema"]["items"]["properties"]["groups"]["items"]["required"].append("roleId")
        self.refused(r"\[\].*has no name yet")

    def test_words_about_a_shape_make_no_difference(self):
        self.answer["schema"]["items"]["properties"]["user"]["description"] = "In other words"
        prepare.prepare(self.document, self.names)

    def test_a_name_stands_for_one_shape_that_is_there(self):
        for place, complaint in [
            ("nowhere.200", "there is no place"),
            ("createProject.200.project", "same shape as Project"),
            ("createProject.200.project.id", "neither an object nor an enum"),
        ]:
            self.names = {**NAMES, "Another": place}
            self.refused(complaint)

    def test_uncovered_schemas_are_refused(self):
        for schema in [
            {"oneOf": [{"type": "string"}]},
            {"anyOf": [{"type": "string"}]},
            {"allOf": [{"type": "string"}]},
            {"$ref": "#/components/schemas/X"},
            {"type": "integer"},
            {"type": ["string", "null"]},
            {"type": "string", "enum": [1, 2]},
            {"type": "string", "format": "binary"},
            {"type": "string", "pattern": "a"},
            {"type": "object", "additionalProperties": {"type": "string"}},
        ]:
            self.answer["schema"] = schema
            self.refused("cover|only strings")

    def test_uncovered_bodies_are_refused(self):
        for field in [
            {"type": "number"},
            {"type": "boolean", "default": True},
            {"type": "string", "format": "uuid", "nullable": True},
        ]:
            self.body["properties"]["owner"] = field
            self.refused("cover")
        self.body["properties"]["owner"] = {"type": "boolean"}
        self.invite["requestBody"]["required"] = False
        self.refused("optional bodies")

    def test_uncovered_parameters_are_refused(self):
        for parameter in [
            {"name": "x", "in": "header", "schema": {"type": "string"}},
            {"name": "x", "in": "cookie", "schema": {"type": "string"}},
            {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}},
            {"name": "x", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
        ]:
            self.invite["parameters"] = [*self.invite["parameters"][:1], parameter]
            self.refused("cover")

    def test_a_shape_of_unknown_origin_is_not_called_the_vendors(self):
        operation(self.document, "listMembers")["x-provenance"] = "guessed"
        self.refused("x-provenance is not known")

    def test_a_streamed_answer_is_marked_and_has_no_shape(self):
        prepared = prepare.prepare(self.document, self.names)
        self.assertTrue(operation(prepared, "exportAuditLogs")["x-streamed"])
        self.assertFalse(operation(prepared, "inviteMembers")["x-streamed"])

    def test_uncovered_answers_are_refused(self):
        for responses in [
            {"204": {"description": ""}},
            {**self.invite["responses"], "201": {"description": ""}},
            {**self.invite["responses"], "default": {"description": ""}},
            {"200": {"description": "", "content": {"text/plain": {"schema": {"type": "string"}}}}},
            {"200": {"description": "", "content": {"text/csv": {"schema": {"type": "object"}}}}},
            {"200": {"description": "", "content": {"text/csv": {"schema": {"type": "string"}, "example": ""}}}},
        ]:
            self.invite["responses"] = responses
            self.refused("cover")

    def test_uncovered_security_is_refused(self):
        for security in [[{}], [{"internalAuth": ["scope"]}], [{"unknown": []}]]:
            self.invite["security"] = security
            self.refused("covered|no security scheme")
        self.document["components"]["securitySchemes"]["internalAuth"] = {"type": "apiKey"}
        self.refused("only the type http")


if __name__ == "__main__":
    unittest.main()
