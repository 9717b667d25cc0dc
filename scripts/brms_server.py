"""How the scripts find brms, start it, wait for what it does, and call its API."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

from example_seed import OWNER_SESSION

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 30

NAMED = os.environ.get("BRMS")
# Nobody measures or judges a debug build unless it is named: as in a shell, on the PATH or by a path from here.
BRMS = os.path.abspath(shutil.which(NAMED) or NAMED) if NAMED else str(ROOT / "target/release/brms")


class Failure(Exception):
    """Why a script cannot go on, in words for whoever runs it."""


def newest_brms():
    """The program that BRMS names, else the newer of the two that cargo makes."""
    if NAMED:
        return BRMS
    built = [path for kind in ("release", "debug") if (path := ROOT / "target" / kind / "brms").exists()]
    if not built:
        sys.exit("there is no built brms; run `cargo build` first, or name one in BRMS")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def environment():
    """This environment without settings of brms, which would be those of somebody else's server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BRMS_")}


def wait_for(what, look, pause_seconds=0.02):
    """The first thing that `look` finds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(pause_seconds)
    raise Failure(f"{what} did not come within {PATIENCE_SECONDS} seconds")


class Server:
    """`brms serve` on a free port, until it is stopped or a block ends. `told` is what stands in its ready file."""

    def __init__(self, brms, ready, *flags, log=None):
        self.brms, self.log = brms, log
        ready.unlink(missing_ok=True)
        command = [brms, "serve", "--listen", "127.0.0.1:0", "--ready-file", ready, *flags]
        with log.open("wb") if log else contextlib.nullcontext() as output:
            self.process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output,
                                            env=environment())
        try:
            # So often that a start of some milliseconds can be measured by it.
            wait_for("the server", lambda: ready.exists() or self.process.poll() is not None, pause_seconds=0.0002)
            if self.process.poll() is not None:
                raise Failure(f"brms did not start: {log.read_text() if log else 'its words are above'}")
        except BaseException:
            self.stop()
            raise
        self.told = json.loads(ready.read_text())
        self.url = self.told["url"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        # Also one that has ended: both do nothing then.
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)

    def call(self, method, path, body=None):
        """A call of the API as the owner of the example seed's organisation, which must go well; the answer's JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": OWNER_SESSION} | ({} if data is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failure(f"{method} {path}: {error.code} {error.read().decode()}") from error
