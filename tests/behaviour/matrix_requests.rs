//! One valid request for each operation: it refers to existing objects in a suitable state, so that the response
//! depends on the caller alone.

use brms::generated::api::Operation;
use brms::generated::router::ROUTES;
use serde_json::{Value, json};

use crate::support::{Call, TestServer, seed};

/// Objects of acme besides those of the seed. An object that one request consumes is used by no other request.
pub struct Things {
    /// A deleted project.
    pub gone: String,
    /// An empty group of pricing.
    pub group: String,
    /// The reader's membership in pricing.
    pub member: String,
    pub role: String,
    pub audit_log: String,
    /// Tokens of the caller's user: to read, to delete, to regenerate.
    pub own_tokens: [String; 3],
    /// The same of the seed's service account.
    pub service_tokens: [String; 3],
}

/// A request.
pub struct Request {
    pub method: &'static str,
    /// With parameter names in braces.
    pub template: &'static str,
    pub path: String,
    pub body: Option<Value>,
}

impl Request {
    pub fn of(operation: Operation, things: &Things) -> Self {
        let route = ROUTES.iter().find(|route| route.target == operation).expect("a route");
        let fill = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(parameter) => named(operation, parameter, things).to_owned(),
            None => segment.to_owned(),
        };
        let segments: Vec<String> = route.path.split('/').map(fill).collect();
        let (path, body) = (segments.join("/"), body(operation));
        Self { method: route.method, template: route.path, path, body }
    }

    pub fn call(&self, server: &TestServer) -> Call {
        let call = server.call(self.method, &self.path);
        if let Some(body) = &self.body { call.json(body) } else { call }
    }
}

/// The value of a path parameter.
fn named<'a>(operation: Operation, parameter: &str, things: &'a Things) -> &'a str {
    let [own_shown, own_deleted, own_renewed] = &things.own_tokens;
    let [shown, deleted, renewed] = &things.service_tokens;
    match (parameter, operation) {
        ("projectId", Operation::RestoreProject) => &things.gone,
        ("projectId", _) => seed::PRICING,
        ("groupId", Operation::DeleteGroup) => &things.group,
        ("groupId", _) => seed::EDITORS,
        ("memberId", _) => &things.member,
        ("roleId", _) => &things.role,
        ("auditLogId", _) => &things.audit_log,
        ("userId", Operation::UpdateUser) => seed::OTTO,
        ("userId", Operation::SendUserInvitation) => seed::IAN,
        ("userId", _) => seed::ROBOT,
        ("patId", Operation::GetPersonalAccessToken) => own_shown,
        ("patId", Operation::DeletePersonalAccessToken) => own_deleted,
        ("patId", Operation::RegeneratePersonalAccessToken) => own_renewed,
        ("patId", Operation::GetServiceAccountToken) => shown,
        ("patId", Operation::DeleteServiceAccountToken) => deleted,
        ("patId", Operation::RegenerateServiceAccountToken) => renewed,
        _ => panic!("no value for {parameter} of {}", operation.id()),
    }
}

/// The smallest body that changes something.
fn body(operation: Operation) -> Option<Value> {
    let body = match operation {
        Operation::HealthCheck
        | Operation::ListAuditLogs
        | Operation::GetAuditLog
        | Operation::ExportAuditLogs
        | Operation::DeleteGroup
        | Operation::JoinProject
        | Operation::GetProject
        | Operation::DeleteProject
        | Operation::ListGroups
        | Operation::ListInvitations
        | Operation::ListMemberUsers
        | Operation::ListMembers
        | Operation::ListPersonalAccessTokens
        | Operation::GetPersonalAccessToken
        | Operation::DeletePersonalAccessToken
        | Operation::ListServiceAccountTokens
        | Operation::GetServiceAccountToken
        | Operation::DeleteServiceAccountToken
        | Operation::ListProjects
        | Operation::GetProjectWithApprovals
        | Operation::RestoreProject
        | Operation::ListRoles
        | Operation::ListUsers
        | Operation::SendUserInvitation => return None,
        Operation::CreateGroup => json!({ "name": "Fresh", "permissions": ["documents"] }),
        Operation::UpdateGroup => json!({ "name": "Editors", "description": "Renewed" }),
        Operation::InviteMembers => json!({ "userIds": [seed::OTTO] }),
        Operation::UpdateMember => json!({ "groupIds": [] }),
        Operation::UpdateOrganisation => json!({ "displayName": "Renewed" }),
        Operation::CreatePersonalAccessToken | Operation::CreateServiceAccountToken => {
            json!({ "note": "fresh", "allProjects": false, "expiry": "week" })
        }
        Operation::RegeneratePersonalAccessToken | Operation::RegenerateServiceAccountToken => {
            json!({ "expiry": "week" })
        }
        Operation::UpdateUserProfile => json!({ "firstName": "Re", "lastName": "Newed" }),
        Operation::CreateProject => json!({ "name": "Fresh", "key": "fresh" }),
        Operation::UpdateProject => json!({ "name": "Renewed" }),
        Operation::UpdateProjectApprovals => json!({ "decisionsApprovalMode": "require_any" }),
        Operation::CreateRole => json!({ "name": "Fresh", "allProjects": false }),
        Operation::UpdateRole => json!({ "name": "Renewed", "allProjects": false }),
        Operation::CreateServiceAccount => json!({ "email": "fresh-robot@example.test" }),
        Operation::InviteUsers => json!({ "emails": ["fresh@example.test"] }),
        Operation::UpdateUser => json!({ "firstName": "Renewed" }),
    };
    Some(body)
}
