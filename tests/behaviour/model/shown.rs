//! What the API shows of everything, in lines, and the same lines of the model. Lines that only one of them
//! has are a fault of the server or of the model.

use std::collections::BTreeSet;

use serde_json::Value;

use super::world::{Group, Project, Token, World};
use crate::support::inside::sign_in;
use crate::support::{TestServer, seed};

type Lines = BTreeSet<String>;

/// Compares all that the owner of the organisation can list with the model.
pub async fn check(server: &TestServer, world: &World, what: &str) {
    let owner = world.users.iter().find(|user| user.standing == "owner").expect("an owner");
    let owner = sign_in(server, &owner.id, None);
    compare(&of_server(server, world, &owner).await, &of_model(world), what);
}

/// Compares the tokens that each user can list.
pub async fn check_tokens(server: &TestServer, world: &World, what: &str) {
    let owner = world.users.iter().find(|user| user.standing == "owner").expect("an owner");
    let owner = sign_in(server, &owner.id, None);
    let mut found = Lines::new();
    for user in &world.users {
        let (path, caller) = if user.is_service {
            (format!("/api/users/service/{}/personal-access-tokens", user.id), owner.clone())
        } else if user.status == "active" && user.standing != "invited" {
            ("/api/personal-access-tokens".to_owned(), sign_in(server, &user.id, None))
        } else {
            continue;
        };
        for token in list(server, &path, &caller).await {
            let projects = texts(&token["projects"], "/id");
            found.insert(format!(
                "token {} {} {} {:?} until {} of {}",
                user.email,
                token["note"].as_str().expect("a note"),
                token["permissions"],
                token["allProjects"].as_bool() == Some(false),
                token["expiresAt"],
                projects.join(" "),
            ));
        }
    }
    compare(&found, &tokens_of_model(world), what);
}

fn compare(found: &Lines, expected: &Lines, what: &str) {
    let more: Vec<_> = found.difference(expected).collect();
    let fewer: Vec<_> = expected.difference(found).collect();
    assert!(more.is_empty() && fewer.is_empty(), "the server has {more:#?}, the model {fewer:#?}: {what}");
}

async fn list(server: &TestServer, path: &str, caller: &str) -> Vec<Value> {
    let body = server.get(path).caller(caller).expect(200).await.json();
    let results = body.get("results").unwrap_or(&body);
    results.as_array().expect("a list").clone()
}

/// One text of each member of an array, sorted.
fn texts(array: &Value, pointer: &str) -> Vec<String> {
    let all = array.as_array().expect("an array").iter();
    let mut all: Vec<String> =
        all.map(|one| one.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned()).collect();
    all.sort();
    all
}

async fn of_server(server: &TestServer, world: &World, owner: &str) -> Lines {
    let mut lines = Lines::new();
    for user in list(server, "/api/users?perPage=500", owner).await {
        let roles = texts(&user["roles"], "/name").join(", ");
        let words =
            ["/email", "/type", "/status"].map(|pointer| user.pointer(pointer).expect("a word").clone());
        lines.insert(format!("user {words:?} {} roles {roles}", user["isService"]));
    }
    for role in list(server, "/api/roles?perPage=500", owner).await {
        let (users, groups) = (texts(&role["users"], "/id"), texts(&role["groups"], "/projectId"));
        let (name, permissions) = (&role["name"], &role["projectPermissions"]);
        lines.insert(format!("role {name} {} {permissions} {users:?} in {groups:?}", role["allProjects"]));
    }
    for filter in ["all=true", "deleted=true"] {
        for project in list(server, &format!("/api/projects?perPage=500&{filter}"), owner).await {
            let approving = texts(&project["decisionsApprovalGroups"], "/name").join(", ");
            let is_deleted = !project["deletedAt"].is_null();
            let words = [&project["id"], &project["name"], &project["key"], &project["protected"]];
            lines.insert(format!("project {words:?} {is_deleted} approved by {approving}"));
        }
    }
    for project in world.projects.iter().filter(|project| !project.is_deleted) {
        let id = &project.id;
        for group in list(server, &format!("/api/projects/{id}/groups?perPage=500"), owner).await {
            let role = group["roleId"].as_str().unwrap_or("none");
            lines.insert(format!("group {id} {} {} role {role}", group["name"], group["permissions"]));
        }
        for member in list(server, &format!("{}?perPage=500", seed::members_path(id)), owner).await {
            let groups = texts(&member["groups"], "/name");
            lines.insert(format!("member {id} {} {} {groups:?}", member["userId"], member["owner"]));
        }
    }
    lines
}

