//! Reading the audit log: filters, order, permissions, and the content of entries.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, execute, sign_in};
use crate::support::{TestServer, seed};

/// 2026-01-31T12:00:00.000Z in milliseconds.
const NOON: i64 = 1_769_860_800_000;

async fn list(server: &TestServer, query: &str) -> Value {
    server.get(&format!("/api/audit-logs{query}")).caller(seed::ADMIN_PAT).expect(200).await.json()
}

/// The action of each entry, without user-supplied text: `project created`.
fn told(list: &Value) -> Vec<String> {
    let results = list["results"].as_array().expect("results");
    let word = |entry: &Value, name: &str| entry[name].as_str().expect("a word").to_owned();
    results.iter().map(|entry| format!("{} {}", word(entry, "type"), word(entry, "action"))).collect()
}

/// An empty log, then one change after another: a group, a member, a project with its owner.
async fn server_with_a_history() -> TestServer {
    let server = TestServer::start().await;
    server.clock.freeze();
    execute(&server, "DELETE FROM audit_logs");
    let group = format!("/api/projects/{}/groups", seed::PRICING);
    let members = seed::members_path(seed::CLAIMS);
    for (path, caller, body) in [
        (group.as_str(), seed::MANAGER_SES, json!({ "name": "Helpers" })),
        (members.as_str(), seed::ADMIN_SES, json!({ "userIds": [seed::NINA] })),
        ("/api/projects", seed::OWNER_SES, json!({ "name": "Fresh", "key": "fresh" })),
    ] {
        server.clock.advance(Duration::from_secs(1));
        let call = server.post(path).caller(caller).header("user-agent", "tests/1 (story)");
        call.json(&body).expect(200).await;
    }
    server
}

