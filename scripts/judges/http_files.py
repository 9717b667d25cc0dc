"""The scripts in tests/http, run by httpYac on a fresh server."""

import re

from brms_server import BRMS, ROOT

from .base import Judge, Objection, must_pass
from .faults import Fault, answer_of
from .install import node_program, quietly
from .served import Served

FOLDER = ROOT / "tests/http"


def played(file, case):
    """Runs a script on a server of its own; returns the number of assertions that passed."""
    with Served(case.fault, throttled=True) as served:
        said = must_pass(
            [node_program("httpyac"), "send", file, "--all", "--output", "short", "--output-failed", "exchange",
             "--no-color", "--var", f"host={served.url}"],
            f"http-{file.stem}", cwd=FOLDER, env={**quietly(), "BRMS": BRMS, "BRMS_DATABASE": str(served.database)})
    demanded = file.read_text(encoding="utf-8").count("\n?? ")
    met = len(re.findall("^✓ ", said, re.MULTILINE))
    # httpYac skips assertions that it does not understand.
    if met < demanded:
        raise Objection(f"{file.name}: {demanded} assertions, {met} passed\n{said}")
    return met


def judge(case):
    """Every script; all assertions must pass."""
    files = sorted(FOLDER.glob("*.http"))
    met = [played(file, case) for file in files if file.stem in (case.only("files") or [file.stem])]
    return f"{sum(met)} assertions of {len(met)} scripts passed"


def another_status(answer):
    invitation = answer.json
    invitation["status"] = "accepted"
    answer.json = invitation


JUDGES = [
    Judge("http", "the scripts in tests/http, by httpYac", judge, [
        Fault("a re-sent invitation reported as accepted", "status (accepted) == pending",
              answered=answer_of("POST", "/api/users/*/invitation", another_status), where={"files": ["1-inviting"]}),
    ]),
]
