"""Installs the judges, with their pinned versions, under .judge/ (ignored by git). Does nothing if they are installed."""

import hashlib
import shutil
import subprocess
import sys

from brms_server import ROOT, environment

from . import HERE, INSTALLED

NODE_MIN = (20, 19)


def install():
    """Installs everything that the judges need."""
    INSTALLED.mkdir(exist_ok=True)
    once("python", [HERE / "requirements.txt"], install_python)
    once("node", [HERE / "package.json", HERE / "package-lock.json"], install_node)
    # Checks by itself whether everything is installed.
    step([ROOT / "scripts/install-codegen"])


def once(folder, pins, do):
    """Reinstalls unless the installed files are from the same pinned versions."""
    stamp = INSTALLED / f"{folder}.stamp"
    digest = hashlib.sha256(b"".join(pin.read_bytes() for pin in pins)).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"installing {folder} judges under {INSTALLED.name}/", flush=True)
    shutil.rmtree(INSTALLED / folder, ignore_errors=True)
    do(INSTALLED / folder)
    stamp.write_text(digest)


def install_python(folder):
    step([sys.executable, "-m", "venv", folder])
    step([folder / "bin/python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
          "--requirement", HERE / "requirements.txt"])


def install_node(folder):
    found = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if tuple(int(part) for part in found.lstrip("v").split(".")[:2]) < NODE_MIN:
        sys.exit(f"node is {found}; the judges need {'.'.join(map(str, NODE_MIN))} or newer")
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    # Install scripts of its packages only send usage statistics.
    step(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"], cwd=folder)


def step(words, **options):
    ran = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         **options)
    if ran.returncode:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{ran.stdout}")


def node_program(name):
    """A program of the installed packages."""
    return INSTALLED / "node/node_modules/.bin" / name


def quietly():
    """The environment, with telemetry and update checks disabled."""
    return {**environment(), "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
