"""The judges of brms: programs that nobody here wrote, set on a running server."""

from brms_server import ROOT

HERE = ROOT / "scripts/judges"
INSTALLED = ROOT / ".judge"
REPORTS = INSTALLED / "reports"
