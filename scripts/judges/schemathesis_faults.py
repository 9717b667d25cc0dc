"""Faults that schemathesis must find: one for each of its checks, and one for our success requirement."""

from example_seed import OWNER_SESSION, STRANGER_SESSION

from .faults import Answer, Fault, answer_of

TOKENS = "/api/personal-access-tokens"


def a_number_for_an_address(answer):
    users = answer.json
    for user in users["results"]:
        user["email"] = 7
    answer.json = users


def without_allow(_, answer):
    if answer.status == 405:
        answer.headers.pop("allow", None)
        answer.headers.pop("Allow", None)


def created(answer):
    answer.status = 201


def as_text(answer):
    answer.headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
    answer.headers["content-type"] = "text/plain"


def broken(answer):
    answer.status = 500


def let_in(request):
    """An operation without authentication: everyone is taken for the owner."""
    if request.is_for("GET", "/api/users") and request.headers.get("Authorization") != OWNER_SESSION:
        request.headers["Authorization"] = OWNER_SESSION


def see_all(request):
    """Missing isolation: a user of another organisation sees the owner's data."""
    if request.method == "GET" and request.headers.get("Authorization") == STRANGER_SESSION:
        request.headers["Authorization"] = OWNER_SESSION


def swallow(request, answer):
    """inviteMembers accepts invalid requests without creating members."""
    if request.is_for("POST", "/api/projects/*/members") and answer.status == 400:
        answer.status, answer.body = 200, b"[]"
        answer.headers = {"content-type": "application/json"}


class Remembers:
    """A deleted token is still returned."""

    def __init__(self):
        self.shown = {}

    def __call__(self, request, answer):
        if request.is_for("GET", f"{TOKENS}/*"):
            if answer.status == 200:
                self.shown[request.path] = answer.body
            elif answer.status == 404 and request.path in self.shown:
                answer.status, answer.body = 200, self.shown[request.path]
                answer.headers = {"content-type": "application/json"}
        if request.is_for("DELETE", f"{TOKENS}/*") and answer.status == 200:
            self.shown.setdefault(request.path, answer.body)


def refused(status, words):
    """Every successful response of an operation becomes this problem."""
    def change(answer: Answer):
        answer.status = status
        answer.headers["content-type"] = "application/problem+json"
        answer.json = {"type": "urn:brms:problem:planted", "title": words, "status": status, "detail": words,
                       "message": words, "error": words, "statusCode": status,
                       "instance": "urn:uuid:0190a000-0000-7000-8000-00000000dead"}
    return change


def at(phase, *operations):
    return {"phase": phase, "operations": operations}


FAULTS = [
    Fault("a number instead of a string", "ST108", where=at("coverage", "listUsers"),
          answered=answer_of("GET", "/api/users", a_number_for_an_address)),
    Fault("a 405 without Allow", "ST204", where=at("coverage", "listRoles"), answered=without_allow),
    Fault("an undescribed status", "ST103", where=at("coverage", "createRole"),
          answered=answer_of("POST", "/api/roles", created)),
    Fault("an undescribed content type", "ST105", where=at("coverage", "listRoles"),
          answered=answer_of("GET", "/api/roles", as_text)),
    Fault("an operation that fails", "ST101", where=at("coverage", "listProjects"),
          answered=answer_of("GET", "/api/projects", broken)),
    Fault("an operation without authentication", "ST401", where=at("coverage", "listUsers"), asked=let_in),
    Fault("data of another organisation", "ST402", asked=see_all,
          where=at("stateful", "createPersonalAccessToken", "getPersonalAccessToken")),
    Fault("an invalid request that is accepted", "ST201", where=at("coverage", "inviteMembers"), answered=swallow),
    Fault("a valid request that is rejected", "ST202", where=at("coverage", "createRole"),
          answered=answer_of("POST", "/api/roles", refused(400, "No."))),
    Fault("a deleted token that is still returned", "ST301", answered=Remembers(),
          where=at("stateful", "createPersonalAccessToken", "getPersonalAccessToken", "deletePersonalAccessToken")),
    Fault("a new project that does not exist", "ST302", where=at("stateful", "createProject", "getProjectWithApprovals"),
          answered=answer_of("GET", "/api/projects/*/approvals", refused(404, "Not there."))),
    Fault("an operation that never succeeds", "never answered with success", where=at("examples", "getAuditLog"),
          answered=answer_of("GET", "/api/audit-logs/*", refused(404, "Not there."))),
]
