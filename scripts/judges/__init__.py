"""The judges of brms: programs that nobody here wrote, set on a running server."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "scripts/judges"
INSTALLED = ROOT / ".judge"
REPORTS = INSTALLED / "reports"
BRMS = os.environ.get("BRMS", str(ROOT / "target/release/brms"))
