"""Helpers of the scripts: find brms, start it, wait for events, and call its API."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from example_seed import OWNER_SESSION

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 30

NAMED = os.environ.get("BRMS")
# A release build, unless BRMS names another program: on the PATH or by a relative path, as in a shell.
BRMS = os.path.abspath(shutil.which(NAMED) or NAMED) if NAMED else str(ROOT / "target/release/brms")


class Failure(Exception):
    """An error message for the user of a script."""


def newest_brms():
    """The program in BRMS, or else the newer of the release and debug builds."""
    if NAMED:
        return BRMS
    built = [path for kind in ("release", "debug") if (path := ROOT / "target" / kind / "brms").exists()]
    if not built:
        sys.exit("brms is not built; run `cargo build` first, or name one in BRMS")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def environment():
    """The environment without settings of brms, which may belong to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BRMS_")}


def free_port():
    """A port of loopback that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, look, pause_seconds=0.02):
    """Polls `look` until it returns something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(pause_seconds)
    raise Failure(f"{what} did not happen within {PATIENCE_SECONDS} seconds")


class Server:
    """`brms serve` on a free port, until it is stopped or a block ends. `told` is the content of its ready file."""

    def __init__(self, brms, ready, *flags, log=None):
        self.brms, self.log = brms, log
        ready.unlink(missing_ok=True)
        command = [brms, "serve", "--listen", "127.0.0.1:0", "--ready-file", ready, *flags]
        with log.open("wb") if log else contextlib.nullcontext() as output:
            self.process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output,
                                            env=environment())
        try:
            # Short enough to measure a start of some milliseconds.
            wait_for("the server", lambda: ready.exists() or self.process.poll() is not None, pause_seconds=0.0002)
            if self.process.poll() is not None:
                raise Failure(f"brms did not start: {log.read_text() if log else 'see its output above'}")
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
        # No effect if the process has ended.
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)

    def call(self, method, path, body=None):
        """Calls the API as the owner of the example seed's organisation, and returns the JSON of the response. Fails on errors."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": OWNER_SESSION} | ({} if data is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failure(f"{method} {path}: {error.code} {error.read().decode()}") from error
