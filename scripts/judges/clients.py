"""Clients of third-party generators: generated from the unchanged served description, and used for one scenario."""

import json
import os
import shutil

from brms_server import BRMS, ROOT

from . import HERE, INSTALLED
from .base import Judge, must_pass
from .faults import Fault, answer_of, without_an_id
from .install import node_program, quietly
from .served import Served

STORIES = HERE / "stories"
GENERATOR = ROOT / ".codegen/bin/openapi-generator-cli"
PYTHON = INSTALLED / "python/bin"


def told(name, make, tell, case):
    """Generates a client in a folder of its own and runs the scenario with it. `make` and `tell` return commands."""
    folder = INSTALLED / "clients" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Served(case.fault, throttled=True) as served:
        description = folder / "openapi.json"
        description.write_text(json.dumps(served.description()))
        programs = f"{PYTHON}{os.pathsep}{os.environ['PATH']}"
        environment = {**quietly(), "PATH": programs, "HOST": served.url, "BRMS": BRMS,
                       "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "scripts")]),
                       "BRMS_DATABASE": str(served.database), "MAILED_CODE": str(ROOT / "tests/http/mailed-code")}
        for step, words in enumerate(make(folder, description), 1):
            must_pass(words, f"{name}-making-{step}", cwd=folder, env=environment)
        return must_pass(tell(folder), f"{name}-story", cwd=folder, env=environment).strip()


def openapi_generator_python(case):
    def make(folder, description):
        yield [GENERATOR, "generate", "--quiet", "--input-spec", description, "--generator-name", "python",
               "--output", folder, "--additional-properties", "packageName=brms_client"]
    return told("openapi-generator-python", make, lambda _: [PYTHON / "python3", STORIES / "openapi_generator.py"], case)


def openapi_python_client(case):
    def make(folder, description):
        settings = folder / "settings.yaml"
        # Enums as classes cannot contain both `true` and `TRUE` of listProjects.
        settings.write_text("literal_enums: true\n")
        yield [PYTHON / "openapi-python-client", "generate", "--path", description, "--meta", "none", "--config",
               settings, "--output-path", folder / "brms_client"]
    return told("openapi-python-client", make, lambda _: [PYTHON / "python3", STORIES / "openapi_python_client.py"], case)


def compiled(folder, story):
    """Commands that type-check a TypeScript scenario against its client and compile both."""
    (folder / "node_modules").symlink_to(INSTALLED / "node/node_modules")
    for file in (f"{story}.ts", "support.ts", "tsconfig.json"):
        shutil.copy(STORIES / file, folder)
    return [node_program("tsc"), "--project", folder]


def typescript_fetch(case):
    def make(folder, description):
        yield [GENERATOR, "generate", "--quiet", "--input-spec", description, "--generator-name", "typescript-fetch",
               "--output", folder / "client"]
        yield compiled(folder, "typescript_fetch")
    return told("typescript-fetch", make, lambda folder: ["node", folder / "out/typescript_fetch.js"], case)


def openapi_fetch(case):
    def make(folder, description):
        yield [node_program("openapi-typescript"), description, "--output", folder / "client/schema.ts"]
        yield compiled(folder, "openapi_fetch")
    return told("openapi-fetch", make, lambda folder: ["node", folder / "out/openapi_fetch.js"], case)


def totals_as_texts(answer):
    page = answer.json
    page["paginate"]["total"] = str(page["paginate"]["total"])
    answer.json = page


def another_problem(request, answer):
    if answer.status == 429:
        problem = answer.json
        problem["type"] = "urn:brms:problem:planted"
        answer.json = problem


INVITED = ("POST", "/api/projects/*/members")
LISTED = ("GET", "/api/projects/*/members")
JUDGES = [
    Judge("openapi-generator-python", "a scenario with openapi-generator's client for Python", openapi_generator_python, [
        Fault("a member without an id", "validation error", answered=answer_of(*INVITED, without_an_id)),
    ]),
    Judge("openapi-python-client", "a scenario with openapi-python-client's client", openapi_python_client, [
        Fault("a member without an id", "KeyError: 'id'", answered=answer_of(*INVITED, without_an_id)),
    ]),
    Judge("typescript-fetch", "a scenario with openapi-generator's client for TypeScript", typescript_fetch, [
        Fault("a total that is a string", "'4'", answered=answer_of(*LISTED, totals_as_texts)),
    ]),
    Judge("openapi-fetch", "a scenario with openapi-fetch and the types of openapi-typescript", openapi_fetch, [
        Fault("a problem of another type", "urn:brms:problem:planted", answered=another_problem),
    ]),
]
