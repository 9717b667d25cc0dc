"""FR-53: names with encoded words, read by Python's email and by npm's mailparser as they were typed."""

import email
import email.header
import email.utils
import json
import subprocess

from brms_server import ROOT

# The server separates what a mail program would turn into a link. These names contain nothing of that kind.
NAMES = [
    "=?utf-8?q?x?=",
    # Full stops where RFC 5322 has none in a phrase.
    ".a", "..", "a.",
    "=?utf-8?Q?=1B]0=3Bpwned=07=0D=0ABcc=3A_x?= Ltd",
    "Söhne =?utf-8?b?4oCu?= & Co",
    "a =?us-ascii?q?b?= =?us-ascii?q?c?=",
    "=?utf-8?q?" + "=E2=80=AE" * 9 + "?=",
    "plain, \"quoted\" and (bracketed)",
]
READ = ROOT / "scripts/browser/read-mail.mjs"


def run(session):
    server = session.server("parsers")
    for number, name in enumerate(NAMES):
        server.call("PUT", "/api/organisations", {"displayName": name})
        server.call("PUT", "/api/profile", {"firstName": name, "lastName": ""})
        _, mail = server.invite(f"parser{number}@browser.test")
        message = mail.message
        wanted = {"subject": f"You are invited to join {name}", "from": name, "replyTo": name,
                  "replyAddress": "owner@acme.test", "to": f"parser{number}@browser.test"}
        session.equal(f"{name}: by Python's email", {
            "subject": message["Subject"], "from": name_in(mail.raw, "From"), "replyTo": name_in(mail.raw, "Reply-To"),
            "replyAddress": message["Reply-To"].addresses[0].addr_spec, "to": message["To"].addresses[0].addr_spec,
        }, wanted)
        read = subprocess.run(["node", READ], input=mail.raw, check=True, capture_output=True, cwd=ROOT / ".browser",
                              env={"PATH": "/usr/bin:/bin:/usr/local/bin", "NODE_PATH": ROOT / ".browser/node_modules"})
        session.equal(f"{name}: by mailparser", json.loads(read.stdout), wanted)
        session.check(f"{name}: the text part has it as typed", name in " ".join(mail.text.split()), mail.text)


def name_in(raw, header):
    """The name beside an address. The newer interface of Python 3.11 puts a blank between two encoded words of a name,
    which RFC 2047 (6.2) does not allow; the older one reads them as one text."""
    name, _ = email.utils.parseaddr(email.message_from_bytes(raw)[header])
    return str(email.header.make_header(email.header.decode_header(name)))
