"""A server with its own database for the duration of a block, its command line, and calls of its API."""

import contextlib
import json
import pathlib
import subprocess
import tempfile
import urllib.request

from brms_server import BRMS, Server, environment
from example_seed import SEED

from .faults import Faulty

# Judges send the same invitation repeatedly, beyond the default limits.
THROTTLES_OFF = ["--invitation-sends-max", "1000000", "--inviter-sends-max", "1000000"]


class Served:
    """brms with the example seed. `url` is the address for judges, possibly through a fault; `call` bypasses the fault."""

    def __init__(self, fault=None, throttled=False):
        self.fault = fault
        self.flags = [] if throttled else THROTTLES_OFF

    def __enter__(self):
        with contextlib.ExitStack() as ends:
            self.folder = pathlib.Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="brms-judge-")))
            self.database = self.folder / "judged.db"
            server = ends.enter_context(
                Server(BRMS, self.folder / "ready.json", "--database", self.database, "--seed", SEED, "--log", "warn",
                       *self.flags, log=self.folder / "log"))
            self.url, self.call = server.url, server.call
            if self.fault:
                self.url = ends.enter_context(Faulty(self.fault, server.url)).url
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *_):
        self._ends.close()

    def command(self, *words):
        """Runs a command of brms on the server's database and returns its output."""
        ran = subprocess.run([BRMS, *words, "--database", self.database], env=environment(), check=True,
                             capture_output=True, text=True)
        return ran.stdout

    def description(self):
        """The served description, as judges see it."""
        with urllib.request.urlopen(f"{self.url}/openapi.json") as answer:
            return json.load(answer)
