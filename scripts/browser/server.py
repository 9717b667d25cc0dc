"""A brms server with a database of its own, and its delivered mails."""

import datetime
import email
import email.policy
import re
import subprocess

from brms_server import Server, environment, newest_brms, wait_for
from example_seed import SEED


class Mail:
    """An invitation mail, parsed by Python's standard library."""

    def __init__(self, raw):
        self.raw = raw
        self.message = email.message_from_bytes(raw, policy=email.policy.default)
        self.kinds = [part.get_content_type() for part in self.message.walk()]
        self.text = self.message.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.html = self.message.get_body(("html",)).get_content()
        self.link = re.search(r"^https?://\S+$", self.text, re.MULTILINE).group()
        self.code = self.link.partition("#")[2]


class InvitingServer(Server):
    """A server seeded with the example, its invitations, and their mails."""

    def __init__(self, folder, name, *arguments):
        self.database = folder / f"{name}.db"
        super().__init__(newest_brms(), folder / f"{name}.ready", "--database", self.database, "--seed", SEED,
                         "--invitation-sends-max", "1000", *arguments, log=folder / f"{name}.log")
        # The base URL of links in mails.
        self.url = self.url.replace("127.0.0.1", "localhost")
        self.page = f"{self.url}/invitations/accept"

    def invite(self, address):
        """Invites a new user; returns the invitation and the mail."""
        [invitation] = self.call("POST", "/api/users", {"emails": [address]})
        return invitation, self.mails(address, 1)[0]

    def send_again(self, invitation, count):
        """Sends an invitation again; returns the newest mail once there are `count`."""
        self.call("POST", f"/api/users/{invitation['userId']}/invitation")
        return self.mails(invitation["email"], count)[-1]

    def mails(self, address, count):
        """The mails to an address once there are this many, oldest first."""
        def delivered():
            lines = [line.split() for line in self._mailbox("list").decode().splitlines()]
            ids = [line[0] for line in lines if len(line) > 3 and line[1] == "delivered" and line[3] == address]
            return (ids,) if len(ids) >= count else None
        return [Mail(self._mailbox("show", "--raw", mail)) for mail in wait_for("the mail", delivered)[0]]

    def codes(self, address, count):
        """The codes of the mails for signing in to an address once there are this many, oldest first."""
        def found():
            codes = [mail.code for mail in self.mails(address, 0) if "/sign-in#" in mail.link]
            return (codes,) if len(codes) >= count else None
        return wait_for("the mail with a code", found)[0]

    def _mailbox(self, *arguments):
        command = [self.brms, "mailbox", arguments[0], "--database", self.database, *arguments[1:]]
        return subprocess.run(command, check=True, capture_output=True, env=environment()).stdout

    def user(self, address):
        """A user as the API shows them."""
        return next(user for user in self.everything()["users"] if user["email"] == address)

    def ended(self, address):
        """Whether the invitation of an address has expired, by the system clock."""
        invitation = next(each for each in self.everything()["invitations"] if each["email"] == address)
        end = datetime.datetime.fromisoformat(invitation["expiresAt"].replace("Z", "+00:00"))
        return datetime.datetime.now(datetime.timezone.utc) > end

    def everything(self):
        """All data that viewing a page could have changed."""
        return {noun: self.call("GET", f"/api/{noun}?perPage=500")["results"]
                for noun in ("users", "invitations", "audit-logs")}
