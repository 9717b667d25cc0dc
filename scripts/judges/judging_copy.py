"""The judging copy: the served description with additions that let judges reach every operation."""

import copy

from .stage import BODIES


def operations(description):
    """Each operation with its label, such as `GET /api/users`."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def judging_copy(description, stage):
    """The served description with two changes that no rule of it depends on: the scheme `internal`, which no
    judge knows, is said as what it is on the wire, a key in the header Authorization; and what may stand in
    paths and bodies has an example that is there on the stage."""
    copied = copy.deepcopy(description)
    copied["components"]["securitySchemes"]["internalAuth"] = {
        "type": "apiKey", "in": "header", "name": "Authorization"}
    for _, operation in operations(copied):
        name = operation["operationId"]
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "path":
                parameter["example"] = stage.values(parameter["name"], name)[0]
        if name in BODIES:
            operation["requestBody"]["content"]["application/json"]["example"] = BODIES[name]
    return copied
