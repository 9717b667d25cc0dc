"""What schemathesis must see: a fault for each of its checks, and for our demand of success."""

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
    """An operation that is open: who shows nothing good is taken for the owner."""
    if request.is_for("GET", "/api/users") and request.headers.get("Authorization") != OWNER_SESSION:
        request.headers["Authorization"] = OWNER_SESSION


def see_all(request):
    """One that does not look whose things it shows: who is of another organisation sees the owner's."""
    if request.method == "GET" and request.headers.get("Authorization") == STRANGER_SESSION:
        request.headers["Authorization"] = OWNER_SESSION


def swallow(request, answer):
    """What inviteMembers should refuse it does not, and makes nobody a member."""
    if request.is_for("POST", "/api/projects/*/members") and answer.status == 400:
        answer.status, answer.body = 200, b"[]"
        answer.headers = {"content-type": "application/json"}


class Remembers:
    """A token that was removed goes on being shown."""

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
    """Every good answer of an operation becomes this problem."""
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
    Fault("a number where a text is described", "ST108", where=at("coverage", "listUsers"),
          answered=answer_of("GET", "/api/users", a_number_for_an_address)),
    Fault("a 405 without Allow", "ST204", where=at("coverage", "listRoles"), answered=without_allow),
    Fault("a status that is not described", "ST103", where=at("coverage", "createRole"),
          answered=answer_of("POST", "/api/roles", created)),
    Fault("a content type that is not described", "ST105", where=at("coverage", "listRoles"),
          answered=answer_of("GET", "/api/roles", as_text)),
    Fault("an operation that fails", "ST101", where=at("coverage", "listProjects"),
          answered=answer_of("GET", "/api/projects", broken)),
    Fault("an operation that is open", "ST401", where=at("coverage", "listUsers"), asked=let_in),
    Fault("the things of another organisation", "ST402", asked=see_all,
          where=at("stateful", "createPersonalAccessToken", "getPersonalAccessToken")),
    Fault("a bad request that is accepted", "ST201", where=at("coverage", "inviteMembers"), answered=swallow),
    Fault("a good request that is refused", "ST202", where=at("coverage", "createRole"),
          answered=answer_of("POST", "/api/roles", refused(400, "No."))),
    Fault("a removed token that is still shown", "ST301", answered=Remembers(),
          where=at("stateful", "createPersonalAccessToken", "getPersonalAccessToken", "deletePersonalAccessToken")),
    Fault("a new project that is not there", "ST302", where=at("stateful", "createProject", "getProjectWithApprovals"),
          answered=answer_of("GET", "/api/projects/*/approvals", refused(404, "Not there."))),
    Fault("an operation that never succeeds", "never answered with success", where=at("examples", "getAuditLog"),
          answered=answer_of("GET", "/api/audit-logs/*", refused(404, "Not there."))),
]
