"""What every judge is made of."""

import dataclasses
import subprocess
import time
from typing import Callable

from . import REPORTS
from .faults import Fault


class Objection(Exception):
    """A judge's verdict against the server, in the judge's own words."""


@dataclasses.dataclass(frozen=True)
class Case:
    """What a judge is set on."""

    # Planted between the judge and the server, by a self-test.
    fault: Fault | None = None
    # Of the round of fuzzing that is never the same twice.
    seed: int = 0

    def only(self, what):
        """What the judge may confine itself to, since the planted fault lies there; None: look everywhere."""
        return self.fault.where.get(what) if self.fault else None


@dataclasses.dataclass(frozen=True)
class Judge:
    """A judge. `judge` returns what it saw in a line, or raises an Objection."""

    name: str
    about: str
    judge: Callable[[Case], str]
    faults: list[Fault]


def run(words, report, **options):
    """Runs a judge's program to its end; its exit code and its words, which are kept as a report."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    (REPORTS / f"{report}.txt").write_text(ran.stdout, encoding="utf-8")
    return ran.returncode, ran.stdout


def must_pass(words, report, **options):
    """Runs a judge's program, which objects by its exit code; its words."""
    code, said = run(words, report, **options)
    if code:
        raise Objection(said)
    return said


class Watch:
    """How long something took."""

    def __init__(self):
        self.begun = time.monotonic()

    def __str__(self):
        return f"{time.monotonic() - self.begun:.0f} s"
