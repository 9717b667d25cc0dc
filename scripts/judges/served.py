"""A server on a file of its own, for as long as a block runs; its command line; its API, by hand."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from example_seed import OWNER_SESSION, SEED

from . import BRMS
from .faults import Faulty

START_SECONDS = 20

# Nobody is told to wait while judges send the same invitation again and again.
THROTTLES_OFF = ["--invitation-sends-max", "1000000", "--inviter-sends-max", "1000000"]


class Served:
    """brms with the example seed, on a free port. `url` is where judges find it, perhaps behind a fault;
    `direct` is where it really answers."""

    def __init__(self, fault=None, throttled=False):
        self.fault = fault
        self.flags = [] if throttled else THROTTLES_OFF

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="brms-judge-"))
        ready = self.folder / "ready.json"
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [BRMS, "serve", "--listen", "127.0.0.1:0", "--database", self.database, "--seed", SEED,
             "--ready-file", ready, "--log", "warn", *self.flags],
            stdout=subprocess.DEVNULL, stderr=self.log, env=environment())
        end = time.monotonic() + START_SECONDS
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"brms does not start: {self.logged()}")
            time.sleep(0.01)
        self.direct = self.url = json.loads(ready.read_text())["url"]
        if self.fault:
            self.proxy = Faulty(self.fault, self.direct).__enter__()
            self.url = self.proxy.url
        return self

    def __exit__(self, *_):
        if self.fault:
            self.proxy.__exit__()
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    @property
    def database(self):
        return self.folder / "judged.db"

    def logged(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def command(self, *words):
        """Runs a command of brms on the server's file and returns what it prints."""
        ran = subprocess.run([BRMS, *words, "--database", self.database], env=environment(), check=True,
                             capture_output=True, text=True)
        return ran.stdout

    def call(self, method, path, body=None, authorization=OWNER_SESSION):
        """One request that must go well; what it answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.direct + path, data=data, method=method)
        request.add_header("Authorization", authorization)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def description(self):
        """The served description, as judges find it."""
        with urllib.request.urlopen(f"{self.url}/openapi.json") as answer:
            return json.load(answer)


def environment():
    """This environment without settings of brms, which would be those of somebody else's server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BRMS_")}
