//! The caller's personal access tokens: creating, listing, regenerating and deleting them, their limits and expiry,
//! and how a token restricts its user.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::inside::{everything, execute, sign_in};
use crate::support::{Answer, TestServer, seed};
use crate::users::{assert_audited, entry};

const TOKENS: &str = "/api/personal-access-tokens";
const DAY: Duration = Duration::from_hours(24);

async fn create(server: &TestServer, caller: &str, body: &Value) -> Answer {
    server.post(TOKENS).caller(caller).json(body).send().await
}

/// A new token with these permissions for all projects.
async fn make(server: &TestServer, caller: &str, permissions: &[&str]) -> Value {
    let body = json!({ "note": "n", "allProjects": true, "expiry": "week", "permissions": permissions });
    let answer = create(server, caller, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn path(token: &Value) -> String {
    format!("{TOKENS}/{}", token["id"].as_str().expect("an id"))
}

fn secret(token: &Value) -> &str {
    token["token"].as_str().expect("a secret")
}

fn bearer(token: &Value) -> String {
    format!("Bearer {}", secret(token))
}

async fn status(server: &TestServer, path: &str, token: &Value) -> u16 {
    server.get(path).caller(&bearer(token)).send().await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_valid_for_its_chosen_lifetime_to_the_millisecond() {
    let server = TestServer::start().await;
    server.clock.freeze();
    let now = server.clock.now();
    for (word, days) in [
        ("week", Some(7)),
        ("month", Some(30)),
        ("three_months", Some(90)),
        ("year", Some(365)),
        ("indefinite", None),
    ] {
        let body = json!({ "note": word, "allProjects": true, "expiry": word });
        let made = create(&server, seed::MANAGER_SES, &body).await.json();
        let end = days.map(|days: u32| now.plus(days * DAY).rfc3339());
        assert_eq!((&made["expiresAt"], &made["createdAt"]), (&json!(end), &json!(now.rfc3339())), "{word}");
    }
    let week = make(&server, seed::READER_SES, &[]).await;
    let body = json!({ "note": "n", "allProjects": true, "expiry": "indefinite" });
    let endless = create(&server, seed::READER_SES, &body).await.json();
    server.clock.advance(Duration::from_millis(7 * 24 * 3600 * 1000 - 1));
    assert_eq!(status(&server, TOKENS, &week).await, 200);
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(status(&server, TOKENS, &week).await, 401);
    server.clock.advance(4000 * DAY);
    assert_eq!(status(&server, TOKENS, &endless).await, 200);
    // An expired token is still listed, and can be regenerated.
    let shown = server.get(&path(&week)).caller(seed::READER_SES).expect(200).await.json();
    assert_eq!(shown["expiresAt"], now.plus(7 * DAY).rfc3339());
    let renewal = server.post(&format!("{}/regenerate", path(&week))).caller(seed::READER_SES);
    let renewed = renewal.json(&json!({ "expiry": "month" })).expect(200).await.json();
    assert_eq!(renewed["expiresAt"], server.clock.now().plus(30 * DAY).rfc3339());
    assert_eq!(status(&server, TOKENS, &renewed).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_token_is_rejected_at_its_place() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (field, value) in [
        ("note", json!("")),
        ("note", json!("x".repeat(101))),
        ("note", json!("two\nlines")),
        ("note", Value::Null),
        ("allProjects", json!("true")),
        ("allProjects", Value::Null),
        ("expiry", json!("day")),
        ("expiry", Value::Null),
        ("projects", Value::Null),
        ("projects", json!(vec![seed::PRICING; 1001])),
        ("permissions", Value::Null),
        ("permissions", json!("owner")),
    ] {
        let mut body = json!({ "note": "n", "allProjects": false, "expiry": "week" });
        body[field] = value;
        let answer = create(&server, seed::OWNER_SES, &body).await;
        assert_eq!((answer.status, answer.places()), (400, vec![format!("/{field}")]), "{field}");
    }
    for field in ["note", "allProjects", "expiry"] {
        let mut body = json!({ "note": "n", "allProjects": false, "expiry": "week" });
        body.as_object_mut().expect("an object").remove(field);
        let answer = create(&server, seed::OWNER_SES, &body).await;
        assert_eq!((answer.status, answer.places()), (400, vec![format!("/{field}")]), "{field}");
    }
    let body =
        json!({ "note": "n", "allProjects": true, "expiry": "week", "permissions": ["owner", "root"] });
    assert_eq!(create(&server, seed::OWNER_SES, &body).await.places(), ["/permissions/1"]);
    assert_eq!(everything(&server), before);
    let longest = json!({ "note": "Ж".repeat(100), "allProjects": false, "expiry": "week" });
    assert_eq!(create(&server, seed::OWNER_SES, &longest).await.json()["note"], longest["note"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_keep_their_order_and_duplicates_count_once() {
    let server = TestServer::start().await;
    let given = ["releases", "documents:full", "releases", "branches", "documents:full", "documents"];
    let made = make(&server, seed::OWNER_SES, &given).await;
    let expected = json!(["releases", "documents:full", "branches", "documents"]);
    assert_eq!(made["permissions"], expected);
    let shown = server.get(&path(&made)).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(shown["permissions"], expected);
    let body = json!({ "note": "n", "allProjects": false, "expiry": "week",
                       "projects": [seed::PRICING, seed::CLAIMS, seed::PRICING] });
    let made = create(&server, seed::OWNER_SES, &body).await.json();
    assert_eq!(made["permissions"], json!([]));
    let projects = made["projects"].as_array().expect("projects");
    let mut keys: Vec<&Value> = projects.iter().map(|project| &project["key"]).collect();
    keys.sort_by_key(ToString::to_string);
    assert_eq!(keys, ["claims", "pricing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_permissions_has_none_and_others_have_theirs() {
    let server = TestServer::start().await;
    let (members, users) = (seed::members_path(seed::PRICING), "/api/users");
    let outsiders = format!("{members}/users");
    for (permissions, expected) in [
        (&[][..], [200, 403, 403, 200]),
        (&["documents", "releases"], [200, 403, 403, 200]),
        (&["project:manage"], [200, 200, 403, 200]),
        (&["owner"], [200, 200, 200, 200]),
    ] {
        let token = make(&server, seed::OWNER_SES, permissions).await;
        let mut statuses = [0; 4];
        for (path, answer) in [&members, &outsiders, users, TOKENS].into_iter().zip(&mut statuses) {
            *answer = status(&server, path, &token).await;
        }
        assert_eq!(statuses, expected, "{permissions:?}");
    }
    let body = json!({ "note": "n", "allProjects": true, "expiry": "week" });
    let silent = create(&server, seed::OWNER_SES, &body).await.json();
    assert_eq!(silent["permissions"], json!([]));
    assert_eq!(status(&server, &outsiders, &silent).await, 403);
    // A token never has more permissions than its user.
    let manager = make(&server, seed::READER_SES, &["owner"]).await;
    assert_eq!(status(&server, &outsiders, &manager).await, 403);
    assert_eq!(status(&server, users, &manager).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_one_project_sees_no_other_and_nothing_outside() {
    let server = TestServer::start().await;
    let body = json!({ "note": "n", "allProjects": false, "expiry": "week", "permissions": ["owner"],
                       "projects": [seed::CLAIMS] });
    let token = create(&server, seed::OWNER_SES, &body).await.json();
    assert_eq!((&token["allProjects"], &token["projects"][0]["id"]), (&json!(false), &json!(seed::CLAIMS)));
    for (path, expected) in [
        (seed::members_path(seed::CLAIMS), 200),
        (seed::members_path(seed::PRICING), 404),
        (seed::members_path(seed::GLOBEX_PROJECT), 404),
        ("/api/users".to_owned(), 403),
        (TOKENS.to_owned(), 200),
    ] {
        assert_eq!(status(&server, &path, &token).await, expected, "{path}");
    }
    let body = json!({ "note": "n", "allProjects": false, "expiry": "week", "permissions": ["owner"] });
    let nowhere = create(&server, seed::OWNER_SES, &body).await.json();
    assert_eq!(status(&server, &seed::members_path(seed::CLAIMS), &nowhere).await, 404);
    // `projects` is for tokens that are not valid for all projects.
    let body = json!({ "note": "n", "allProjects": true, "expiry": "week", "permissions": ["owner"],
                       "projects": [seed::CLAIMS] });
    let everywhere = create(&server, seed::OWNER_SES, &body).await.json();
    assert_eq!(everywhere["projects"], json!([]));
    assert_eq!(status(&server, &seed::members_path(seed::PRICING), &everywhere).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_the_caller_cannot_see_is_named_and_no_token_is_created() {
    let server = TestServer::start().await;
    let nina = sign_in(&server, seed::NINA, None);
    let before = everything(&server);
    let given = [seed::PRICING, seed::UNKNOWN_ID, seed::CLAIMS, seed::GLOBEX_PROJECT];
    let body = json!({ "note": "n", "allProjects": false, "expiry": "week", "projects": given });
    for (caller, wrong) in [
        (seed::OWNER_SES, &[1, 3][..]),
        (seed::MANAGER_SES, &[1, 2, 3]),
        (&nina, &[0, 1, 2, 3]),
        (seed::GLOBEX_SES, &[0, 1, 2]),
    ] {
        let answer = create(&server, caller, &body).await;
        let expected: Vec<String> = wrong.iter().map(|position| format!("/projects/{position}")).collect();
        assert_eq!((answer.status, answer.places()), (404, expected), "{caller}");
    }
    assert_eq!(everything(&server), before);
    execute(&server, "UPDATE projects SET deleted_at = 1 WHERE key = 'claims'");
    let body = json!({ "note": "n", "allProjects": false, "expiry": "week", "projects": [seed::CLAIMS] });
    assert_eq!(create(&server, seed::OWNER_SES, &body).await.places(), ["/projects/0"], "it was deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_a_secret_is_only_in_the_two_responses_that_create_it() {
    let server = TestServer::start().await;
    // Created later than the seed's token, so that it is listed after it.
    server.clock.advance(Duration::from_secs(1));
    let made = make(&server, seed::MANAGER_SES, &["documents"]).await;
    server.clock.advance(Duration::from_millis(5));
    let renewal = server.post(&format!("{}/regenerate", path(&made))).caller(seed::MANAGER_SES);
    let renewed = renewal.json(&json!({ "expiry": "year" })).expect(200).await.json();
    assert!(secret(&made).starts_with("brms_pat_") && secret(&renewed).starts_with("brms_pat_"));
    assert_ne!(secret(&made), secret(&renewed));
    for same in ["id", "note", "permissions", "allProjects", "projects", "user", "createdAt"] {
        assert_eq!(renewed[same], made[same], "{same}");
    }
    assert_ne!(renewed["updatedAt"], made["updatedAt"]);
    let shown = server.get(&path(&made)).caller(seed::MANAGER_PAT).expect(200).await;
    let listed = server.get(TOKENS).caller(seed::MANAGER_PAT).expect(200).await;
    let mut expected = renewed.clone();
    expected.as_object_mut().expect("an object").remove("token");
    assert_eq!((shown.json(), listed.json()[1].clone()), (expected.clone(), expected.clone()));
    let gone = server.call("DELETE", &path(&made)).caller(seed::MANAGER_SES).expect(200).await;
    assert_eq!(gone.json(), expected);
    let rows = everything(&server).join("\n");
    for token in [&made, &renewed] {
        for text in [&shown.text(), &listed.text(), &gone.text(), &rows] {
            assert!(!text.contains(secret(token)));
        }
    }
    let id = made["id"].as_str().expect("an id");
    let expected = ["created", "regenerated", "deleted"]
        .map(|action| entry("personalAccessToken", action, id, seed::MANAGER));
    assert_audited(&server, expected.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regenerated_token_invalidates_its_old_secret_and_a_deleted_one_leaves_nothing() {
    let server = TestServer::start().await;
    let old = make(&server, seed::OWNER_SES, &["owner"]).await;
    assert_eq!(status(&server, "/api/users", &old).await, 200);
    let renewal = server.post(&format!("{}/regenerate", path(&old))).caller(seed::OWNER_SES);
    let new = renewal.json(&json!({ "expiry": "indefinite" })).expect(200).await.json();
    assert_eq!(new["expiresAt"], Value::Null);
    assert_eq!(status(&server, "/api/users", &old).await, 401);
    assert_eq!(status(&server, "/api/users", &new).await, 200, "its permissions are the old ones");
    server.call("DELETE", &path(&new)).caller(seed::OWNER_SES).expect(200).await;
    assert_eq!(status(&server, "/api/users", &new).await, 401);
    server.get(&path(&new)).caller(seed::OWNER_SES).expect(404).await;
    server.call("DELETE", &path(&new)).caller(seed::OWNER_SES).expect(404).await;
    let renewal = server.post(&format!("{}/regenerate", path(&new))).caller(seed::OWNER_SES);
    renewal.json(&json!({ "expiry": "week" })).expect(404).await;
    for body in [json!({}), json!({ "expiry": null }), json!({ "expiry": "never" })] {
        let renewal = server.post(&format!("{}/regenerate", path(&new))).caller(seed::OWNER_SES);
        assert_eq!(renewal.json(&body).expect(400).await.places(), ["/expiry"], "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_other_users_are_unknown_even_to_the_owner() {
    let server = TestServer::start().await;
    let reader = make(&server, seed::READER_SES, &[]).await;
    let before = everything(&server);
    for caller in [seed::OWNER_SES, seed::ADMIN_SES, seed::MANAGER_SES, seed::GLOBEX_SES] {
        server.get(&path(&reader)).caller(caller).expect(404).await;
        server.call("DELETE", &path(&reader)).caller(caller).expect(404).await;
        let renewal = server.post(&format!("{}/regenerate", path(&reader))).caller(caller);
        renewal.json(&json!({ "expiry": "week" })).expect(404).await;
        let listed = server.get(TOKENS).caller(caller).expect(200).await.json();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "the seed's own alone");
    }
    assert_eq!(everything(&server), before);
    assert_eq!(status(&server, TOKENS, &reader).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_read_the_tokens_of_its_user_but_not_change_them() {
    let server = TestServer::start().await;
    let token = make(&server, seed::OWNER_SES, &["owner"]).await;
    let before = everything(&server);
    assert_eq!(status(&server, TOKENS, &token).await, 200);
    assert_eq!(status(&server, &path(&token), &token).await, 200);
    let body = json!({ "note": "n", "allProjects": true, "expiry": "indefinite", "permissions": ["owner"] });
    assert_eq!(create(&server, &bearer(&token), &body).await.status, 401);
    server.call("DELETE", &path(&token)).caller(&bearer(&token)).expect(401).await;
    let renewal = server.post(&format!("{}/regenerate", path(&token))).caller(&bearer(&token));
    renewal.json(&json!({ "expiry": "week" })).expect(401).await;
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_at_most_100_valid_tokens_and_expired_ones_do_not_count() {
    let server = TestServer::start().await;
    server.clock.freeze();
    let first = make(&server, seed::READER_SES, &[]).await;
    let mut calls = JoinSet::new();
    for _ in 0..110 {
        let body = json!({ "note": "n", "allProjects": true, "expiry": "month" });
        let call = server.post(TOKENS).caller(seed::READER_SES).json(&body);
        calls.spawn(async move { call.send().await });
    }
    let answers = calls.join_all().await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 98, "with the seed's and the first one a hundred");
    let refused = answers.iter().filter(|answer| answer.status == 409 && answer.problem() == "too-many");
    assert_eq!(refused.count(), 12);
    let body = json!({ "note": "n", "allProjects": true, "expiry": "week" });
    assert_eq!(create(&server, seed::OWNER_SES, &body).await.status, 200, "others have their own hundred");
    let renewal = || server.post(&format!("{}/regenerate", path(&first))).caller(seed::READER_SES);
    renewal().json(&json!({ "expiry": "week" })).expect(200).await;

    server.clock.advance(7 * DAY);
    assert_eq!(create(&server, seed::READER_SES, &body).await.status, 200, "one of the hundred has ended");
    assert_eq!(create(&server, seed::READER_SES, &body).await.status, 409);
    assert_eq!(renewal().json(&json!({ "expiry": "week" })).expect(409).await.problem(), "too-many");
    server
        .call("DELETE", &path(&answers.iter().find(|answer| answer.status == 200).expect("one").json()))
        .caller(seed::READER_SES)
        .expect(200)
        .await;
    renewal().json(&json!({ "expiry": "week" })).expect(200).await;
    let listed = server.get(TOKENS).caller(seed::READER_SES).expect(200).await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_35_of_many_concurrent_deletions_of_one_token_one_succeeds() {
    let server = TestServer::start().await;
    let token = make(&server, seed::MANAGER_SES, &[]).await;
    let mut calls = JoinSet::new();
    for _ in 0..30 {
        let call = server.call("DELETE", &path(&token)).caller(seed::MANAGER_SES);
        calls.spawn(async move { call.send().await.status });
    }
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[404; 29][..]));
    assert_eq!(server.count("SELECT count(*) FROM audit_logs WHERE action = 'deleted'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_concurrent_regenerations_the_last_secret_is_valid() {
    let server = TestServer::start().await;
    let token = make(&server, seed::MANAGER_SES, &[]).await;
    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let call = server.post(&format!("{}/regenerate", path(&token))).caller(seed::MANAGER_SES);
        let call = call.json(&json!({ "expiry": "week" }));
        calls.spawn(async move { call.expect(200).await.json() });
    }
    let renewed = calls.join_all().await;
    let mut live = 0;
    for token in renewed.iter().chain([&token]) {
        live += u32::from(status(&server, TOKENS, token).await == 200);
    }
    assert_eq!(live, 1);
}
