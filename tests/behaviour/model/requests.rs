//! Steps as requests.

use serde_json::{Value, json};
use uuid::Uuid;

use super::steps::{Credential, GroupSave, NewToken, Operation, Owner, ProjectChange, RoleSave, UserChange};
use super::world::World;
use crate::support::inside::{id, sign_in};
use crate::support::{Answer, TestServer, seed};

/// A way, a path, and a body if one is sent.
type Request = (&'static str, String, Option<Value>);

/// Calls an operation; the answer, and the credential that was used. Who signs in does so anew, since being
/// disabled ends sign-ins.
pub async fn call(
    server: &TestServer,
    world: &World,
    credential: Credential,
    operation: &Operation,
) -> (Answer, String) {
    let authorization = match credential {
        Credential::SignIn(user) => sign_in(server, &world.users[user].id, None),
        Credential::Secret(secret) => world.secrets[secret].authorization.clone(),
    };
    let (method, path, body) = request(server, world, operation);
    let call = server.call(method, &path).caller(&authorization);
    let call = if let Some(body) = body { call.json(&body) } else { call };
    (call.send().await, authorization)
}

fn request(server: &TestServer, world: &World, operation: &Operation) -> Request {
    let users =
        |all: &[usize]| -> Vec<String> { all.iter().map(|user| world.users[*user].id.clone()).collect() };
    match operation {
        Operation::InviteUsers(emails) => {
            ("POST", "/api/users".to_owned(), Some(json!({ "emails": emails })))
        }
        Operation::SendInvitation(user) => ("POST", seed::invitation_path(&world.users[*user].id), None),
        Operation::UpdateUser(user, change) => {
            let body = match change {
                UserChange::Standing(standing) => json!({ "type": standing }),
                UserChange::Status(status) => json!({ "status": status }),
                UserChange::Roles(roles) => json!({ "roles": role_ids(world, roles) }),
            };
            ("PUT", format!("/api/users/{}", world.users[*user].id), Some(body))
        }
        Operation::CreateServiceAccount { email, standing } => {
            ("POST", "/api/users/service".to_owned(), Some(json!({ "email": email, "type": standing })))
        }
        Operation::InviteMembers { project, users: named, groups, owner } => {
            let groups = group_ids(server, world, groups);
            let body = json!({ "userIds": users(named), "groupIds": groups, "owner": owner });
            ("POST", in_project(world, *project, "/members"), Some(body))
        }
        Operation::UpdateMember { project, user, groups, owner } => {
            let member = member_id(server, &world.projects[*project].id, &world.users[*user].id);
            let mut body = json!({ "owner": owner });
            if let Some(groups) = groups {
                body["groupIds"] = json!(group_ids(server, world, groups));
            }
            ("PUT", in_project(world, *project, &format!("/members/{member}")), Some(body))
        }
        Operation::CreateRole(save) => ("POST", "/api/roles".to_owned(), Some(role(world, save))),
        Operation::UpdateRole(number, save) => {
            ("PUT", format!("/api/roles/{}", world.roles[*number].id), Some(role(world, save)))
        }
        Operation::CreateToken(owner, new) => ("POST", tokens(world, *owner), Some(token(world, new))),
        Operation::RegenerateToken { owner, token, expiry } => {
            let path = format!("{}/{}/regenerate", tokens(world, *owner), world.tokens[*token].id);
            ("POST", path, Some(json!({ "expiry": expiry })))
        }
        Operation::DeleteToken { owner, token } => {
            ("DELETE", format!("{}/{}", tokens(world, *owner), world.tokens[*token].id), None)
        }
        _ => project_request(server, world, operation),
    }
}

fn project_request(server: &TestServer, world: &World, operation: &Operation) -> Request {
    match operation {
        Operation::CreateProject { key, copy } => {
            let mut body = json!({ "name": key, "key": key });
            if let Some(source) = copy {
                body["copyContentRef"] = json!(world.projects[*source].id);
            }
            ("POST", "/api/projects".to_owned(), Some(body))
        }
        Operation::UpdateProject(project, change) => {
            let body = match change {
                ProjectChange::Name(name) => json!({ "name": name }),
                ProjectChange::Key(key) => json!({ "key": key }),
                ProjectChange::Protection(is_protected) => json!({ "protected": is_protected }),
            };
            ("PUT", in_project(world, *project, ""), Some(body))
        }
        Operation::DeleteProject(project) => ("DELETE", in_project(world, *project, ""), None),
        Operation::RestoreProject(project) => ("PUT", in_project(world, *project, "/restore"), None),
        Operation::JoinProject(project) => ("POST", in_project(world, *project, "/members/join"), None),
        Operation::UpdateApprovals { project, groups } => {
            let groups = group_ids(server, world, groups);
            let body = json!({ "decisionsApprovalGroups": groups });
            ("PUT", in_project(world, *project, "/approvals"), Some(body))
        }
        Operation::CreateGroup(project, save) => {
            ("POST", in_project(world, *project, "/groups"), Some(group(save)))
        }
        Operation::UpdateGroup(number, save) => {
            ("PUT", group_path(server, world, *number), Some(group(save)))
        }
        Operation::DeleteGroup(number) => ("DELETE", group_path(server, world, *number), None),
        Operation::ListProjects { all } => ("GET", format!("/api/projects?perPage=500&all={all}"), None),
        Operation::GetProject(project) => ("GET", in_project(world, *project, ""), None),
        Operation::ListMemberUsers(project) => {
            ("GET", in_project(world, *project, "/members/users?perPage=500"), None)
        }
        other => unreachable!("{other:?} is not about projects"),
    }
}

fn in_project(world: &World, project: usize, rest: &str) -> String {
    format!("/api/projects/{}{rest}", world.projects[project].id)
}

fn group_path(server: &TestServer, world: &World, group: usize) -> String {
    let ids = group_ids(server, world, &[group]);
    in_project(world, world.groups[group].project, &format!("/groups/{}", ids[0]))
}

fn tokens(world: &World, owner: Owner) -> String {
    match owner {
        Owner::Caller => "/api/personal-access-tokens".to_owned(),
        Owner::Service(user) => {
            format!("/api/users/service/{}/personal-access-tokens", world.users[user].id)
        }
    }
}

fn role_ids(world: &World, roles: &[usize]) -> Vec<String> {
    roles.iter().map(|role| world.roles[*role].id.clone()).collect()
}

fn project_ids(world: &World, projects: &[usize]) -> Vec<String> {
    projects.iter().map(|project| world.projects[*project].id.clone()).collect()
}

fn group(save: &GroupSave) -> Value {
    let mut body = json!({ "name": save.name });
    if let Some(permissions) = &save.permissions {
        body["permissions"] = json!(permissions);
    }
    body
}

fn role(world: &World, save: &RoleSave) -> Value {
    let mut body = json!({ "name": save.name, "allProjects": save.is_for_all });
    if let Some(permissions) = &save.permissions {
        body["projectPermissions"] = json!(permissions);
    }
    if let Some(users) = &save.users {
        body["users"] = users.iter().map(|user| world.users[*user].id.clone()).collect();
    }
    if let Some(projects) = &save.projects {
        body["projects"] = json!(project_ids(world, projects));
    }
    body
}

fn token(world: &World, new: &NewToken) -> Value {
    let projects = project_ids(world, new.projects.as_deref().unwrap_or_default());
    json!({
        "note": new.note,
        "allProjects": new.projects.is_none(),
        "projects": projects,
        "permissions": new.permissions,
        "expiry": new.expiry,
    })
}

/// The membership of a user in a project, or the id of nothing.
fn member_id(server: &TestServer, project: &str, user: &str) -> String {
    let sql = "SELECT id FROM members WHERE project_id = ?1 AND user_id = ?2";
    let found = server.look(|tx| tx.optional(sql, [id(project), id(user)], |row| row.get::<Uuid>(0)));
    found.map_or(seed::UNKNOWN_ID.to_owned(), |id| id.to_string())
}

/// The ids of groups, which are told apart by their names; of one that is gone the id of nothing.
fn group_ids(server: &TestServer, world: &World, groups: &[usize]) -> Vec<String> {
    let sql = "SELECT groups.id, groups.name FROM groups WHERE project_id = ?1";
    let found = |group: &usize| {
        let group = &world.groups[*group];
        let project = id(&world.projects[group.project].id);
        let all =
            server.look(|tx| tx.rows(sql, [project], |row| Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?))));
        let named = all.into_iter().find(|(_, name)| *name == group.name && !group.is_gone);
        named.map_or(seed::UNKNOWN_ID.to_owned(), |(id, _)| id.to_string())
    };
    groups.iter().map(found).collect()
}
