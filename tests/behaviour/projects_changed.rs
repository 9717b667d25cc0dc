//! getProject, updateProject, deleteProject, joinProject and deleteGroup.

use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, execute};
use crate::support::{Answer, TestServer, seed};

fn path(project: &str) -> String {
    format!("/api/projects/{project}")
}

async fn update(server: &TestServer, caller: &str, body: &Value, status: u16) -> Answer {
    server.call("PUT", &path(seed::PRICING)).caller(caller).json(body).expect(status).await
}

async fn delete(server: &TestServer, caller: &str, project: &str, status: u16) -> Answer {
    server.call("DELETE", &path(project)).caller(caller).expect(status).await
}

async fn restore(server: &TestServer, project: &str) -> Value {
    let path = format!("{}/restore", path(project));
    server.call("PUT", &path).caller(seed::OWNER_SES).expect(200).await.json()
}

async fn join(server: &TestServer, caller: &str, project: &str, status: u16) -> Answer {
    server.post(&format!("{}/members/join", path(project))).caller(caller).expect(status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_visible_to_those_with_access_only() {
    let server = TestServer::start().await;
    for caller in [seed::OWNER_SES, seed::READER_SES, seed::MANAGER_PAT] {
        let project = server.get(&path(seed::PRICING)).caller(caller).expect(200).await.json();
        assert_eq!((&project["id"], &project["key"]), (&json!(seed::PRICING), &json!("pricing")));
        let approvals = server.get(&format!("{}/approvals", path(seed::PRICING))).caller(caller);
        assert_eq!(project, approvals.expect(200).await.json());
    }
    for (caller, project) in [
        (seed::READER_SES, seed::CLAIMS),
        (seed::OWNER_SES, seed::UNKNOWN_ID),
        (seed::GLOBEX_SES, seed::PRICING),
    ] {
        server.get(&path(project)).caller(caller).expect(404).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_changes_the_name_and_only_an_owner_key_and_protection() {
    let server = TestServer::start().await;
    let before = server.get(&path(seed::PRICING)).caller(seed::OWNER_SES).expect(200).await.json();
    let changed = update(&server, seed::MANAGER_SES, &json!({ "name": "Prices" }), 200).await.json();
    assert_eq!(changed["name"], "Prices");
    for absent in ["key", "protected", "version", "createdAt"] {
        assert_eq!(changed[absent], before[absent], "{absent}");
    }
    let kept = everything(&server);
    for body in
        [json!({ "key": "prices" }), json!({ "protected": true }), json!({ "name": "X", "key": "prices" })]
    {
        let refused = update(&server, seed::MANAGER_SES, &body, 403).await;
        assert!(refused.text().contains("permission owner"), "{}", refused.text());
    }
    update(&server, seed::READER_SES, &json!({ "name": "Mine" }), 403).await;
    assert_eq!(everything(&server), kept);
    // As Terraform's provider does: all values, of which one is another.
    let same = json!({ "name": "Pricing", "key": "pricing", "protected": false });
    update(&server, seed::MANAGER_SES, &same, 200).await;
    let all = json!({ "name": "Pricing 2", "key": "pricing-2", "protected": true });
    let changed = update(&server, seed::ADMIN_SES, &all, 200).await.json();
    assert_eq!(
        (&changed["name"], &changed["key"], &changed["protected"]),
        (&all["name"], &all["key"], &all["protected"])
    );
    assert_eq!(server.get(&path(seed::PRICING)).caller(seed::OWNER_SES).expect(200).await.json(), changed);
    // A request that changes nothing writes no audit entry.
    let kept = everything(&server);
    for nothing in [&json!({}), &all] {
        assert_eq!(update(&server, seed::OWNER_SES, nothing, 200).await.json(), changed);
    }
    assert_eq!(everything(&server), kept);
    let logs = server.get("/api/audit-logs?type=project&action=updated").caller(seed::OWNER_SES);
    assert_eq!(logs.expect(200).await.json()["results"].as_array().map(Vec::len), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_must_not_be_in_use_by_another_project() {
    let server = TestServer::start().await;
    let kept = everything(&server);
    let taken = update(&server, seed::OWNER_SES, &json!({ "key": "claims" }), 409).await;
    assert_eq!((taken.problem().as_str(), taken.places()), ("name-taken", vec!["/key".to_owned()]));
    for (key, name) in [("Not A Key", "x"), ("x", "x"), ("good", "with\u{7}bell")] {
        update(&server, seed::OWNER_SES, &json!({ "key": key, "name": name }), 400).await;
    }
    assert_eq!(everything(&server), kept);
    update(&server, seed::OWNER_SES, &json!({ "key": "pricing" }), 200).await;
    delete(&server, seed::OWNER_SES, seed::CLAIMS, 200).await;
    update(&server, seed::OWNER_SES, &json!({ "key": "claims" }), 200).await;
    assert_eq!(restore(&server, seed::CLAIMS).await["key"], "claims-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_is_returned_in_its_last_state_and_restored_completely() {
    let server = TestServer::start().await;
    let members = seed::members_path(seed::PRICING);
    let before = server.get(&members).caller(seed::OWNER_SES).expect(200).await.json();
    delete(&server, seed::MANAGER_SES, seed::PRICING, 403).await;
    let deleted = delete(&server, seed::OWNER_PAT, seed::PRICING, 200).await.json();
    assert!(deleted["deletedAt"].is_string(), "{deleted}");
    delete(&server, seed::OWNER_PAT, seed::PRICING, 404).await;
    server.get(&members).caller(seed::OWNER_SES).expect(404).await;
    let listed = server.get("/api/projects?deleted=true").caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(listed["results"][0]["id"], seed::PRICING);
    restore(&server, seed::PRICING).await;
    assert_eq!(server.get(&members).caller(seed::OWNER_SES).expect(200).await.json(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_project_is_deleted_neither_by_request_nor_by_command() {
    let server = TestServer::start().await;
    update(&server, seed::OWNER_SES, &json!({ "protected": true }), 200).await;
    let kept = everything(&server);
    let refused = delete(&server, seed::OWNER_SES, seed::PRICING, 409).await;
    assert_eq!(refused.problem(), "project-protected");
    let database = server.database().display().to_string();
    let arguments = ["project", "delete", seed::PRICING, "--database", &database];
    let output = tokio::task::block_in_place(|| crate::support::program::run(&arguments));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("protected"), "{output:?}");
    assert_eq!(everything(&server), kept);
    update(&server, seed::OWNER_SES, &json!({ "protected": false }), 200).await;
    delete(&server, seed::OWNER_SES, seed::PRICING, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_joins_a_project_once_and_without_the_owner_flag() {
    let server = TestServer::start().await;
    let joined = join(&server, seed::ADMIN_SES, seed::PRICING, 200).await.json();
    assert_eq!((&joined["userId"], &joined["owner"]), (&json!(seed::ADMIN), &json!(false)));
    assert_eq!(joined["groups"], json!([]));
    let kept = everything(&server);
    assert_eq!(join(&server, seed::ADMIN_SES, seed::PRICING, 200).await.json(), joined);
    // An existing member keeps the owner flag and the groups.
    let reader = join(&server, seed::READER_SES, seed::PRICING, 200).await.json();
    assert_eq!(reader["userId"], seed::READER);
    assert_eq!(everything(&server), kept);
    let logs = server.get("/api/audit-logs?type=member&action=created").caller(seed::OWNER_SES);
    assert_eq!(logs.expect(200).await.json()["results"][0]["refId"], joined["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_requires_access_and_a_token_without_restrictions() {
    let server = TestServer::start().await;
    let kept = everything(&server);
    join(&server, seed::READER_SES, seed::CLAIMS, 404).await;
    join(&server, seed::GLOBEX_SES, seed::PRICING, 404).await;
    join(&server, seed::ADMIN_SES, seed::UNKNOWN_ID, 404).await;
    assert_eq!(everything(&server), kept);
    for (permissions, projects, status) in [
        (&["owner"][..], &[seed::PRICING][..], 403),
        (&["project:manage"][..], &[][..], 403),
        (&["owner"][..], &[seed::CLAIMS][..], 404),
        (&["owner"][..], &[][..], 200),
    ] {
        let token = Pat { user: seed::ADMIN, permissions, projects, expires_at: None }.put(&server);
        join(&server, &token, seed::PRICING, status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_group_is_removed_from_members_and_approvals() {
    let server = TestServer::start().await;
    let groups = format!("{}/groups", path(seed::PRICING));
    let fresh = json!({ "name": "Fresh", "permissions": ["documents"] });
    let fresh = server.post(&groups).caller(seed::OWNER_SES).json(&fresh).expect(200).await.json();
    let id = fresh["id"].as_str().expect("an id");
    let body = json!({ "userIds": [seed::NINA], "groupIds": [id] });
    let member = server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_SES).json(&body);
    let member = member.expect(200).await.json();
    let approvals = format!("{}/approvals", path(seed::PRICING));
    let asked = json!({ "decisionsApprovalGroups": [id, seed::EDITORS] });
    server.call("PUT", &approvals).caller(seed::OWNER_SES).json(&asked).expect(200).await;
    let deleted = server.call("DELETE", &format!("{groups}/{id}")).caller(seed::MANAGER_SES);
    assert_eq!(deleted.expect(200).await.json(), fresh);
    server.call("DELETE", &format!("{groups}/{id}")).caller(seed::MANAGER_SES).expect(404).await;
    let listed =
        server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_SES).expect(200).await.json();
    let of_nina =
        listed["results"].as_array().expect("members").iter().find(|one| one["id"] == member[0]["id"]);
    assert_eq!(of_nina.expect("she stays")["groups"], json!([]));
    let project = server.get(&path(seed::PRICING)).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(project["decisionsApprovalGroups"].as_array().map(Vec::len), Some(1));
    let logs = server.get("/api/audit-logs?type=group&action=deleted").caller(seed::OWNER_SES);
    assert_eq!(logs.expect(200).await.json()["results"][0]["refId"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_a_role_the_last_approving_group_and_one_with_owner_are_protected() {
    let server = TestServer::start().await;
    let group = |id: &str| format!("{}/groups/{id}", path(seed::PRICING));
    let approvals = format!("{}/approvals", path(seed::PRICING));
    let asked = json!({ "decisionsApprovalGroups": [seed::EDITORS] });
    server.call("PUT", &approvals).caller(seed::OWNER_SES).json(&asked).expect(200).await;
    let role = json!({ "name": "Helpers", "allProjects": true, "users": [seed::NINA] });
    server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await;
    let groups = format!("{}/groups?search=Helpers", path(seed::PRICING));
    let of_role = server.get(&groups).caller(seed::OWNER_SES).expect(200).await.json();
    let of_role = of_role["results"][0]["id"].as_str().expect("the group of the role").to_owned();
    let kept = everything(&server);
    for (id, problem) in [(seed::EDITORS, "last-approval-group"), (of_role.as_str(), "role-managed")] {
        let refused = server.call("DELETE", &group(id)).caller(seed::OWNER_SES).expect(409).await;
        assert_eq!(refused.problem(), problem);
    }
    assert_eq!(everything(&server), kept);
    execute(&server, "UPDATE groups SET permissions = '[\"owner\"]' WHERE name = 'Managers'");
    // Managers have the permission to manage through this very group, so they may grant everything.
    execute(&server, "DELETE FROM project_approval_groups");
    server.call("DELETE", &group(seed::EDITORS)).caller(seed::READER_SES).expect(403).await;
    server.call("DELETE", &group(seed::MANAGERS)).caller(seed::READER_SES).expect(403).await;
    server.call("DELETE", &group(seed::EDITORS)).caller(seed::OWNER_SES).expect(200).await;
}

/// The requests of the public Terraform provider, which takes a 404 for "deleted" and any other error for "still
/// exists".
#[tokio::test(flavor = "multi_thread")]
async fn fr_43_a_terraform_provider_manages_a_project_and_a_group() {
    let server = TestServer::start().await;
    let call = |method: &'static str, path: String| server.call(method, &path).caller(seed::OWNER_PAT);
    let made = call("POST", "/api/projects".to_owned()).json(&json!({ "name": "Infra", "key": "infra" }));
    let made = made.expect(200).await.json()["project"].clone();
    let project = path(made["id"].as_str().expect("an id"));
    assert_eq!(call("GET", project.clone()).expect(200).await.json(), made);
    let changed = json!({ "name": "Infra 2", "key": "infra-2", "protected": false });
    assert_eq!(call("PUT", project.clone()).json(&changed).expect(200).await.json()["key"], "infra-2");

    let groups = format!("{project}/groups");
    let group = call("POST", groups.clone()).json(&json!({ "name": "Ops", "permissions": ["releases"] }));
    let group = format!("{groups}/{}", group.expect(200).await.json()["id"].as_str().expect("an id"));
    call("PUT", group.clone()).json(&json!({ "name": "Operations" })).expect(200).await;
    let listed = call("GET", groups.clone()).expect(200).await.json();
    assert_eq!(listed["results"].as_array().map(Vec::len), Some(1));
    call("DELETE", group.clone()).expect(200).await;
    call("DELETE", group).expect(404).await;
    assert_eq!(call("GET", groups).expect(200).await.json()["results"], json!([]));

    // A part of the vendor's API that is not implemented is not mistaken for something deleted.
    assert_eq!(call("GET", format!("{project}/environments")).expect(501).await.problem(), "not-built");
    call("DELETE", project.clone()).expect(200).await;
    call("GET", project.clone()).expect(404).await;
    call("DELETE", project).expect(404).await;
}
