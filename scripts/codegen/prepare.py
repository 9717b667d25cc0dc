#!/usr/bin/env python3
"""Prepares brms.json for openapi-generator: moves its inline shapes to named components.

Usage: prepare.py DESCRIPTION NAMES OUTPUT

brms.json defines every shape inline, so the same member or token occurs up to ten times. The generator
would name each after its place, and its own way of merging them (modelNameMappings) silently merges
shapes that differ, too. Here only equal shapes are merged: names.json gives each distinct shape one name
and one place where it occurs, the shape moves to components/schemas, and every equal one becomes a
reference to it. It is an error if a shape has no name, a name has no shape, or a shape has two names.

Anything that the templates do not support is an error too, so that no wrong code is generated silently.
"""

import json
import re
import sys

DOCUMENT_KEYS = {"openapi", "info", "servers", "security", "tags", "paths", "components"}
METHODS = {"get", "post", "put", "delete", "patch"}
OPERATION_KEYS = {
    "tags", "summary", "description", "operationId", "parameters", "requestBody", "responses",
    "security", "x-provenance",
}
WORDS_ABOUT = {"description", "example", "examples"}
SCHEMA_KEYS = {
    # The allowed constraints by type; "description" and similar keys are allowed everywhere.
    "object": {"properties", "required"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"format", "enum", "default", "minLength", "maxLength"},
    "number": {"default"},
    "boolean": {"default"},
}
STRING_FORMATS = {None, "uuid", "email"}
# The origins of a shape; None stands for the vendor's own description.
PROVENANCES = {None, "public", "client", "derived"}
# The spellings of a boolean in a query. An enum of exactly these is treated as a boolean.
BOOLEAN_WORDS = {"true", "false", "True", "False", "TRUE", "FALSE"}


class Uncovered(Exception):
    """The description has something that the templates do not support."""


def require(condition, place, complaint):
    if not condition:
        raise Uncovered(f"{place}: {complaint}")


def check_keys(place, value, allowed):
    unknown = sorted(set(value) - allowed)
    require(not unknown, place, f"the templates do not cover {', '.join(unknown)}")


def check_schema(place, schema):
    """Refuses a schema that would not be read or written exactly as described."""
    kind = schema.get("type")
    if kind is None:
        check_keys(place, schema, WORDS_ABOUT)
        return
    covered = isinstance(kind, str) and kind in SCHEMA_KEYS
    require(covered, place, f"the templates do not cover the type {kind}")
    check_keys(place, schema, SCHEMA_KEYS[kind] | WORDS_ABOUT | {"type", "nullable"})
    form = schema.get("format")
    require(form in STRING_FORMATS, place, f"the templates do not cover the format {form}")
    for word in schema.get("enum", []):
        require(isinstance(word, str) or word is None, place, "an enum may hold only strings and null")
    require((None in schema.get("enum", [])) <= schema.get("nullable", False), place, "null needs nullable")
    known = set(schema.get("properties", {}))
    require(set(schema.get("required", [])) <= known, place, "a required field is not among the properties")
    if kind == "array":
        require(not schema["items"].get("nullable"), place, "nullable items are not covered")
        require("default" not in schema["items"], place, "a default of an item means nothing")


def check_body_field(place, schema, required):
    """Refuses the few combinations that are only unsupported where a value is read."""
    nullable = schema.get("nullable", False)
    numbers = "number" in {schema.get("type"), schema.get("items", {}).get("type")}
    require(not numbers, place, "numbers in a body are not covered")
    require(not (required and "default" in schema), place, "a default of a required field means nothing")
    default = schema.get("default")
    covered = default is None or default is False or "enum" in schema
    require(covered, place, f"the templates do not cover the default {default!r}")
    of_ids = schema.get("format") or schema.get("items", {}).get("format")
    require(not (nullable and of_ids == "uuid"), place, "nullable ids in a body are not covered")
    require(not (nullable and required), place, "a required field of a body that may be null is not covered")


def check_parameter(place, parameter):
    check_keys(place, parameter, {"name", "in", "required", "schema"} | WORDS_ABOUT)
    schema, inside = parameter["schema"], parameter["in"]
    require(inside in {"path", "query"}, place, f"the templates do not cover parameters in the {inside}")
    require(schema.get("type") in {"string", "number"}, place, "only strings and numbers are covered")
    required = parameter.get("required", False)
    require(required == (inside == "path"), place, "only required path and optional query is covered")
    require(not schema.get("nullable"), place, "a parameter cannot be null")
    limits = {"minLength", "maxLength"} & set(schema)
    require(not limits and schema.get("format") != "email", place, "limits of parameters are not covered")


