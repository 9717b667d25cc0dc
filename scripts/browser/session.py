"""The context of a topic: a report, a browser, a server, and checks for every page."""

import contextlib

from brms_server import ROOT
from chrome import Browser
from server import InvitingServer

FOLDER = ROOT / "target/browser-test"
SCHEMES = ("light", "dark")
WIDTHS = (320, 600)


class Session:
    """Starts browsers and servers on first use, and stops all of them."""

    def __init__(self, report):
        self.report = report
        self.check, self.equal = report.check, report.equal
        self._ends = contextlib.ExitStack()
        self._servers, self._browsers = {}, {}

    def server(self, name="server", *arguments):
        """The server of this name."""
        if name not in self._servers:
            for old in FOLDER.glob(f"{name}.*"):
                old.unlink()
            self._servers[name] = InvitingServer(FOLDER, name, *arguments)
            self._ends.callback(self._servers[name].stop)
        return self._servers[name]

    def browser(self, scripts=True):
        """The browser, or the one with scripts disabled."""
        if scripts not in self._browsers:
            self._browsers[scripts] = Browser(scripts)
            self._ends.callback(self._browsers[scripts].close)
        return self._browsers[scripts]

    def end(self):
        self._ends.close()

    def page(self, browser, name, home, code=None, status=200, severities=None):
        """Checks the current page: narrow and wide, light and dark.

        `home` is the one server it may speak to, `code` the one that no request may tell, `status` the answer that
        the console may complain of. Of what axe-core finds, the impacts in `severities` count; all without.
        """
        for scheme in SCHEMES:
            for width in WIDTHS:
                browser.look(width, scheme)
                browser.screenshot(FOLDER / f"{name.replace(' ', '-')}-{width}-{scheme}.png")
                self.equal(f"{name}: is {scheme} by preference, {width} px", browser.scheme(), scheme)
                overflow = browser.overflow()
                self.check(f"{name}: nothing to scroll sideways at {width} px, {scheme}", overflow <= 0, f"{overflow} px")
                if not browser.scripts:
                    # axe-core waits by timers, which are off too. It sees the same page where they are on.
                    continue
                found = [each for each in browser.axe() if severities is None or each.split(":")[0] in severities]
                self.equal(f"{name}: axe-core finds nothing at {width} px, {scheme}", found, [])
        self.equal(f"{name}: nothing on the console, no violation of the policy", browser.complaints(status), [])
        self.equal(f"{name}: no request to another host", browser.requests_beyond(home), [])
        if code:
            self.equal(f"{name}: the code is in no URL and no header", browser.requests_telling(code), [])