fn of_model(world: &World) -> Lines {
    let mut lines = Lines::new();
    let sorted = |mut all: Vec<String>| {
        all.sort();
        all
    };
    let text = |text: &str| Value::from(text);
    for (number, user) in world.users.iter().enumerate() {
        let roles = world.roles.iter().filter(|role| role.users.contains(&number));
        let roles = sorted(roles.map(|role| role.name.clone()).collect()).join(", ");
        let words = [text(&user.email), text(user.standing), text(user.status)];
        lines.insert(format!("user {words:?} {} roles {roles}", user.is_service));
    }
    for (number, role) in world.roles.iter().enumerate() {
        let users = sorted(role.users.iter().map(|user| world.users[*user].id.clone()).collect());
        let is_shown = |group: &&Group| {
            group.role == Some(number) && !group.is_gone && !world.projects[group.project].is_deleted
        };
        let groups = world.groups.iter().filter(is_shown);
        let groups = sorted(groups.map(|group| world.projects[group.project].id.clone()).collect());
        let (name, permissions) = (text(&role.name), Value::from(role.permissions.clone()));
        lines.insert(format!("role {name} {} {permissions} {users:?} in {groups:?}", role.is_for_all));
    }
    let names = |groups: &BTreeSet<usize>| {
        sorted(groups.iter().map(|group| world.groups[*group].name.clone()).collect())
    };
    for (number, project) in world.projects.iter().enumerate() {
        lines.insert(project_line(project, &names(&project.approving.iter().copied().collect()).join(", ")));
        if project.is_deleted {
            continue;
        }
        let id = &project.id;
        for (_, group) in world.groups_of(number) {
            let role = group.role.map_or("none", |role| &world.roles[role].id);
            let permissions = group.permissions.clone().map_or(Value::Null, Value::from);
            lines.insert(format!("group {id} {} {permissions} role {role}", text(&group.name)));
        }
        for (user, member) in &project.members {
            let (user, groups) = (text(&world.users[*user].id), names(&member.groups));
            lines.insert(format!("member {id} {user} {} {groups:?}", member.is_owner));
        }
    }
    lines
}

fn project_line(project: &Project, approving: &str) -> String {
    let text = |text: &str| Value::from(text);
    let words = [text(&project.id), text(&project.name), text(&project.key), project.is_protected.into()];
    format!("project {words:?} {} approved by {approving}", project.is_deleted)
}

fn tokens_of_model(world: &World) -> Lines {
    let is_listed = |user: usize| {
        let user = &world.users[user];
        user.is_service || user.status == "active" && user.standing != "invited"
    };
    let tokens = world.tokens.iter().filter(|token| !token.is_gone && is_listed(token.user));
    let line = |token: &Token| {
        let projects = token.projects.iter().flatten().map(|project| &world.projects[*project]);
        let mut projects: Vec<&str> =
            projects.filter(|project| !project.is_deleted).map(|project| project.id.as_str()).collect();
        projects.sort_unstable();
        format!(
            "token {} {} {} {:?} until {} of {}",
            world.users[token.user].email,
            token.note,
            Value::from(token.permissions.clone()),
            token.projects.is_some(),
            token.expires_at.map_or(Value::Null, |end| end.rfc3339().into()),
            projects.join(" "),
        )
    };
    tokens.map(line).collect()
}