def is_streamed(response):
    return list(response.get("content", [])) == ["text/csv"]


def check_streamed(place, response):
    """Checks a streamed response: text without a shape."""
    check_keys(place, response, {"content", "description"})
    content = response["content"]["text/csv"]
    check_keys(place, content, {"schema"})
    require(content["schema"] == {"type": "string"}, place, "only a plain string is covered as text/csv")


def check_content(place, part, keys):
    """Checks a body or a response: JSON only."""
    check_keys(place, part, keys | {"content", "description"})
    require(list(part.get("content", [])) == ["application/json"], place, "only application/json is covered")
    content = part["content"]["application/json"]
    check_keys(place, content, {"schema", "example", "examples"})
    require(not content["schema"].get("nullable"), place, "null as a whole body is not covered")


def check_operation(path, operation):
    place = operation.get("operationId", path)
    require("operationId" in operation, path, "an operation without operationId")
    check_keys(place, operation, OPERATION_KEYS)
    # A shape that the vendor did not publish must not be presented as the vendor's.
    require(operation.get("x-provenance") in PROVENANCES, place, "its x-provenance is not known")
    # The tool repeats an operation for each of its tags.
    require(len(operation.get("tags", [])) == 1, place, "exactly one tag is covered")
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        check_parameter(f"{place}: {parameter.get('name')}", parameter)
    in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
    require(in_path == set(re.findall(r"{(.+?)}", path)), place, "path and path parameters differ")
    whole_segments = re.fullmatch(r"(/([^/{}]+|{[^/{}]+}))+", path)
    require(whole_segments, place, "a parameter must be a whole segment of the path")
    if "requestBody" in operation:
        body = operation["requestBody"]
        check_content(f"{place}.body", body, {"required"})
        require(body.get("required"), f"{place}.body", "optional bodies are not covered")
        schema = body["content"]["application/json"]["schema"]
        require("properties" in schema, f"{place}.body", "only an object with properties is covered")
    require(list(operation["responses"]) == ["200"], place, "exactly one response, 200, is covered")
    response = operation["responses"]["200"]
    if is_streamed(response):
        check_streamed(f"{place}.200", response)
    else:
        check_content(f"{place}.200", response, set())


def check_security(place, alternatives, schemes):
    for alternative in alternatives:
        require(alternative, place, "an empty alternative (no credentials) beside others is not covered")
        for name, scopes in alternative.items():
            require(name in schemes, place, f"there is no security scheme {name}")
            require(not scopes, place, "scopes are not covered")


