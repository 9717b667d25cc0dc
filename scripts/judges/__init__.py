"""The judges of brms: third-party tools, run against a server."""

from brms_server import ROOT

HERE = ROOT / "scripts/judges"
INSTALLED = ROOT / ".judge"
REPORTS = INSTALLED / "reports"
