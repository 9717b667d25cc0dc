"""Clients of third-party generators: generated from the unchanged served description, compiled, and used for one
scenario: the long one of stories/openapi_generator.py, or the short one of stories/short_story.ts."""

import json
import os
import re
import shutil

from brms_server import BRMS, ROOT

from . import HERE, INSTALLED
from .base import Judge, Objection, must_pass
from .faults import Fault, answer_of, without_an_id
from .install import node_program, quietly
from .lint import described_otherwise
from .served import Served

STORIES = HERE / "stories"
GENERATOR = ROOT / ".codegen/bin/openapi-generator-cli"
# With the libraries that its clients for Java import.
GENERATOR_JAR = "lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar"
PYTHON = INSTALLED / "python/bin"
SOURCES = {".py", ".ts", ".java", ".go", ".rs"}
# What generators call a shape that has no name in the description.
MADE_UP = re.compile(r"\b[A-Z]\w*(?:[1-5]\d\dResponse|Inner(?![a-z])|(?:Any|All|One)Of)\w*")


def no_name_is_made_up(folder):
    """Every type of a client has a name of the description."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in SOURCES and (found := MADE_UP.search(file.stem) or MADE_UP.search(file.read_text())):
            raise Objection(f"{file.relative_to(folder)} has a name that the generator made up: {found.group()}")


def told(name, make, tell, case):
    """Generates a client in a folder of its own and runs the scenario with it. `make` and `tell` return commands; the
    first one of `make` generates into the folder `client` or a package."""
    folder = INSTALLED / "clients" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Served(case.fault, throttled=True) as served:
        description = folder / "openapi.json"
        description.write_text(json.dumps(served.description()))
        programs = os.pathsep.join([str(PYTHON), os.environ["PATH"]])
        environment = {**quietly(), "PATH": programs, "HOST": served.url, "BRMS": BRMS,
                       "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "scripts")]),
                       "BRMS_DATABASE": str(served.database), "MAILED_CODE": str(ROOT / "tests/http/mailed-code"),
                       "CARGO_TARGET_DIR": str(INSTALLED / "rust-target"), "GOFLAGS": "-mod=mod",
                       "GOTOOLCHAIN": "local"}
        for step, words in enumerate(make(folder, description), 1):
            must_pass(words, f"{name}-making-{step}", cwd=folder, env=environment)
            if step == 1:
                no_name_is_made_up(folder)
        return must_pass(tell(folder), f"{name}-story", cwd=folder, env=environment).strip()


def generated(generator, description, output, **properties):
    """The command of openapi-generator."""
    given = ",".join(f"{name}={value}" for name, value in properties.items())
    more = ["--additional-properties", given] if given else []
    return [GENERATOR, "generate", "--quiet", "--input-spec", description, "--generator-name", generator,
            "--output", output, *more]


def openapi_generator_python(case):
    def make(folder, description):
        yield generated("python", description, folder, packageName="brms_client")
    return told("openapi-generator-python", make, lambda _: [PYTHON / "python3", STORIES / "openapi_generator.py"], case)


def openapi_python_client(case):
    def make(folder, description):
        yield [PYTHON / "openapi-python-client", "generate", "--path", description, "--meta", "none",
               "--output-path", folder / "brms_client"]
    return told("openapi-python-client", make, lambda _: [PYTHON / "python3", STORIES / "openapi_python_client.py"], case)


def compiled(folder, *stories):
    """Commands that type-check a TypeScript scenario against its client and compile both."""
    (folder / "node_modules").symlink_to(INSTALLED / "node/node_modules")
    for file in (*(f"{story}.ts" for story in stories), "support.ts", "tsconfig.json"):
        shutil.copy(STORIES / file, folder)
    return [node_program("tsc"), "--project", folder]


def typescript(name, generate, *stories):
    """A judge's function for a TypeScript client, written by `generate(description, output)`."""
    def judge(case):
        def make(folder, description):
            yield generate(description, folder / "client")
            yield compiled(folder, *stories)
        return told(name, make, lambda folder: ["node", folder / f"out/{stories[0]}.js"], case)
    return judge


def java(case):
    def make(folder, description):
        # Without a library for fields that are missing or null; its annotations are in no JDK since Java 11.
        yield generated("java", description, folder, library="native", openApiNullable="false")
        shutil.copytree(STORIES / "java", folder, dirs_exist_ok=True)
        yield ["javac", "-nowarn", "-cp", jar(), "-d", folder / "classes",
               *(folder / "src/main").rglob("*.java"), *folder.glob("*.java")]
    return told("java", make, lambda folder: ["java", "-cp", f"{folder / 'classes'}:{jar()}", "Story"], case)


def jar():
    return next((ROOT / ".codegen").glob(GENERATOR_JAR))


