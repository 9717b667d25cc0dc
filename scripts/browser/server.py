"""A brms server with a database of its own, and the mail it delivered."""

import datetime
import email
import email.policy
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request

from example_seed import OWNER_SESSION, SEED

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 20


def find_brms():
    """The binary named in BRMS, else the newer one of the two that cargo makes."""
    if "BRMS" in os.environ:
        return pathlib.Path(os.environ["BRMS"]).resolve()
    built = [path for path in (ROOT / "target/release/brms", ROOT / "target/debug/brms") if path.exists()]
    if not built:
        raise SystemExit("browser-test: there is no brms yet; run `cargo build`, or name one in BRMS")
    return max(built, key=lambda path: path.stat().st_mtime)


def wait_for(what, look):
    """The first thing that `look` finds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"{what} did not come within {PATIENCE_SECONDS} seconds")


class Mail:
    """An invitation mail, taken apart by Python's own parser."""

    def __init__(self, raw):
        self.message = email.message_from_bytes(raw, policy=email.policy.default)
        self.kinds = [part.get_content_type() for part in self.message.walk()]
        self.text = self.message.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.html = self.message.get_body(("html",)).get_content()
        self.link = re.search(r"^https?://\S+$", self.text, re.MULTILINE).group()
        self.code = self.link.partition("#")[2]


class Server:
    """A running server on a free port, seeded with the example."""

    def __init__(self, folder, name, *arguments):
        self.brms = find_brms()
        self.database = folder / f"{name}.db"
        self.log = folder / f"{name}.log"
        ready = folder / f"{name}.ready"
        # Settings from outside would be other settings than those tested.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("BRMS_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.brms, "serve", "--listen", "127.0.0.1:0", "--database", self.database, "--seed", SEED,
                 "--ready-file", ready, "--invitation-sends-max", "1000", *arguments],
                stdout=log, stderr=log, env=self.environment)
        try:
            wait_for("the server", lambda: ready.exists() or self.process.poll() is not None)
            if self.process.poll() is not None:
                raise RuntimeError(f"brms did not start: {self.log.read_text()}")
        except Exception:
            self.stop()
            raise
        self.url = json.loads(ready.read_text())["url"]
        self.page = f"{self.url}/invitations/accept"

    def stop(self):
        # Also one that has ended: both do nothing then.
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)

    def call(self, method, path, body=None):
        """A call of the API as the organisation's owner; the answer's JSON, or its error."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": OWNER_SESSION} | ({} if data is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def invite(self, address):
        """Invites somebody new; the invitation, and the mail that came."""
        [invitation] = self.call("POST", "/api/users", {"emails": [address]})
        return invitation, self.mails(address, 1)[0]

    def send_again(self, invitation, count):
        """Sends an invitation again; `count` mails have gone to its address then. The newest."""
        self.call("POST", f"/api/users/{invitation['userId']}/invitation")
        return self.mails(invitation["email"], count)[-1]

    def mails(self, address, count):
        """The mails to an address once there are this many, oldest first."""
        def delivered():
            lines = [line.split() for line in self._mailbox("list").decode().splitlines()]
            ids = [line[0] for line in lines if len(line) > 3 and line[1] == "delivered" and line[3] == address]
            return ids if len(ids) >= count else None
        return [Mail(self._mailbox("show", "--raw", mail)) for mail in wait_for("the mail", delivered)]

    def _mailbox(self, *arguments):
        command = [self.brms, "mailbox", arguments[0], "--database", self.database, *arguments[1:]]
        return subprocess.run(command, check=True, capture_output=True, env=self.environment).stdout

    def user(self, address):
        """A user as the API shows them."""
        return next(user for user in self.everything()["users"] if user["email"] == address)

    def ended(self, address):
        """Whether the invitation of an address has come to its end, by the clock that the server uses too."""
        invitation = next(each for each in self.everything()["invitations"] if each["email"] == address)
        end = datetime.datetime.fromisoformat(invitation["expiresAt"].replace("Z", "+00:00"))
        return datetime.datetime.now(datetime.timezone.utc) > end

    def everything(self):
        """All that looking at a page could have changed, as the API shows it."""
        return {noun: self.call("GET", f"/api/{noun}?perPage=500")["results"]
                for noun in ("users", "invitations", "audit-logs")}