def comparable(schema):
    """A schema without its descriptions and examples, recursively."""
    kept = {key: value for key, value in schema.items() if key not in WORDS_ABOUT}
    if "required" in kept:
        kept["required"] = sorted(kept["required"])
    if "properties" in kept:
        kept["properties"] = {name: comparable(inner) for name, inner in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = comparable(kept["items"])
    return kept


def shape(schema):
    """The identity of a schema. Nullability and default belong to the place where it is used."""
    kept = {key: value for key, value in comparable(schema).items() if key not in {"nullable", "default"}}
    if "enum" in kept:
        kept["enum"] = [word for word in kept["enum"] if word is not None]
    return json.dumps(kept, sort_keys=True)


def has_name(schema):
    return "properties" in schema or "enum" in schema


def is_boolean(schema):
    return set(schema.get("enum", [])) == BOOLEAN_WORDS


def schemas_of(place, schema):
    """A schema and its nested schemas, each with its place."""
    yield place, schema
    for name, inner in schema.get("properties", {}).items():
        yield from schemas_of(f"{place}.{name}", inner)
    if "items" in schema:
        yield from schemas_of(f"{place}[]", schema["items"])


def roots_of(operation):
    """The places of an operation with a top-level schema: (place, parent of `schema`, use)."""
    name = operation["operationId"]
    for parameter in operation.get("parameters", []):
        yield f"{name}.{parameter['in']}.{parameter['name']}", parameter, "read"
    if "requestBody" in operation:
        yield f"{name}.body", operation["requestBody"]["content"]["application/json"], "read"
    response = operation["responses"]["200"]
    if not is_streamed(response):
        yield f"{name}.200", response["content"]["application/json"], "sent"


class Shapes:
    """The named shapes of the description, which move to components/schemas."""

    def __init__(self, places, names):
        self.components = {}
        self.name_of = {}
        self.words_on = {}
        for name, place in names.items():
            entry = f"names.json: {name}"
            require(re.fullmatch("([A-Z][a-z0-9]+)+", name), entry, "names are written LikeThis")
            require(place in places, entry, f"there is no place {place}")
            schema = places[place]
            require(has_name(schema), entry, f"{place} is neither an object nor an enum")
            key = shape(schema)
            taken = self.name_of.get(key)
            require(taken is None, entry, f"{place} has the same shape as {taken}")
            self.name_of[key] = name
            words = schema.get("description")
            self.words_on[name] = f"{words} (`{place}`)." if words else f"Stands at `{place}`."
        for place, schema in places.items():
            unnamed = has_name(schema) and not is_boolean(schema) and shape(schema) not in self.name_of
            require(not unnamed, place, "this shape has no name yet: add one to scripts/codegen/names.json")

    def moved(self, place, schema, use, is_field=False):
        """The schema for the prepared document: itself, or a reference to its name."""
        if is_boolean(schema):
            return {"type": "boolean", "default": schema.get("default") in {"true", "True", "TRUE"}}
        key = shape(schema)
        result = dict(schema)
        if "properties" in schema:
            result["properties"] = {
                name: self.moved(f"{place}.{name}", inner, use, is_field=True)
                for name, inner in schema["properties"].items()
            }
            if use == "read":
                for name, inner in schema["properties"].items():
                    check_body_field(f"{place}.{name}", inner, name in schema.get("required", []))
        if "items" in schema:
            result["items"] = self.moved(f"{place}[]", schema["items"], use)
        if not has_name(schema):
            return result
        name = self.name_of[key]
        around = {key: result.pop(key) for key in ("nullable", "default", "description") if key in result}
        if "enum" in result:
            result["enum"] = [word for word in result["enum"] if word is not None]
        result["description"] = self.words_on[name]
        component = self.components.setdefault(name, result)
        # The templates derive Deserialize for "read" and Serialize for "sent" models.
        component[f"x-{use}"] = True
        both = "properties" in component and "x-read" in component and "x-sent" in component
        require(not both, place, f"{name} is both read and sent, which the templates do not cover")
        if "default" in around:
            # The tool drops the default of a reference; the templates read it from this key.
            around["x-default"] = around.pop("default")
        reference = {"$ref": f"#/components/schemas/{name}"}
        # Keys of the field, not of the shape, go around the reference, as OpenAPI 3.0 requires.
        return {"allOf": [reference], **around} if around and is_field else reference


def prepare(document, names):
    """Checks the document, moves its shapes in place and returns it."""
    check_keys("the document", document, DOCUMENT_KEYS)
    require(document["openapi"].startswith("3.0."), "openapi", "only OpenAPI 3.0 is covered")
    schemes = document.get("components", {}).get("securitySchemes", {})
    check_keys("components", document.get("components", {}), {"securitySchemes"})
    for name, scheme in schemes.items():
        require(scheme.get("type") == "http", f"security scheme {name}", "only the type http is covered")
    operations = []
    for path, item in document["paths"].items():
        check_keys(path, item, METHODS)
        for operation in item.values():
            check_operation(path, operation)
            operation.setdefault("security", document.get("security", []))
            # The templates read it from this key.
            operation["x-streamed"] = is_streamed(operation["responses"]["200"])
            check_security(operation["operationId"], operation["security"], schemes)
            operations.append(operation)
    ids = [operation["operationId"] for operation in operations]
    require(len(set(ids)) == len(ids), "operationId", "two operations have the same")
    places = {}
    for operation in operations:
        for place, holder, _ in roots_of(operation):
            places.update(schemas_of(place, holder["schema"]))
    for place, schema in places.items():
        check_schema(place, schema)
        in_query = ".query." in place
        require(in_query or not is_boolean(schema), place, "words for a boolean are covered only in a query")
    shapes = Shapes(places, names)
    for operation in operations:
        for place, holder, use in roots_of(operation):
            holder["schema"] = shapes.moved(place, holder["schema"], use)
    document["components"]["schemas"] = dict(sorted(shapes.components.items()))
    return document


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as problem:
        sys.exit(f"{path}: {problem}")


def main():
    description, names, output = sys.argv[1:]
    try:
        prepared = prepare(load(description), load(names))
    except Uncovered as problem:
        sys.exit(f"{description}: {problem}")
    with open(output, "w", encoding="utf-8") as file:
        json.dump(prepared, file, indent=2)


if __name__ == "__main__":
    main()
