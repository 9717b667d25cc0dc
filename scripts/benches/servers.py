"""Servers to measure, on copies of files that are kept for the next run."""

import contextlib
import http.client
import os
import pathlib
import shutil
import subprocess

from brms_server import BRMS, ROOT, Server, environment

FOLDER = ROOT / "target/bench"
SIZES = {
    "small": ["--users", "2000", "--projects", "1000", "--members", "1000", "--audit", "1000"],
    "large": [],
}


def database(name, make=None):
    """The path of a file, which is made if it is not there."""
    path = FOLDER / f"{name}.db"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = make(path) if make else [str(ROOT / "scripts/make-large-database"), str(path), *SIZES[name]]
        subprocess.run(command, check=True, env=environment())
    return path


def resident_mb(server):
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def connect(server):
    return http.client.HTTPConnection(server.url.removeprefix("http://"))


@contextlib.contextmanager
def copied(name, kind="run"):
    """The path of a temporary copy of a file."""
    original = database(name)
    path = original.with_suffix(f".{kind}.db")
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)
    shutil.copy(original, path)
    # Otherwise the disk would still be busy with the copy of the large file when that one is measured.
    os.sync()
    try:
        yield path
    finally:
        path.unlink()


def serving(path, *flags, brms=BRMS):
    return Server(brms, path.with_suffix(".ready"), "--database", path, "--log", "error", *flags)


@contextlib.contextmanager
def serving_copy(name, *flags):
    with copied(name) as path, serving(path, *flags) as server:
        yield server


def in_turn(turn, names):
    """Another one goes first each turn, and all have the same pauses: a server that paused is faster or slower for a while."""
    first = turn % len(names)
    return names[first:] + names[:first]
