//! The largest request that each operation takes on the organisation of `fill.rs`.

use brms::generated::api::Operation;
use serde_json::{Value, json};

use super::fill::{
    AUDIT_LOG, CLAIMS_GROUP, GROUP, MEMBER, OUTSIDERS, PROJECT, ROBOT_TOKEN, ROLE, ROLES, TOKEN, USER, id,
};
use crate::support::seed;

/// A request, and what becomes of it.
pub struct Largest {
    pub path: String,
    pub body: Option<Value>,
    pub status: u16,
}

impl Largest {
    fn get(path: impl Into<String>) -> Self {
        Self { path: path.into(), body: None, status: 200 }
    }

    fn of(path: impl Into<String>, body: Value) -> Self {
        Self { path: path.into(), body: Some(body), status: 200 }
    }

    fn refused(self) -> Self {
        Self { status: 409, ..self }
    }
}

fn ids(kind: u8, count: u32) -> Vec<String> {
    (1..=count).map(|number| id(kind, number)).collect()
}

fn long(text: &str) -> String {
    text.chars().cycle().take(200).collect()
}

/// File permissions of nearly 16 KiB.
fn files() -> Value {
    json!([{ "effect": "allow", "actions": ["view"], "patterns": "x".repeat(16_200) }])
}

fn token() -> Value {
    json!({ "note": "n".repeat(100), "allProjects": false, "expiry": "week", "projects": ids(PROJECT, 1_000) })
}

fn project(id: &str) -> String {
    format!("/api/projects/{id}")
}

/// The largest requests of an operation, in the order in which they are sent.
pub fn largest(operation: Operation) -> Vec<Largest> {
    let (pricing, claims) = (project(seed::PRICING), project(seed::CLAIMS));
    let own = "/api/personal-access-tokens";
    let robots = format!("/api/users/service/{}/personal-access-tokens", seed::ROBOT);
    let week = json!({ "expiry": "week" });
    let one = match operation {
        Operation::HealthCheck => Largest::get("/api/health"),
        Operation::ListAuditLogs => Largest::get("/api/audit-logs?perPage=500&orderBy=type"),
        Operation::GetAuditLog => Largest::get(format!("/api/audit-logs/{}", id(AUDIT_LOG, 1))),
        Operation::ExportAuditLogs => Largest::get("/api/audit-logs/export"),
        Operation::ListGroups => Largest::get(format!("{pricing}/groups?perPage=500")),
        Operation::ListMembers => Largest::get(format!("{pricing}/members?perPage=500")),
        Operation::ListMemberUsers => Largest::get(format!("{claims}/members/users?perPage=500")),
        Operation::ListInvitations => Largest::get("/api/invitations?perPage=500"),
        Operation::ListPersonalAccessTokens => Largest::get(own),
        Operation::ListServiceAccountTokens => Largest::get(robots),
        Operation::ListProjects => Largest::get("/api/projects?perPage=500&all=true"),
        Operation::ListRoles => Largest::get("/api/roles?perPage=500"),
        Operation::ListUsers => Largest::get("/api/users?perPage=500"),
        Operation::GetPersonalAccessToken => Largest::get(format!("{own}/{}", id(TOKEN, 1))),
        Operation::GetServiceAccountToken => Largest::get(format!("{robots}/{}", id(ROBOT_TOKEN, 1))),
        Operation::GetProjectWithApprovals => Largest::get(format!("{pricing}/approvals")),
        Operation::DeleteGroup => Largest::get(format!("{pricing}/groups/{}", id(GROUP, 3))),
        Operation::GetProject | Operation::DeleteProject => Largest::get(&pricing),
        Operation::RestoreProject => Largest::get(format!("{pricing}/restore")),
        Operation::JoinProject => Largest::get(format!("{}/members/join", project(&id(PROJECT, 1_999)))),
        Operation::SendUserInvitation => Largest::get(seed::invitation_path(seed::IAN)),
        Operation::CreatePersonalAccessToken => Largest::of(own, token()),
        Operation::CreateServiceAccountToken => Largest::of(robots, token()),
        Operation::RegeneratePersonalAccessToken => {
            Largest::of(format!("{own}/{}/regenerate", id(TOKEN, 2)), week)
        }
        Operation::RegenerateServiceAccountToken => {
            Largest::of(format!("{robots}/{}/regenerate", id(ROBOT_TOKEN, 2)), week)
        }
        Operation::DeletePersonalAccessToken => Largest::get(format!("{own}/{}", id(TOKEN, 3))),
        Operation::DeleteServiceAccountToken => Largest::get(format!("{robots}/{}", id(ROBOT_TOKEN, 3))),
        Operation::UpdateProject => {
            Largest::of(project(&id(PROJECT, 1)), json!({ "name": long("p"), "key": "k".repeat(200) }))
        }
        Operation::UpdateUserProfile => {
            Largest::of("/api/profile", json!({ "firstName": "f".repeat(100), "lastName": "l".repeat(100) }))
        }
        Operation::CreateServiceAccount => {
            Largest::of("/api/users/service", json!({ "email": "fresh-robot@acme.test" }))
        }
        Operation::InviteUsers => {
            let emails: Vec<String> = (0..10).map(|number| format!("new{number}@acme.test")).collect();
            Largest::of("/api/users", json!({ "emails": emails }))
        }
        Operation::UpdateProjectApprovals => {
            let body = json!({ "decisionsApprovalGroups": ids(GROUP, 996) });
            Largest::of(format!("{pricing}/approvals"), body)
        }
        Operation::CreateProject => {
            let copy = json!({ "name": long("c"), "key": "copy", "copyContentRef": seed::PRICING });
            Largest::of("/api/projects", copy)
        }
        Operation::CreateGroup
        | Operation::UpdateGroup
        | Operation::InviteMembers
        | Operation::UpdateMember
        | Operation::CreateRole
        | Operation::UpdateRole
        | Operation::UpdateUser
        | Operation::UpdateOrganisation => return several(operation),
    };
    vec![one]
}

