//! Projects deleted on the command line while a server runs, and restored by request.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processes::call;
use crate::projects::{create, create_named};
use crate::support::inside::{everything, sign_in};
use crate::support::program::{Serving, brms, run_well};
use crate::support::{Answer, TestServer, seed};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs a `brms project` command on the database of a folder.
fn project(folder: &Path, arguments: &[&str]) -> std::process::Output {
    brms()
        .current_dir(folder)
        .env("BRMS_DATABASE", "test.db")
        .arg("project")
        .args(arguments)
        .output()
        .expect("brms runs")
}

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = project(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Deletes a project of a server in this process.
fn delete(server: &TestServer, id: &str) {
    let database = server.database();
    run_well(&["project", "delete", id, "--database", database.to_str().expect("a path")]);
}

async fn restore(server: &TestServer, id: &str, caller: &str, status: u16) -> Answer {
    server.call("PUT", &format!("/api/projects/{id}/restore")).caller(caller).expect(status).await
}

/// Every operation inside a project except restoring it: method, path and body.
fn inside(project: &str) -> Vec<(&'static str, String, Value)> {
    let at = |rest: &str| format!("/api/projects/{project}{rest}");
    vec![
        ("GET", at(""), Value::Null),
        ("PUT", at(""), json!({ "name": "x" })),
        ("DELETE", at(""), Value::Null),
        ("POST", at("/members/join"), Value::Null),
        ("DELETE", at(&format!("/groups/{}", seed::EDITORS)), Value::Null),
        ("GET", at("/approvals"), Value::Null),
        ("PUT", at("/approvals"), json!({})),
        ("GET", at("/members"), Value::Null),
        ("POST", at("/members"), json!({ "userIds": [seed::NINA] })),
        ("GET", at("/members/users"), Value::Null),
        ("PUT", at(&format!("/members/{}", seed::UNKNOWN_ID)), json!({})),
        ("GET", at("/groups"), Value::Null),
        ("POST", at("/groups"), json!({ "name": "x" })),
        ("PUT", at(&format!("/groups/{}", seed::EDITORS)), json!({ "name": "x" })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_deleted_while_a_server_runs_is_404_from_the_next_request_on() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let listed = printed(folder.path(), &["list"]);
    assert_eq!(listed.lines().count(), 3, "every organisation's: {listed}");
    for line in
        [format!("{}  pricing  Pricing", seed::PRICING), format!("{}  secret  Secret", seed::GLOBEX_PROJECT)]
    {
        assert!(listed.lines().any(|found| found == line), "{listed}");
    }
    let members = seed::members_path(seed::PRICING);
    call(&serving, "GET", &members).caller(seed::OWNER_PAT).expect(200).await;
    let said = printed(folder.path(), &["delete", seed::PRICING]);
    assert!(said.contains(seed::PRICING) && said.contains("restoreProject"), "{said}");
    call(&serving, "GET", &members).caller(seed::OWNER_PAT).expect(404).await;

    let listed = printed(folder.path(), &["list"]);
    let line = listed.lines().find(|line| line.starts_with(seed::PRICING)).expect("still listed");
    assert!(line.contains("Pricing  deleted 2"), "{line}");
    assert!(printed(folder.path(), &["delete", seed::PRICING]).contains("already"));
    let path = format!("/api/audit-logs?projectId={}&action=deleted", seed::PRICING);
    let log = call(&serving, "GET", &path).caller(seed::OWNER_PAT).expect(200).await.json();
    assert_eq!(log["paginate"]["total"], 1, "deleting twice is one change: {log}");
    let entry = &log["results"][0];
    assert_eq!(json!([entry["type"], entry["project"]["id"]]), json!(["project", seed::PRICING]));
    assert!(entry["user"].is_null(), "the operator is not a user: {entry}");
    assert!(entry["userAgent"].as_str().is_some_and(|agent| agent.contains("command line")), "{entry}");

    let path = format!("/api/projects/{}/restore", seed::PRICING);
    call(&serving, "PUT", &path).caller(seed::OWNER_PAT).expect(200).await;
    call(&serving, "GET", &members).caller(seed::OWNER_PAT).expect(200).await;
    assert!(!printed(folder.path(), &["list"]).contains("deleted"));
}

#[test]
fn invalid_deletions_are_rejected_and_a_missing_database_is_not_created() {
    let folder = folder();
    for arguments in [&["list"][..], &["delete", seed::PRICING]] {
        let output = project(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("test.db"));
    }
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 0);
    let seeded = brms().current_dir(&folder).args(["seed", seed::FILE, "--database", "test.db"]).output();
    assert!(seeded.expect("brms runs").status.success());
    for (id, code) in [(seed::UNKNOWN_ID, 1), (seed::EDITORS, 1), ("pricing", 2)] {
        let output = project(folder.path(), &["delete", id]);
        assert_eq!(output.status.code(), Some(code), "{id}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{id}");
    }
    assert!(!printed(folder.path(), &["list"]).contains("deleted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_is_404_everywhere_for_everyone() {
    let server = TestServer::start().await;
    delete(&server, seed::PRICING);
    let before = everything(&server);
    for (method, path, body) in inside(seed::PRICING) {
        for caller in [seed::OWNER_PAT, seed::ADMIN_SES, seed::MANAGER_PAT, seed::READER_SES] {
            let call = server.call(method, &path).caller(caller);
            let call = if body.is_null() { call } else { call.json(&body) };
            let answer = call.expect(404).await;
            assert_eq!(answer.problem(), "not-found", "{method} {path}");
        }
    }
    for query in ["", "?all=true"] {
        let list = server.get(&format!("/api/projects{query}")).caller(seed::OWNER_PAT).expect(200).await;
        assert!(!list.text().contains(seed::PRICING), "{query}");
    }
    let list = server.get("/api/projects?deleted=true").caller(seed::ADMIN_PAT).expect(200).await.json();
    assert_eq!(list["paginate"]["total"], 1);
    assert_eq!(list["results"][0]["id"], seed::PRICING);
    assert!(list["results"][0]["deletedAt"].is_string(), "{list}");
    assert_eq!(list["results"][0]["members"].as_array().map(Vec::len), Some(3));
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_project_has_its_key_groups_and_members_again() {
    let server = TestServer::start().await;
    let path = format!("/api/projects/{}/approvals", seed::PRICING);
    let before = server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json();
    let read = async |rest: &str| {
        let path = format!("/api/projects/{}/{rest}", seed::PRICING);
        server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json()
    };
    let (groups, members) = (read("groups").await, read("members").await);
    delete(&server, seed::PRICING);
    let restored = restore(&server, seed::PRICING, seed::ADMIN_SES, 200).await.json();
    for field in ["id", "key", "name", "version", "protected", "createdAt", "decisionsApprovalGroups"] {
        assert_eq!(restored[field], before[field], "{field}");
    }
    assert!(restored["deletedAt"].is_null(), "{restored}");
    assert_eq!((read("groups").await, read("members").await), (groups, members));
    assert_eq!(
        server.count("SELECT count(*) FROM audit_logs WHERE action = 'restored' AND type = 'project'"),
        1
    );
    // The manager's token, which is valid for this project only, works as before.
    let invite = json!({ "userIds": [seed::NINA] });
    server.post(&seed::members_path(seed::PRICING)).caller(seed::MANAGER_PAT).json(&invite).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_and_owners_of_the_project_restore_it() {
    let server = TestServer::start().await;
    server
        .post(&seed::members_path(seed::PRICING))
        .caller(seed::OWNER_PAT)
        .json(&json!({ "userIds": [seed::OTTO], "owner": true }))
        .expect(200)
        .await;
    let (otto, nina) = (sign_in(&server, seed::OTTO, None), sign_in(&server, seed::NINA, None));
    assert_eq!(restore(&server, seed::PRICING, seed::OWNER_PAT, 409).await.problem(), "not-deleted");
    delete(&server, seed::PRICING);
    let before = everything(&server);
    for (caller, status) in [
        (seed::MANAGER_SES, 403),
        (seed::MANAGER_PAT, 403),
        (seed::READER_SES, 403),
        (&nina, 404),
        (seed::GLOBEX_SES, 404),
    ] {
        restore(&server, seed::PRICING, caller, status).await;
    }
    restore(&server, seed::UNKNOWN_ID, seed::OWNER_PAT, 404).await;
    assert_eq!(everything(&server), before);
    restore(&server, seed::PRICING, &otto, 200).await;
    restore(&server, seed::PRICING, &otto, 409).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_use_meanwhile_is_restored_with_the_first_free_number() {
    let server = TestServer::start().await;
    delete(&server, seed::PRICING);
    for key in ["pricing", "pricing-2"] {
        create_named(&server, key, "Taken").await;
    }
    // Deleted projects and those of other organisations do not count.
    let gone = create_named(&server, "pricing-3", "Gone").await;
    delete(&server, &gone);
    create(&server, seed::GLOBEX_PAT, &json!({ "key": "pricing-3", "name": "Other" }), 200).await;
    let restored = restore(&server, seed::PRICING, seed::OWNER_PAT, 200).await.json();
    assert_eq!(json!([restored["key"], restored["name"]]), json!(["pricing-3", "Pricing"]));
    assert_eq!(restore(&server, &gone, seed::OWNER_PAT, 200).await.json()["key"], "pricing-3-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_61_a_restored_key_keeps_the_limit_and_an_export_of_it_can_be_seeded() {
    let server = TestServer::start().await;
    let long = "a".repeat(200);
    // The cut would end in a hyphen, which no key does.
    let hyphen = format!("{}-bb", "a".repeat(197));
    for (key, wanted) in
        [(&long, format!("{}-2", "a".repeat(198))), (&hyphen, format!("{}-2", "a".repeat(197)))]
    {
        let gone = create_named(&server, key, "Gone").await;
        delete(&server, &gone);
        create_named(&server, key, "Taken").await;
        let restored = restore(&server, &gone, seed::OWNER_PAT, 200).await.json();
        assert_eq!(restored["key"], wanted.as_str());
    }
    let eleventh = create_named(&server, "bb", "Gone").await;
    delete(&server, &eleventh);
    server.execute(&format!("UPDATE projects SET key = '{long}' WHERE key = 'bb'"));
    for number in 3..10 {
        create_named(&server, &format!("{}-{number}", "a".repeat(198)), "Taken").await;
    }
    let restored = restore(&server, &eleventh, seed::OWNER_PAT, 200).await.json();
    assert_eq!(restored["key"], format!("{}-10", "a".repeat(197)).as_str());

    let file = server.folder.path().join("export.json");
    let (file, database) = (file.to_str().expect("a path"), server.database());
    run_well(&["export", file, "--database", database.to_str().expect("a path")]);
    let other = server.folder.path().join("other.db");
    run_well(&["seed", file, "--database", other.to_str().expect("a path")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_a_project_does_not_silently_end_its_approvals() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Reviewers", "allProjects": false, "projects": [seed::PRICING],
                       "users": [seed::NINA], "projectPermissions": ["documents"] });
    let role = server.post("/api/roles").caller(seed::OWNER_PAT).json(&body).expect(200).await.json();
    let (id, group) = (role["id"].as_str().expect("an id"), &role["groups"][0]["id"]);
    let approvals = format!("/api/projects/{}/approvals", seed::PRICING);
    let ask = json!({ "decisionsApprovalMode": "require_any", "decisionsApprovalGroups": [group] });
    server.call("PUT", &approvals).caller(seed::OWNER_PAT).json(&ask).expect(200).await;
    delete(&server, seed::PRICING);
    let elsewhere = json!({ "name": "Reviewers", "allProjects": false, "projects": [] });
    let path = format!("/api/roles/{id}");
    server.call("PUT", &path).caller(seed::OWNER_PAT).json(&elsewhere).expect(200).await;

    let restored = restore(&server, seed::PRICING, seed::OWNER_PAT, 200).await.json();
    let asked = &restored["decisionsApprovalGroups"][0];
    assert_eq!(json!([asked["id"], asked["roleId"]]), json!([group, null]), "{restored}");
    let members = server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).expect(200).await;
    assert!(!members.text().contains(seed::NINA), "the role no longer reaches her: {}", members.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_changed_meanwhile_are_applied_when_a_project_is_restored() {
    let server = TestServer::start().await;
    let save = async |method: &str, path: &str, body: Value| {
        let answer = server.call(method, path).caller(seed::OWNER_PAT).json(&body).expect(200).await;
        answer.json()["id"].as_str().expect("an id").to_owned()
    };
    let role = |name: &str, projects: Value, users: Value| {
        json!({ "name": name, "allProjects": false, "projects": projects, "users": users,
                "projectPermissions": ["documents"] })
    };
    let (here, nina) = (json!([seed::PRICING]), json!([seed::NINA]));
    let renamed = save("POST", "/api/roles", role("Old", here.clone(), nina.clone())).await;
    let withdrawn = save("POST", "/api/roles", role("Withdrawn", here.clone(), json!([seed::OTTO]))).await;
    delete(&server, seed::PRICING);
    let path = format!("/api/roles/{renamed}");
    save("PUT", &path, json!({ "name": "New", "allProjects": false, "users": [seed::ROBOT] })).await;
    save("PUT", &format!("/api/roles/{withdrawn}"), role("Withdrawn", json!([]), nina)).await;
    save("POST", "/api/roles", json!({ "name": "All", "allProjects": true, "users": [seed::IVY] })).await;
    restore(&server, seed::PRICING, seed::OWNER_PAT, 200).await;

    let path = format!("/api/projects/{}/groups", seed::PRICING);
    let groups = server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json();
    let names: Vec<&Value> =
        groups["results"].as_array().unwrap().iter().map(|group| &group["name"]).collect();
    assert_eq!(names, ["Editors", "Managers", "New", "All"]);
    let members =
        server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).expect(200).await.text();
    for (user, is_there) in [
        (seed::OWNER, true),
        (seed::READER, true),
        (seed::ROBOT, true),
        (seed::IVY, true),
        (seed::NINA, false),
        (seed::OTTO, false),
    ] {
        assert_eq!(members.contains(user), is_there, "{user}: {members}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_removed_from_a_role_meanwhile_does_not_restore_its_project() {
    let server = TestServer::start().await;
    let role = json!({ "name": "Owners", "allProjects": true, "projectPermissions": ["owner"], "users": [seed::NINA] });
    let role = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
    let nina = sign_in(&server, seed::NINA, None);
    delete(&server, seed::PRICING);
    let path = format!("/api/roles/{}", role["id"].as_str().expect("an id"));
    let no_users = json!({ "name": "Owners", "allProjects": true, "users": [] });
    server.call("PUT", &path).caller(seed::OWNER_SES).json(&no_users).expect(200).await;
    let before = everything(&server);
    restore(&server, seed::PRICING, &nina, 404).await;
    assert_eq!(everything(&server), before);
    let again = json!({ "name": "Owners", "allProjects": true, "users": [seed::NINA] });
    server.call("PUT", &path).caller(seed::OWNER_SES).json(&again).expect(200).await;
    restore(&server, seed::PRICING, &nina, 200).await;
}
