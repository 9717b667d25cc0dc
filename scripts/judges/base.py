"""The parts that all judges share."""

import dataclasses
import subprocess
import time
from typing import Callable

from . import REPORTS
from .faults import Fault


class Objection(Exception):
    """A finding of a judge, in its own words."""


@dataclasses.dataclass(frozen=True)
class Case:
    """The server and description that a judge checks."""

    # Injected between the judge and the server, by a self-test.
    fault: Fault | None = None
    # The random seed of the second fuzzing run.
    seed: int = 0

    def only(self, what):
        """The part that is sufficient to find the injected fault; None: check everything."""
        return self.fault.where.get(what) if self.fault else None


@dataclasses.dataclass(frozen=True)
class Judge:
    """A judge. `judge` returns a summary in one line, or raises an Objection."""

    name: str
    about: str
    judge: Callable[[Case], str]
    faults: list[Fault]
    # Whether it runs only by its name or with --all.
    is_slow: bool = False


def run(words, report, **options):
    """Runs a judge's program to completion; returns its exit code and output, which is kept as a report."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    (REPORTS / f"{report}.txt").write_text(ran.stdout, encoding="utf-8")
    return ran.returncode, ran.stdout


def must_pass(words, report, **options):
    """Runs a judge's program, which reports findings by its exit code; returns its output."""
    code, said = run(words, report, **options)
    if code:
        raise Objection(said)
    return said


class Watch:
    """Measures elapsed time."""

    def __init__(self):
        self.begun = time.monotonic()

    def __str__(self):
        return f"{time.monotonic() - self.begun:.0f} s"
