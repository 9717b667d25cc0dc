"""Prism as a validating proxy between the project's own HTTP tests and the servers they start.

The tests' client takes the proxy from the environment, as programs do, so that tests/behaviour runs as it is; what it
says over a TCP connection of its own does not come by here. between.mjs puts Prism into the way of each request.
"""

import collections
import contextlib
import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
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
    "accepting::other_content_types_methods_and_long_bodies_are_rejected",
    "hints::fr_40_an_almost_correct_path_gets_a_hint",
    "hints::fr_43_a_path_only_the_vendor_has_is_501_before_authentication_and_for_any_method",
    "requests::an_undescribed_method_is_405_and_names_the_described_ones",
    "requests::an_undescribed_path_is_404_for_everyone",
    "requests::of_two_errors_the_one_that_takes_precedence_is_reported",
    # Prism adds headers that let pages of other origins read an answer, and answers preflight requests by itself.
    "as_sent::a_page_of_another_origin_reads_no_answer_and_no_answer_sets_a_cookie",
    "cross_origin::",
    # They ask the listener for metrics, which has other answers.
    "metrics::",
    # Node leaves out a `?` without anything after it.
    "idempotency::a_key_belongs_to_one_request",
]
# Tests of files, processes and mail. They take most of the time, and their few exchanges are like those of the others.
BESIDE_THE_ANSWERS = [
    "backups::", "checks::", "compacting::", "delivery", "failing_calls::", "file_changes::", "file_names::", "idempotency_killed::",
    "kills::", "log_changes::", "machine_limits::", "mail_server::", "planted_texts::", "read_errors::", "readiness::", "restoring::",
    "retention::", "schemas::", "search_index::", "starting::", "staying_alive::", "testing_ephemeral::",
]
SHOWN_MAX = 20
# What the server takes beyond its description, as brms.json has it: docs/description.md.
A_TIME = r"\d{4}-\d\d-\d\d[Tt].*"
ANOTHER_SPELLING = "True|TRUE|False|FALSE"
BEYOND_DESCRIPTION = {"fromDate": A_TIME, "toDate": A_TIME, "all": ANOTHER_SPELLING, "deleted": ANOTHER_SPELLING}


@contextlib.contextmanager
def between(description, exchanges):
    """Prism as a proxy, at the returned address; afterwards the file contains every exchange."""
    copy = REPORTS / "prism-description.json"
    copy.write_text(json.dumps(description))
    process = subprocess.Popen(["node", HERE / "between.mjs", copy, exchanges], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env={**os.environ, "JUDGE_MODULES": str(INSTALLED / "node")})
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("Prism did not start")
        yield address
    finally:
        process.stdin.close()
        process.wait()


def own_tests(proxy):
    """Runs the behaviour tests through Prism."""
    skipped = [word for test in BEYOND_PRISM + BESIDE_THE_ANSWERS for word in ("--skip", test)]
    code, said = run(["cargo", "test", "--test", "behaviour", "--", "--quiet", *skipped], "prism-tests", cwd=ROOT,
                     env={**environment(), "http_proxy": proxy})
    if code:
        raise Objection(said)


def one_request(proxy, served, case):
    """Sends one request instead of all tests, to a server with a fault."""
    body = case.only("body") or json.dumps(BODIES["inviteMembers"])
    request = urllib.request.Request(f"{served.url}/api/projects/{PRICING}/members", method="POST", data=body.encode())
    request.add_header("Authorization", OWNER_SESSION)
    request.add_header("Content-Type", "application/json")
    request.set_proxy(proxy.removeprefix("http://"), "http")
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request).read()


def is_false_alarm(exchange, found):
    """Whether a finding of Prism is a false positive."""
    place = found["location"]
    # A path outside the description, such as the invitation page. All of /api is described.
    if not exchange["isDescribed"]:
        return not exchange["path"].startswith("/api/") or exchange["method"] == "HEAD"
    # Our operations without a body ignore one.
    if found["message"].startswith("No supported content types"):
        return place == ["request"]
    # Faults injected with /_test/fail may have any status.
    if found["message"].startswith("Unable to match the returned status code"):
        return exchange.get("problem") == "urn:brms:problem:injected"
    # Prism's addresses have no quotes and no domain without a dot (owner@localhost), which RFC 5321 knows, and no
    # letters beyond ASCII, which are a rule of our own.
    if found["message"].endswith('must match format "email"'):
        local, at, domain = found["value"].rpartition("@")
        return bool(at) and (local.startswith('"') or "." not in domain or not found["value"].isascii())
    if place == ["request", "body", "version"]:
        return found["value"] is None
    if place[:2] == ["request", "query"] and place[2] in BEYOND_DESCRIPTION:
        values = urllib.parse.parse_qs(exchange["query"].lstrip("?")).get(place[2], [])
        if values and all(re.fullmatch(BEYOND_DESCRIPTION[place[2]], value) for value in values):
            return True
    # Prism ignores the case of parameter names; the description and the server do not.
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
    """The operations without a successful response."""
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
        raise Objection(f"no successful response of {', '.join(unseen)}")
    held = [exchange for exchange in exchanges if exchange["isDescribed"]]
    statuses = collections.Counter(exchange["status"] for exchange in held)
    shown = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
    return (f"{len(held)} exchanges of the behaviour tests, without violation: {shown}; "
            f"{len(exchanges) - len(held)} more at paths outside the description")


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
    Judge("prism", "every exchange of the behaviour tests, by Prism as a proxy", judge, [
        Fault("a number instead of an id", "response.body.0.projectId",
              answered=answer_of(*MEMBERS, a_number_for_an_id)),
        Fault("a response without a required field", "must have required property 'id'",
              answered=answer_of(*MEMBERS, without_an_id)),
        Fault("an undescribed status", "Unable to match the returned status code",
              answered=answer_of(*MEMBERS, created)),
        Fault("an invalid request that is accepted", "request.body", answered=swallow, where={"body": '{"owner": 7}'}),
        Fault("a truncated document that is accepted", "is no JSON, and was accepted", answered=swallow,
              where={"body": '{"userIds": ['}),
    ]),
]
