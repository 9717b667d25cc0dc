"""Redocly and Spectral: linters of the served description. Warnings count as errors."""

import json

from . import HERE
from .base import Judge, must_pass
from .faults import Fault, answer_of
from .install import node_program, quietly
from .served import Served


def lint(name, words, case):
    """Runs a linter on the served description."""
    with Served(case.fault) as served:
        file = served.folder / "openapi.json"
        description = served.description()
        # On loopback a server calls itself localhost, which Redocly reports as an error.
        description["servers"] = [{"url": "https://people.test"}]
        file.write_text(json.dumps(description, indent=1))
        must_pass([*words, file], name, env=quietly())
    return "no error and no warning"


def redocly(case):
    return lint("redocly", [node_program("redocly"), "lint", "--config", HERE / "redocly.yaml"], case)


def spectral(case):
    words = [node_program("spectral"), "lint", "--fail-severity", "warn", "--ruleset", HERE / "spectral.yaml"]
    return lint("spectral", words, case)


def described_otherwise(change):
    """A fault in the served description."""
    def changed(answer):
        description = answer.json
        change(description)
        answer.json = description
    return answer_of("GET", "/openapi.json", changed)


def an_undeclared_scheme(description):
    description["paths"]["/api/users"]["get"]["security"] = [{"cookie": []}]


def an_operation_id_twice(description):
    description["paths"]["/api/users"]["get"]["operationId"] = "listRoles"


JUDGES = [
    Judge("redocly", "the served description, by Redocly's recommended rules", redocly, [
        Fault("an undeclared security scheme", "security-defined",
              answered=described_otherwise(an_undeclared_scheme)),
    ]),
    Judge("spectral", "the served description, by Spectral's rules for OpenAPI", spectral, [
        Fault("a duplicate operationId", "operation-operationId-unique",
              answered=described_otherwise(an_operation_id_twice)),
    ]),
]
