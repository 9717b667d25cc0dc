"""Prism as a validating proxy between the project's own HTTP tests and the servers they start.

The tests' client takes the proxy from the environment, as programs do, so that tests/behaviour runs as it is; what it
says over a TCP connection of its own does not come by here. between.mjs puts Prism into the way of each request.
"""

import collections
import contextlib
import json
import os
import subprocess
import urllib.error
import urllib.request

from brms_server import ROOT, environment
from example_seed import OWNER_SESSION, PRICING

from . import HERE, INSTALLED, REPORTS
from .base import Judge, Objection, run
from .faults import Fault, answer_of, without_an_id
from .judging_copy import judging_copy, operations
from .served import Served
from .stage import BODIES, Stage

# Tests with a method word, BREW, that Node's HTTP parser, and so Prism, refuses to read.
BEYOND_PRISM = [
    "accepting::what_is_neither_form_nor_json_too_long_or_another_method_is_refused",
    "hints::fr_40_a_path_that_is_nearly_right_is_told_the_right_one",
    "hints::fr_43_what_only_the_vendor_has_is_501_before_credentials_and_for_any_method",
    "requests::a_method_that_is_not_described_is_405_and_names_those_that_are",
    "requests::a_path_that_is_not_described_is_not_there_for_anybody",
    "requests::of_two_faults_the_earlier_in_the_order_is_told",
]
SHOWN_MAX = 20


@contextlib.contextmanager
def between(description, exchanges):
    """Prism in the way, at the address given; afterwards every exchange stands in the file."""
    copy = REPORTS / "prism-description.json"
    copy.write_text(json.dumps(description))
    process = subprocess.Popen(["node", HERE / "between.mjs", copy, exchanges], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env={**os.environ, "JUDGE_MODULES": str(INSTALLED / "node")})
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("Prism does not start")
        yield address
    finally:
        process.stdin.close()
        process.wait()


def own_tests(proxy):
    """The behaviour tests with Prism in the way."""
    skipped = [word for test in BEYOND_PRISM for word in ("--skip", test)]
    code, said = run(["cargo", "test", "--test", "behaviour", "--", "--quiet", *skipped], "prism-tests", cwd=ROOT,
                     env={**environment(), "http_proxy": proxy})
    if code:
        raise Objection(said)


def one_request(proxy, served, case):
    """A request instead of all tests, to a server with a fault."""
    body = case.only("body") or json.dumps(BODIES["inviteMembers"])
    request = urllib.request.Request(f"{served.url}/api/projects/{PRICING}/members", method="POST", data=body.encode())
    request.add_header("Authorization", OWNER_SESSION)
    request.add_header("Content-Type", "application/json")
    request.set_proxy(proxy.removeprefix("http://"), "http")
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request).read()


def is_false_alarm(exchange, found):
    """What Prism says and is not so."""
    place = found["location"]
    # A path that the description does not know, such as the page of an invitation. Of /api it knows all.
    if not exchange["isDescribed"]:
        return not exchange["path"].startswith("/api/") or exchange["method"] == "HEAD"
    # Operations without a body ignore one, by our own rule.
    if found["message"].startswith("No supported content types"):
        return place == ["request"]
    # What a test ordered with /_test/fail may be any status.
    if found["message"].startswith("Unable to match the returned status code"):
        return exchange.get("problem") == "urn:brms:problem:injected"
    # Prism's addresses have no quotes and no domain without a dot (owner@localhost), which RFC 5321 knows, and no
    # letters beyond ASCII, which are a rule of our own.
    if found["message"].endswith('must match format "email"'):
        local, at, domain = found["value"].rpartition("@")
        return bool(at) and (local.startswith('"') or "." not in domain or not found["value"].isascii())
    # Prism does not mind the letter case of a parameter's name; the description and the server do.
    if place[:2] == ["request", "query"]:
        names = [pair.split("=")[0] for pair in exchange["query"].lstrip("?").split("&")]
        return place[2] not in names
    return False


def violations(exchanges):
    for exchange in exchanges:
        if "broken" in exchange:
            yield f"{exchange['method']} {exchange['path']}: {exchange['broken']}"
            continue
        for found in exchange["found"]:
            if not is_false_alarm(exchange, found):
                place = ".".join(found["location"])
                yield (f"{exchange['method']} {exchange['path']}{exchange['query']} answered {exchange['status']}: "
                       f"{place}: {found['message']}")


def unseen_operations(description, exchanges):
    """The operations of which no good answer came by."""
    good = {(exchange["method"], exchange["path"]) for exchange in exchanges if exchange.get("status") == 200}

    def fits(template, path):
        pairs = list(zip(template.split("/"), path.split("/")))
        return template.count("/") == path.count("/") and all(a == b or a.startswith("{") for a, b in pairs)

    for label, _ in operations(description):
        method, template = label.split(" ")
        if not any(method == given and fits(template, path) for given, path in good):
            yield label


def judge(case):
    """The tests must pass, and no exchange may violate the description, in a success of every operation."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    file = REPORTS / "prism-exchanges.jsonl"
    with Served(case.fault) as served:
        description = judging_copy(served.description(), Stage(served))
        with between(description, file) as proxy:
            if case.fault:
                one_request(proxy, served, case)
            else:
                own_tests(proxy)
    exchanges = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = list(violations(exchanges))
    if found:
        more = [f"and {len(found) - SHOWN_MAX} more"] if len(found) > SHOWN_MAX else []
        raise Objection("\n".join(found[:SHOWN_MAX] + more))
    unseen = [] if case.fault else list(unseen_operations(description, exchanges))
    if unseen:
        raise Objection(f"no good answer came by of {', '.join(unseen)}")
    held = [exchange for exchange in exchanges if exchange["isDescribed"]]
    statuses = collections.Counter(exchange["status"] for exchange in held)
    shown = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
    return (f"{len(held)} exchanges of the behaviour tests, without violation: {shown}; "
            f"{len(exchanges) - len(held)} more at paths that the description does not know")


def a_number_for_an_id(answer):
    members = answer.json
    for member in members:
        member["projectId"] = 7
    answer.json = members


def created(answer):
    answer.status = 201


def swallow(_, answer):
    if answer.status == 400:
        answer.status, answer.body, answer.headers = 200, b"[]", {"content-type": "application/json"}


MEMBERS = ("POST", "/api/projects/*/members")
JUDGES = [
    Judge("prism", "every exchange of the behaviour tests, by Prism in between", judge, [
        Fault("a number where an id is described", "response.body.0.projectId",
              answered=answer_of(*MEMBERS, a_number_for_an_id)),
        Fault("an answer without a required field", "must have required property 'id'",
              answered=answer_of(*MEMBERS, without_an_id)),
        Fault("a status that is not described", "Unable to match the returned status code",
              answered=answer_of(*MEMBERS, created)),
        Fault("a bad request that is accepted", "request.body", answered=swallow, where={"body": '{"owner": 7}'}),
        Fault("half a document that is accepted", "is no JSON, and was taken", answered=swallow,
              where={"body": '{"userIds": ['}),
    ]),
]
