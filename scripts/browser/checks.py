"""Results of the checks."""

import sys
import traceback


class Report:
    """Prints each check. Failed checks are counted."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.made = 0
        self.failed = []

    def check(self, name, holds, seen=""):
        """Records a check; `seen` is the actual value."""
        self.made += 1
        if not holds:
            self.failed.append(name)
        self._say(f"  {'ok  ' if holds else 'FAIL'} {name}")
        if not holds and seen != "":
            self._say(f"       seen: {seen}")
        return bool(holds)

    def equal(self, name, found, wanted):
        return self.check(name, found == wanted, f"{found!r}, wanted: {wanted!r}")

    def topic(self, name, run):
        """Runs a topic. It fails if it ends early or checks nothing."""
        self._say(f"\n== {name}")
        before = self.made
        try:
            run()
        except Exception:
            self.check(f"{name} runs to its end", False, traceback.format_exc())
        if self.made == before:
            self.check(f"{name} checks something", False)

    def exit_code(self):
        return 0 if self.made and not self.failed else 1

    def _say(self, line):
        print(line, file=self.out, flush=True)
