"""schemathesis: valid and invalid requests generated from the description, with checks of the responses.

Two rounds: one that is the same every time, by the owner's sign-in, with a stranger beside who must see nothing of it;
and one with a fresh seed, by the owner's token where an operation takes tokens. Each phase of a round begins on a fresh
database. An operation that never answered 2xx was not judged, so that is an objection, too.
"""

import collections
import json

from example_seed import OWNER_SESSION, OWNER_TOKEN, STRANGER_SESSION

from . import HERE, INSTALLED, REPORTS
from .base import Judge, Objection, run
from .judging_copy import judging_copy, operations
from .schemathesis_faults import FAULTS
from .served import Served
from .stage import Stage

PHASES = ["examples", "coverage", "fuzzing", "stateful"]
EXAMPLES_MAX = 40
# How often a generated path has an existing id. The rest are unknown or invalid ids.
KNOWN_ID_PROBABILITY = 0.9

SETTINGS = f"""
hooks = "{HERE}/schemathesis_hooks.py"

# Warnings say that something was not really judged. Left out are those about operations that often answer 404 or refuse:
# a phase may, and what matters of that is demanded of the round as a whole, a success of each operation.
[warnings]
fail-on = ["missing_auth", "validation_mismatch", "unused_openapi_auth", "unsupported_regex", "method_not_allowed",
           "unmatched_filter", "unresolvable_reference", "dictionary_mismatch", "rate_limited"]

[phases.examples]
fill-missing = true
extra-data-sources.responses = false

# 422: an Idempotency-Key that came with another request before, which no description can say.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]

# Ids out of earlier answers would replace the examples by what does not belong together.
[phases.coverage]
extra-data-sources.responses = false
"""


def known_ids(description, stage):
    """Binds each path parameter to existing ids."""
    lines = []
    for _, operation in operations(description):
        name, bound = operation["operationId"], []
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "path":
                dictionary = f"{name}-{parameter['name']}"
                values = stage.values(parameter["name"], name)
                lines += [f"[dictionaries.{dictionary}]", f"values = {json.dumps(values)}"]
                bound.append(f'"path.{parameter["name"]}" = '
                             f'{{ dictionary = "{dictionary}", probability = {KNOWN_ID_PROBABILITY} }}')
        if bound:
            lines += ["[[operations]]", f'include-operation-id = "{name}"', "[operations.parameters]", *bound]
    return "\n".join(lines) + "\n"


def by_sign_in(folder):
    """The owner of one organisation calls, and the owner of another one must not see the same data."""
    callers = {"owner": OWNER_SESSION, "stranger": STRANGER_SESSION}
    headers = {name: [{"name": "Authorization", "value": value}] for name, value in callers.items()}
    (folder / "callers.json").write_text(
        json.dumps({"auth": [{"name": name, "fixedHeaders": fixed} for name, fixed in headers.items()]}))
    return f'[auth.wfc]\npath = "{folder}/callers.json"\nuser = "owner"\npeers = ["owner", "stranger"]\n'


def by_token(_):
    """The owner's token where an operation accepts one, the session elsewhere."""
    token = OWNER_TOKEN.removeprefix("Bearer ")
    return (f'[auth.openapi]\npersonalAccessToken = {{ bearer = "{token}" }}\n'
            f'internalAuth = {{ api_key = "{OWNER_SESSION}" }}\n')


def phase_of(round_name, phase, callers, arguments, case):
    """Runs one phase on a new database; returns the counts of statuses by operation."""
    report = f"schemathesis-{round_name}-{phase}"
    with Served(case.fault) as served:
        stage, description = Stage(served), served.description()
        (served.folder / "copy.json").write_text(json.dumps(judging_copy(description, stage)))
        settings = SETTINGS + known_ids(description, stage) + callers(served.folder)
        (served.folder / "schemathesis.toml").write_text(settings)
        events = REPORTS / f"{report}.ndjson"
        events.unlink(missing_ok=True)
        only = [word for name in case.only("operations") or () for word in ("--include-operation-id", name)]
        code, said = run(
            [INSTALLED / "python/bin/st", "--config-file", served.folder / "schemathesis.toml", "run",
             served.folder / "copy.json", "--url", served.url, "--checks", "all", "--phases", phase,
             "--max-examples", EXAMPLES_MAX, "--continue-on-failure", "--no-color", "--report", "ndjson",
             "--report-ndjson-path", events, *only, *arguments],
            report, cwd=served.folder)
    if code:
        raise Objection(said)
    return answers(events)


def answers(events):
    """The counts of statuses by operation, from schemathesis's report."""
    counted = collections.defaultdict(collections.Counter)
    for line in events.read_text(encoding="utf-8").splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for number, exchange in recorder.get("interactions", {}).items():
            asked, answer = recorder["cases"][number]["value"], exchange.get("response")
            if answer:
                counted[f"{asked['method']} {asked['path']}"][answer["status_code"]] += 1
    return counted


def round_of(name, callers, arguments, case):
    """Runs all phases; returns a summary."""
    counted = collections.defaultdict(collections.Counter)
    for phase in [case.only("phase")] if case.only("phase") else PHASES:
        for label, statuses in phase_of(name, phase, callers, arguments, case).items():
            counted[label] += statuses
    with Served() as served:
        labels = [label for label, operation in operations(served.description())
                  if operation["operationId"] in (case.only("operations") or [operation["operationId"]])]
    never = [label for label in labels if not any(200 <= status < 300 for status in counted[label])]
    if never:
        raise Objection(f"never answered with success, so not judged: {', '.join(never)}")
    statuses = sum(counted.values(), collections.Counter())
    shown = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
    return f"{name}: {len(labels)} operations, each with success; {shown}"


def judge(case):
    """Runs both rounds."""
    said = [round_of("deterministic", by_sign_in, ["--generation-deterministic"], case)]
    if not case.fault:
        print(f"   the seed of the second round is {case.seed}", flush=True)
        said.append(round_of("seeded", by_token, ["--seed", case.seed], case))
    return "\n".join(said)


JUDGES = [Judge("schemathesis", "every operation, by requests generated from the description", judge, FAULTS)]