/// Those of operations with more than one largest request, or with one that is refused for its size.
fn several(operation: Operation) -> Vec<Largest> {
    let (pricing, claims) = (project(seed::PRICING), project(seed::CLAIMS));
    let group = json!({ "name": long("g"), "description": long("d"), "permissions": ["documents"],
                        "filePermissions": files() });
    let role = |path: &str, all: bool, users: u32, projects: u32| {
        let body = json!({ "name": long("r"), "allProjects": all, "users": ids(USER, users),
            "projects": ids(PROJECT, projects), "projectFilePermissions": files(),
            "idpGroups": vec!["x".repeat(80); 190] });
        Largest::of(path, body)
    };
    match operation {
        Operation::CreateGroup => {
            let create = |path: &str| Largest::of(format!("{path}/groups"), group.clone());
            vec![create(&claims), create(&pricing)]
        }
        Operation::UpdateGroup => vec![Largest::of(format!("{pricing}/groups/{}", id(GROUP, 2)), group)],
        Operation::InviteMembers => {
            let invite = |groups: u32| {
                let body = json!({ "userIds": ids(USER, OUTSIDERS), "groupIds": ids(CLAIMS_GROUP, groups) });
                Largest::of(format!("{claims}/members"), body)
            };
            vec![invite(100).refused(), invite(10).refused(), invite(9)]
        }
        Operation::UpdateMember => {
            let update = |number: u32| {
                let groups: Vec<String> = (101..101 + number).map(|number| id(GROUP, number)).collect();
                Largest::of(format!("{pricing}/members/{}", id(MEMBER, 1)), json!({ "groupIds": groups }))
            };
            vec![update(101).refused(), update(100)]
        }
        Operation::CreateRole => {
            let path = "/api/roles";
            let refused = [role(path, true, 1_000, 0), role(path, false, 1_000, 1_000)].map(Largest::refused);
            refused.into_iter().chain([role(path, false, 1_000, 4), role(path, true, 1, 0)]).collect()
        }
        Operation::UpdateRole => {
            let path = format!("/api/roles/{}", id(ROLE, 1));
            let too_much = role(&path, false, 1_000, 1_000).refused();
            vec![too_much, role(&path, false, 900, 4), role(&path, false, 0, 0)]
        }
        Operation::UpdateUser => {
            let roles = &ids(ROLE, ROLES)[1..];
            vec![Largest::of(format!("/api/users/{}", seed::NINA), json!({ "roles": roles }))]
        }
        Operation::UpdateOrganisation => {
            let update = |name: &str, bytes: usize| {
                Largest::of("/api/organisations", json!({ "preferences": { name: "x".repeat(bytes) } }))
            };
            vec![update("one", 40_000), update("two", 40_000).refused(), update("two", 25_000)]
        }
        other => panic!("{} has one largest request", other.id()),
    }
}
