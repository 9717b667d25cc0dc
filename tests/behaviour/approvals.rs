//! The approval settings of a project: readable by its members, changed by its managers.

use serde_json::{Value, json};

use crate::support::inside::{everything, sign_in};
use crate::support::{Answer, TestServer, seed};

fn path(project: &str) -> String {
    format!("/api/projects/{project}/approvals")
}

async fn update(server: &TestServer, caller: &str, body: &Value, status: u16) -> Answer {
    server.call("PUT", &path(seed::PRICING)).caller(caller).json(body).expect(status).await
}

async fn read(server: &TestServer) -> Value {
    server.get(&path(seed::PRICING)).caller(seed::READER_SES).expect(200).await.json()
}

fn group_ids(project: &Value) -> Vec<&str> {
    let groups = project["decisionsApprovalGroups"].as_array().expect("groups");
    groups.iter().map(|group| group["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_keep_their_order_duplicates_count_once_and_groups_are_described() {
    let server = TestServer::start().await;
    let body = json!({ "decisionsApprovalMode": "require_one_per_team",
                       "decisionsApprovalGroups": [seed::MANAGERS, seed::EDITORS, seed::MANAGERS.to_uppercase()] });
    let answer = update(&server, seed::MANAGER_PAT, &body, 200).await.json();
    assert_eq!(group_ids(&answer), [seed::MANAGERS, seed::EDITORS]);
    assert_eq!(answer["decisionsApprovalMode"], "require_one_per_team");
    let editors = json!({ "id": seed::EDITORS, "name": "Editors", "projectId": seed::PRICING,
                          "description": "Edit pricing rules", "roleId": null });
    assert_eq!(answer["decisionsApprovalGroups"][1], editors);
    assert_eq!(read(&server).await, answer);
    let list = server.get("/api/projects").caller(seed::READER_SES).expect(200).await.json();
    assert_eq!(list["results"][0]["decisionsApprovalGroups"], answer["decisionsApprovalGroups"]);

    let turned = json!({ "decisionsApprovalGroups": [seed::EDITORS, seed::MANAGERS] });
    let answer = update(&server, seed::MANAGER_SES, &turned, 200).await.json();
    assert_eq!(group_ids(&answer), [seed::EDITORS, seed::MANAGERS]);
    assert_eq!(
        server.count("SELECT count(*) FROM audit_logs WHERE type = 'project' AND action = 'updated'"),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_fields_are_kept_and_an_empty_list_clears_them() {
    let server = TestServer::start().await;
    let start = read(&server).await;
    assert!(start["decisionsApprovalMode"].is_null() && group_ids(&start).is_empty(), "{start}");
    for (body, mode, groups) in [
        (json!({}), Value::Null, vec![]),
        (json!({ "decisionsApprovalGroups": [seed::EDITORS] }), Value::Null, vec![seed::EDITORS]),
        (json!({ "decisionsApprovalMode": "require_any" }), json!("require_any"), vec![seed::EDITORS]),
        (json!({ "other": 1 }), json!("require_any"), vec![seed::EDITORS]),
        (json!({ "decisionsApprovalMode": "none" }), json!("none"), vec![seed::EDITORS]),
        (json!({ "decisionsApprovalGroups": [] }), json!("none"), vec![]),
        (json!({ "decisionsApprovalMode": "none_create_request" }), json!("none_create_request"), vec![]),
    ] {
        let answer = update(&server, seed::OWNER_PAT, &body, 200).await.json();
        assert_eq!((&answer["decisionsApprovalMode"], group_ids(&answer)), (&mode, groups), "{body}");
        assert_eq!(read(&server).await, answer, "{body}");
        assert_eq!(answer["createdAt"], start["createdAt"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_other_projects_are_404_at_every_place_and_nothing_is_written() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let ids = [seed::EDITORS, seed::ADJUSTERS, seed::GLOBEX_SPIES, seed::MANAGERS, seed::UNKNOWN_ID];
    let body = json!({ "decisionsApprovalMode": "none", "decisionsApprovalGroups": ids });
    let answer = update(&server, seed::OWNER_PAT, &body, 404).await;
    let place = |number: usize| format!("/decisionsApprovalGroups/{number}");
    assert_eq!(answer.places(), [place(1), place(2), place(4)]);
    let too_many = json!({ "decisionsApprovalGroups": vec![seed::EDITORS; 1_001] });
    let answer = update(&server, seed::OWNER_PAT, &too_many, 400).await;
    assert_eq!(answer.places(), ["/decisionsApprovalGroups"]);
    for (field, value) in [
        ("decisionsApprovalMode", json!("all")),
        ("decisionsApprovalMode", Value::Null),
        ("decisionsApprovalGroups", Value::Null),
    ] {
        let answer = update(&server, seed::OWNER_PAT, &json!({ field: value }), 400).await;
        assert_eq!(answer.places(), [format!("/{field}")]);
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_may_view_managers_may_change_and_others_see_nothing() {
    let server = TestServer::start().await;
    let nina = sign_in(&server, seed::NINA, None);
    let body = json!({ "decisionsApprovalMode": "none" });
    let before = everything(&server);
    for (caller, reads, changes) in [
        (seed::READER_SES, 200, 403),
        (seed::READER_PAT, 200, 403),
        (seed::ROBOT_PAT, 404, 404),
        (&nina, 404, 404),
        (seed::GLOBEX_PAT, 404, 404),
    ] {
        server.get(&path(seed::PRICING)).caller(caller).expect(reads).await;
        update(&server, caller, &body, changes).await;
    }
    server.get(&path(seed::CLAIMS)).caller(seed::MANAGER_SES).expect(404).await;
    server.get(&path(seed::UNKNOWN_ID)).caller(seed::OWNER_SES).expect(404).await;
    assert_eq!(everything(&server), before);
    for caller in [seed::MANAGER_PAT, seed::MANAGER_SES, seed::ADMIN_PAT, seed::OWNER_SES] {
        server.get(&path(seed::PRICING)).caller(caller).expect(200).await;
        update(&server, caller, &body, 200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_cannot_lose_a_project_whose_approvals_ask_only_its_group() {
    let server = TestServer::start().await;
    let with = |all: bool, projects: &[&str]| {
        json!({ "name": "Reviewers", "allProjects": all, "projects": projects,
                "projectPermissions": ["documents"], "users": [seed::NINA] })
    };
    let role = crate::roles::create(&server, &with(false, &[seed::PRICING, seed::CLAIMS]), 200).await.json();
    let group =
        role["groups"].as_array().expect("groups").iter().find(|group| group["projectId"] == seed::PRICING);
    let group = group.expect("the group in pricing")["id"].clone();
    update(&server, seed::OWNER_PAT, &json!({ "decisionsApprovalGroups": [group] }), 200).await;
    let before = everything(&server);
    let answer = crate::roles::update(&server, &role, &with(false, &[seed::CLAIMS]), 409).await;
    assert_eq!(
        (answer.problem().as_str(), answer.places()),
        ("last-approval-group", vec!["/projects".to_owned()])
    );
    assert!(answer.text().contains(seed::PRICING), "the project is named: {}", answer.text());
    assert_eq!(everything(&server), before);
    // As deleteGroup does: with another group, this one is taken out.
    update(&server, seed::OWNER_PAT, &json!({ "decisionsApprovalGroups": [group, seed::EDITORS] }), 200)
        .await;
    crate::roles::update(&server, &role, &with(false, &[seed::CLAIMS]), 200).await;
    assert_eq!(group_ids(&read(&server).await), [seed::EDITORS]);
}