def go(case):
    def make(folder, description):
        # With the name of its type before each constant: Go has one space for all of them.
        yield generated("go", description, folder / "client", packageName="brms", withGoMod="false",
                        enumClassPrefix="true")
        shutil.copytree(STORIES / "go", folder, dirs_exist_ok=True)
        yield [PYTHON / "go", "build", "-o", folder / "story", "."]
    return told("go", make, lambda folder: [folder / "story"], case)


def rust(name, program):
    """A judge's function for a client in Rust; both are parts of one package, so that reqwest is compiled once."""
    def judge(case):
        def make(folder, description):
            yield generated("rust", description, folder / "client", library="reqwest", packageVersion="0.0.0")
            shutil.copytree(STORIES / "rust", folder, dirs_exist_ok=True)
            shutil.copy(description, folder / "src/bin/openapi.json")
            yield ["cargo", "build", "--quiet", "--locked", "--bin", program]
        return told(name, make, lambda _: [INSTALLED / "rust-target/debug" / program], case)
    return judge


def totals_as_texts(answer):
    page = answer.json
    page["paginate"]["total"] = str(page["paginate"]["total"])
    answer.json = page


def another_problem(request, answer):
    if answer.status in (404, 429):
        problem = answer.json
        problem["type"] = "urn:brms:problem:planted"
        answer.json = problem


def without_a_name(description):
    """The shape of a member's groups stands at its place again."""
    schemas = description["components"]["schemas"]
    schemas["Member"]["properties"]["groups"]["items"] = schemas["MemberGroup"]


def a_local_time(answer):
    page = answer.json
    for user in page["results"]:
        user["createdAt"] = "yesterday"
    answer.json = page


INVITED = ("POST", "/api/projects/*/members")
LISTED = ("GET", "/api/projects/*/members")
A_TIME = Fault("a time that is none", "yesterday", answered=answer_of("GET", "/api/users", a_local_time))
ANOTHER_PROBLEM = Fault("a problem of another type", "urn:brms:problem:planted", answered=another_problem)
A_MEMBER_WITHOUT_AN_ID = answer_of(*INVITED, without_an_id)
JUDGES = [
    Judge("openapi-generator-python", "a scenario with openapi-generator's client for Python", openapi_generator_python, [
        Fault("a member without an id", "validation error", answered=A_MEMBER_WITHOUT_AN_ID),
        Fault("a shape without a name", "MemberGroupsInner", answered=described_otherwise(without_a_name)),
    ]),
    Judge("openapi-python-client", "a scenario with openapi-python-client's client", openapi_python_client, [
        Fault("a member without an id", "KeyError: 'id'", answered=A_MEMBER_WITHOUT_AN_ID),
    ]),
    Judge("typescript-fetch", "a scenario with openapi-generator's client for TypeScript",
          typescript("typescript-fetch", lambda *files: generated("typescript-fetch", *files), "typescript_fetch"), [
        Fault("a total that is a string", "'4'", answered=answer_of(*LISTED, totals_as_texts)),
    ]),
    Judge("openapi-fetch", "a scenario with openapi-fetch and the types of openapi-typescript",
          typescript("openapi-fetch", lambda description, output:
                     [node_program("openapi-typescript"), description, "--default-non-nullable", "false",
                      "--output", output / "schema.ts"],
                     "openapi_fetch"), [ANOTHER_PROBLEM]),
    Judge("typescript-axios", "a scenario with openapi-generator's client for TypeScript and axios",
          typescript("typescript-axios", lambda *files: generated("typescript-axios", *files),
                     "typescript_axios", "short_story"), [ANOTHER_PROBLEM]),
    Judge("hey-api", "a scenario with the client of @hey-api/openapi-ts",
          typescript("hey-api", lambda description, output:
                     [node_program("openapi-ts"), "--input", description, "--output", output, "--client",
                      "@hey-api/client-fetch", "--no-log-file"],
                     "hey_api", "short_story"), [ANOTHER_PROBLEM]),
    Judge("oazapfts", "a scenario with the client of oazapfts",
          typescript("oazapfts", lambda description, output:
                     [node_program("oazapfts"), description, output.with_suffix(".ts")],
                     "oazapfts", "short_story"), [ANOTHER_PROBLEM]),
    Judge("orval", "a scenario with the client of orval for axios",
          typescript("orval", lambda description, output:
                     [node_program("orval"), "--input", description, "--output", output.with_suffix(".ts"),
                      "--client", "axios"],
                     "orval", "short_story"), [ANOTHER_PROBLEM]),
    Judge("java", "a scenario with openapi-generator's client for Java", java, [A_TIME]),
    Judge("go", "a scenario with openapi-generator's client for Go", go, [A_TIME]),
    Judge("rust", "a scenario with openapi-generator's client for Rust", rust("rust", "openapi_generator"),
          [ANOTHER_PROBLEM], is_slow=True),
    Judge("progenitor", "a scenario with progenitor's client for Rust", rust("progenitor", "progenitor"),
          [ANOTHER_PROBLEM], is_slow=True),
]