/// Three entries around noon: a millisecond before, at noon, and a millisecond after.
async fn server_around_noon() -> TestServer {
    let server = server_with_a_history().await;
    execute(&server, "DELETE FROM audit_logs WHERE type = 'member' AND data LIKE '%\"owner\":true%'");
    for (kind, moment) in [("group", NOON - 1), ("member", NOON), ("project", NOON + 1)] {
        execute(&server, &format!("UPDATE audit_logs SET created_at = {moment} WHERE type = '{kind}'"));
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_come_newest_first_and_each_filter_narrows_them() {
    let server = server_with_a_history().await;
    let all = ["member created", "project created", "member created", "group created"];
    let fresh = list(&server, "?type=project").await["results"][0]["refId"].clone();
    let fresh = fresh.as_str().unwrap();
    for (query, found) in [
        (String::new(), &all[..]),
        (format!("?projectId={}", seed::PRICING), &all[3..]),
        (format!("?projectId={}", seed::CLAIMS.to_uppercase()), &all[2..3]),
        (format!("?projectId={fresh}"), &all[..2]),
        (format!("?projectId={}", seed::GLOBEX_PROJECT), &[]),
        (format!("?projectId={}", seed::UNKNOWN_ID), &[]),
        (format!("?userId={}", seed::MANAGER), &all[3..]),
        (format!("?userId={}", seed::OWNER), &all[..2]),
        (format!("?userId={}", seed::READER), &[]),
        ("?type=member".to_owned(), &["member created", "member created"]),
        ("?type=document".to_owned(), &[]),
        ("?action=created".to_owned(), &all),
        ("?action=create".to_owned(), &[]),
        ("?action=%00'%25".to_owned(), &[]),
        (format!("?type=member&userId={}&action=created", seed::ADMIN), &all[2..3]),
        (format!("?type=group&userId={}", seed::ADMIN), &[]),
    ] {
        let list = list(&server, &query).await;
        assert_eq!(told(&list), found, "{query}");
        assert_eq!(list["paginate"]["total"], found.len(), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_include_both_ends_to_the_millisecond_and_a_day_is_all_of_it() {
    let server = server_around_noon().await;
    let (group, member, project) = ("group created", "member created", "project created");
    for (query, found) in [
        ("fromDate=2026-01-31T12:00:00Z", vec![project, member]),
        ("fromDate=2026-01-31T12:00:00.001Z", vec![project]),
        ("fromDate=2026-01-31t13:00:00.000%2B01:00", vec![project, member]),
        ("fromDate=2026-01-31T12:00:00.002Z", vec![]),
        ("toDate=2026-01-31T12:00:00Z", vec![member, group]),
        ("toDate=2026-01-31T07:00:00-05:00", vec![member, group]),
        ("toDate=2026-01-31T11:59:59.999z", vec![group]),
        ("toDate=2026-01-31T11:59:59.998Z", vec![]),
        ("fromDate=2026-01-31T12:00:00Z&toDate=2026-01-31T12:00:00Z", vec![member]),
        ("fromDate=2026-01-31&toDate=2026-01-31", vec![project, member, group]),
        ("fromDate=2026-02-01", vec![]),
        ("toDate=2026-01-30", vec![]),
        ("fromDate=2026-01-30&toDate=2026-02-01", vec![project, member, group]),
        ("fromDate=2026-02-01&toDate=2026-01-01", vec![]),
        ("fromDate=0001-01-01&toDate=9998-12-31", vec![project, member, group]),
        ("fromDate=2026-01-31T12:00:00Z&type=member", vec![member]),
    ] {
        assert_eq!(told(&list(&server, &format!("?{query}")).await), found, "{query}");
    }
    execute(
        &server,
        &format!("UPDATE audit_logs SET created_at = {NOON} - 12 * 3600000 WHERE type = 'group'"),
    );
    execute(
        &server,
        &format!("UPDATE audit_logs SET created_at = {NOON} + 12 * 3600000 - 1 WHERE type = 'project'"),
    );
    let list = list(&server, "?fromDate=2026-01-31&toDate=2026-01-31").await;
    assert_eq!(told(&list), [project, member, group], "the first and the last millisecond of the day");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_the_description_allows_is_never_rejected_however_distant() {
    let server = server_around_noon().await;
    let all = told(&list(&server, "").await);
    for query in [
        "toDate=9999-12-31",
        "toDate=9999-12-31T23:59:59Z",
        "toDate=9999-12-31T23:59:59.999Z",
        "fromDate=0000-01-01",
        "fromDate=2024-02-29",
        "fromDate=2016-12-31T23:59:60Z",
        "fromDate=2026-01-01T00:00:00.123456789012Z",
    ] {
        assert_eq!(told(&list(&server, &format!("?{query}")).await), all, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_can_be_ordered_by_each_field_in_both_directions() {
    let server = server_around_noon().await;
    execute(&server, "UPDATE audit_logs SET action = 'deleted' WHERE type = 'group'");
    let (group, member, project) = ("group deleted", "member created", "project created");
    for (query, found) in [
        ("", [project, member, group]),
        ("?sort=DESC", [project, member, group]),
        ("?sort=ASC", [group, member, project]),
        ("?orderBy=createdAt&sort=ASC", [group, member, project]),
        ("?orderBy=createdAt", [project, member, group]),
        ("?orderBy=type&sort=ASC", [group, member, project]),
        ("?orderBy=type", [project, member, group]),
        ("?orderBy=action&sort=ASC", [member, project, group]),
        ("?orderBy=action&sort=DESC", [group, project, member]),
    ] {
        assert_eq!(told(&list(&server, query).await), found, "{query}");
    }
    // Entries of the same time keep their order.
    execute(&server, &format!("UPDATE audit_logs SET created_at = {NOON}"));
    assert_eq!(told(&list(&server, "?sort=ASC").await), [group, member, project]);
    assert_eq!(told(&list(&server, "?sort=DESC").await), [project, member, group]);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_words_and_dates_are_400_naming_the_parameter() {
    let server = TestServer::start().await;
    for (name, value) in [
        ("projectId", "pricing"),
        ("userId", "0190a000000070008000000000000001"),
        ("type", "role"),
        ("type", "Group"),
        ("type", ""),
        ("orderBy", "created_at"),
        ("orderBy", "CREATEDAT"),
        ("orderBy", ""),
        ("sort", "asc"),
        ("sort", "up"),
        ("fromDate", ""),
        ("fromDate", "yesterday"),
        ("fromDate", "2026-1-1"),
        ("fromDate", "2026-13-01"),
        ("fromDate", "2026-02-30"),
        ("fromDate", "2026-01-01T25:00:00Z"),
        ("fromDate", "2026-01-01T12:00:00"),
        ("fromDate", "20260101"),
        ("toDate", "1767225600000"),
        ("toDate", "2026-01-31%2012:00:00Z"),
        ("toDate", "2026-01-31T12:00Z"),
        ("toDate", "2026-01-31T12Z"),
        ("toDate", "20260131T120000Z"),
        ("toDate", "2026-01-31T12:00:00%2B0100"),
        ("toDate", "2026-01-31T12:00:00Z%5BEurope/Berlin%5D"),
        ("page", "0"),
        ("perPage", "1.5"),
    ] {
        let path = format!("/api/audit-logs?{name}={value}");
        let answer = server.get(&path).caller(seed::OWNER_PAT).send().await;
        assert_eq!(answer.status, 400, "{name}={value}");
        assert_eq!(answer.places(), [name], "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_paged() {
    let server = server_with_a_history().await;
    let all = told(&list(&server, "").await);
    for (query, range, numbers) in [
        ("?perPage=3", 0..3, [1, 1, 3, 4, 3]),
        ("?perPage=3&page=2", 3..4, [2, 4, 4, 4, 3]),
        ("?perPage=3&page=3", 0..0, [3, 0, 0, 4, 3]),
        ("?perPage=1000", 0..4, [1, 1, 4, 4, 500]),
        ("?type=group&page=2", 0..0, [2, 0, 0, 1, 10]),
    ] {
        let list = list(&server, query).await;
        assert_eq!(told(&list), all[range], "{query}");
        let page = &list["paginate"];
        let shown = ["current", "from", "to", "total", "pageSize"].map(|name| page[name].as_i64().unwrap());
        assert_eq!(shown, numbers, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_has_actor_action_object_and_origin_and_a_single_one_also_data() {
    let server = server_with_a_history().await;
    let listed = list(&server, "?type=group").await["results"][0].clone();
    assert_eq!(listed["ipAddress"], "127.0.0.1");
    assert_eq!(listed["project"], json!({ "id": seed::PRICING, "name": "Pricing" }));
    let who = json!({ "id": seed::MANAGER, "email": "manager@acme.test", "firstName": "Milo",
                      "lastName": "Manager" });
    assert_eq!(listed["user"], who);
    assert!(listed["userAgent"].as_str().is_some_and(|agent| agent.starts_with("tests/1")), "{listed}");
    assert!(listed.get("data").is_none(), "{listed}");

    let path = format!("/api/audit-logs/{}", listed["id"].as_str().unwrap());
    let entry = server.get(&path).caller(seed::ADMIN_SES).expect(200).await.json();
    for (field, value) in listed.as_object().unwrap() {
        assert_eq!(entry[field], *value, "{field}");
    }
    assert_eq!(entry["data"]["name"], "Helpers");
    assert!(entry["organisationId"].is_string(), "{entry}");
    let upper = path.replace(listed["id"].as_str().unwrap(), &listed["id"].as_str().unwrap().to_uppercase());
    assert_eq!(server.get(&upper).caller(seed::ADMIN_SES).expect(200).await.json(), entry);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_organisation_has_no_project() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Helpers", "allProjects": false });
    server.post("/api/roles").caller(seed::OWNER_PAT).json(&body).expect(200).await;
    let entry = list(&server, "?type=organisation").await["results"][0].clone();
    assert_eq!(json!([entry["action"], entry["project"]]), json!(["created", null]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_entry_and_one_of_another_organisation_give_the_same_response() {
    let server = server_with_a_history().await;
    let body = json!({ "name": "Theirs", "key": "theirs" });
    server.post("/api/projects").caller(seed::GLOBEX_PAT).json(&body).expect(200).await;
    let theirs = server.get("/api/audit-logs?type=project").caller(seed::GLOBEX_PAT).expect(200).await.json();
    assert_eq!(theirs["paginate"]["total"], 1, "each organisation has a log of its own");
    let id = theirs["results"][0]["id"].as_str().unwrap();
    let mut answers = Vec::new();
    for id in [id, seed::UNKNOWN_ID, seed::PRICING] {
        let answer = server.get(&format!("/api/audit-logs/{id}")).caller(seed::OWNER_SES).expect(404).await;
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("instance");
        answers.push(body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert!(!list(&server, "?perPage=500").await.to_string().contains(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_and_owners_read_the_log_and_reading_writes_nothing() {
    let server = server_with_a_history().await;
    let id = list(&server, "").await["results"][0]["id"].as_str().unwrap().to_owned();
    let pat = |permissions, projects| {
        Pat { user: seed::ADMIN, permissions, projects, expires_at: None }.put(&server)
    };
    let (weak, narrow) = (pat(&["project:manage"], &[]), pat(&["owner"], &[seed::CLAIMS]));
    let (author, reader) = (sign_in(&server, seed::OTTO, None), seed::READER_PAT);
    execute(&server, "UPDATE users SET type = 'author' WHERE email = 'otto@acme.test'");
    let before = everything(&server);
    for caller in [seed::MANAGER_SES, seed::MANAGER_PAT, reader, seed::ROBOT_PAT, &weak, &narrow, &author] {
        server.get("/api/audit-logs").caller(caller).expect(403).await;
        server.get(&format!("/api/audit-logs/{id}")).caller(caller).expect(403).await;
    }
    for caller in [seed::OWNER_PAT, seed::OWNER_SES, seed::ADMIN_PAT, seed::ADMIN_SES] {
        server.get("/api/audit-logs").caller(caller).expect(200).await;
        server.get(&format!("/api/audit-logs/{id}")).caller(caller).expect(200).await;
    }
    assert_eq!(everything(&server), before);
}
