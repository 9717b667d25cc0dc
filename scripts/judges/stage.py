"""The objects that every operation needs to succeed: created through the API, used as examples."""

from example_seed import EDITORS, IAN, IVY, NINA, OTTO, PRICING, ROBOT

# The number of objects of a kind that requests consume.
SPARE = 8

TOKEN = {"note": "made for a judge", "allProjects": True, "expiry": "week", "permissions": ["documents"]}

# A valid body for each operation that has one.
BODIES = {
    "inviteUsers": {"emails": ["fresh@acme.test"]},
    "createServiceAccount": {"email": "fresh-robot@acme.test", "type": "member"},
    "createServiceAccountToken": TOKEN,
    "regenerateServiceAccountToken": {"expiry": "month"},
    "updateUser": {"firstName": "Re", "lastName": "Newed"},
    "createPersonalAccessToken": TOKEN,
    "regeneratePersonalAccessToken": {"expiry": "month"},
    "updateUserProfile": {"firstName": "Olga", "lastName": "Renewed"},
    "updateOrganisation": {"displayName": "Acme renewed", "preferences": {"theme": "dark"}},
    "createRole": {"name": "Fresh", "allProjects": False, "projectPermissions": ["documents"], "users": [NINA],
                   "projects": [PRICING]},
    "updateRole": {"name": "Renewed", "allProjects": True, "projectPermissions": ["releases"], "users": [OTTO]},
    "createProject": {"name": "Fresh", "key": "fresh", "copyContentRef": PRICING},
    "updateProject": {"name": "Renewed", "protected": False},
    "updateProjectApprovals": {"decisionsApprovalMode": "require_any", "decisionsApprovalGroups": [EDITORS]},
    "inviteMembers": {"userIds": [NINA, OTTO], "groupIds": [EDITORS]},
    "updateMember": {"groupIds": [EDITORS], "owner": False},
    "createGroup": {"name": "Fresh", "permissions": ["documents:full"]},
    "updateGroup": {"name": "Renewed", "description": "By a judge", "permissions": ["documents"]},
}


class Stage:
    """A served seed with additional objects."""

    def __init__(self, served):
        self._served = served
        robots_tokens = f"/api/users/service/{ROBOT}/personal-access-tokens"
        self._own_tokens = [self._made("/api/personal-access-tokens", TOKEN) for _ in range(SPARE)]
        self._service_tokens = [self._made(robots_tokens, TOKEN) for _ in range(SPARE)]
        self._roles = [self._made("/api/roles", {"name": f"Role {n}", "allProjects": False}) for n in range(2)]
        self._projects = [self._project(number) for number in range(SPARE)]
        self._groups = [self._made(f"/api/projects/{PRICING}/groups", {"name": f"Spare {n}"}) for n in range(SPARE)]
        self._deleted_projects = [self._deleted_project(number) for number in range(SPARE)]
        members = served.call("GET", f"/api/projects/{PRICING}/members")["results"]
        self._members = [member["id"] for member in members if not member["owner"]]
        self._audit_logs = [row["id"] for row in served.call("GET", "/api/audit-logs")["results"]]

    def values(self, parameter, operation):
        """Valid values of a path parameter of an operation."""
        match parameter, operation:
            case "projectId", "restoreProject":
                return self._deleted_projects
            case "projectId", "deleteProject":
                return self._projects
            case "projectId", _:
                return [PRICING]
            case "groupId", "deleteGroup":
                return self._groups
            case "groupId", _:
                return [EDITORS]
            case "memberId", _:
                return self._members
            case "roleId", _:
                return self._roles
            case "auditLogId", _:
                return self._audit_logs
            case "userId", "sendUserInvitation":
                return [IVY, IAN]
            case "userId", "updateUser":
                return [NINA, OTTO]
            case "userId", _:
                return [ROBOT]
            case "patId", _:
                return self._service_tokens if "ServiceAccount" in operation else self._own_tokens
        raise KeyError(f"no value for {parameter} of {operation}")

    def _made(self, path, body):
        return self._served.call("POST", path, body)["id"]

    def _project(self, number):
        body = {"name": f"Spare {number}", "key": f"spare-{number}"}
        return self._served.call("POST", "/api/projects", body)["project"]["id"]

    def _deleted_project(self, number):
        project = self._project(SPARE + number)
        self._served.command("project", "delete", project)
        return project
