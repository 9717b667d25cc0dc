//! `Idempotency-Key`: what belongs to a key, who may have a repeat answered, and when it is answered how.

use brms::generated::router::ROUTES;
use serde_json::{Value, json};

use crate::matrix_callers::{Scene, made_by, token};
use crate::matrix_requests::Request;
use crate::matrix_table::{By, Place, Who};
use crate::support::inside::{everything, execute, sign_in};
use crate::support::{Answer, Call, TestServer, seed};

/// The header.
pub const KEY: &str = "Idempotency-Key";
const ROLES: &str = "/api/roles";

/// Whether the answer says that it repeats an earlier one.
pub fn is_repeat(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// A request to create a role; without a key it creates another one each time.
pub fn role(server: &TestServer, caller: &str, key: &str, name: &str) -> Call {
    let body = json!({ "name": name, "allProjects": false });
    server.post(ROLES).caller(caller).header(KEY, key).json(&body)
}

pub fn roles(server: &TestServer) -> i64 {
    server.count("SELECT count(*) FROM roles")
}

fn keys(server: &TestServer) -> i64 {
    server.count("SELECT count(*) FROM idempotency_keys")
}

fn groups_path(project: &str) -> String {
    format!("/api/projects/{project}/groups")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_is_done_once_and_answered_again() {
    let scene = Scene::of(Who::Owner, Place::Outside, By::Session).await;
    let (server, caller) = (&scene.server, scene.authorization.as_deref().expect("a session"));
    let posts = ROUTES.iter().filter(|route| route.method == "POST").map(|route| route.target);
    let mut showing_secrets = Vec::new();
    for operation in posts.clone() {
        let request = Request::of(operation, &scene.things);
        let call = || request.call(server).caller(caller).header(KEY, operation.id());
        let rows = keys(server);
        let first = call().expect(200).await;
        assert!(!is_repeat(&first), "{}", operation.id());
        assert_eq!(keys(server), rows + 1, "{}", operation.id());
        // What was queued is delivered, so that nothing else changes from here on.
        server.mails().await;
        let before = everything(server);
        let again = call().send().await;
        let thing = first.json();
        if thing.get("token").is_some() {
            showing_secrets.push(operation.id());
            assert_eq!((again.status, again.problem()), (409, "already-done".to_owned()));
            assert_eq!(again.json()["ids"], json!([thing["id"]]), "{}", operation.id());
            let id = thing["id"].as_str().expect("an id");
            assert!(
                again.text().contains(&format!("see the personal access token {id}. ")),
                "{}",
                again.text()
            );
        } else {
            assert_eq!((again.status, again.text()), (200, first.text()), "{}", operation.id());
            assert!(is_repeat(&again), "{}", operation.id());
            assert_eq!(again.header("content-type"), Some("application/json"));
        }
        let other = Request { path: format!("{}?other", request.path), ..request };
        let other = other.call(server).caller(caller).header(KEY, operation.id()).expect(422).await;
        assert_eq!(other.problem(), "idempotency-key-reused", "{}", operation.id());
        assert_eq!(everything(server), before, "{}", operation.id());
    }
    assert_eq!(posts.count(), 12);
    showing_secrets.sort_unstable();
    let expected = [
        "createPersonalAccessToken",
        "createServiceAccountToken",
        "regeneratePersonalAccessToken",
        "regenerateServiceAccountToken",
    ];
    assert_eq!(showing_secrets, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request() {
    let server = TestServer::start().await;
    let members = seed::members_path(seed::PRICING);
    let bodies = [r#"{"userIds":[]}"#, r#"{"userIds": []}"#];
    let send = |path: &str, body: &str| {
        let call = server.post(path).caller(seed::OWNER_SES).header(KEY, "one");
        call.body("application/json", body.as_bytes().to_vec())
    };
    send(&members, bodies[0]).expect(200).await;
    assert!(is_repeat(&send(&members, bodies[0]).expect(200).await));
    send(&members, bodies[1]).expect(422).await;
    send(&format!("{members}?"), bodies[0]).expect(422).await;
    send(&seed::members_path(seed::CLAIMS), bodies[0]).expect(422).await;
    // An operation without a body takes one all the same, and it counts.
    let join = format!("{}/join", seed::members_path(seed::CLAIMS));
    let join = |body: &str| {
        let call = server.post(&join).caller(seed::OWNER_SES).header(KEY, "two");
        call.body("application/json", body.as_bytes().to_vec())
    };
    join("{}").expect(200).await;
    assert!(is_repeat(&join("{}").expect(200).await));
    join("").expect(422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_credential_whatever_its_secret_is() {
    let server = TestServer::start().await;
    let before = roles(&server);
    role(&server, seed::OWNER_SES, "k", "Of the session").expect(200).await;
    role(&server, &sign_in(&server, seed::OWNER, None), "k", "Of another session").expect(200).await;
    let (authorization, id) = token(&server, seed::OWNER, &["owner"], &[]);
    let first = role(&server, &authorization, "k", "Of a token").expect(200).await;
    assert_eq!(roles(&server), before + 3);

    let path = format!("/api/personal-access-tokens/{id}/regenerate");
    let body = json!({ "expiry": "week" });
    let renewed = server.post(&path).caller(seed::OWNER_SES).json(&body).expect(200).await.json();
    role(&server, &authorization, "k", "Of a token").expect(401).await;
    let renewed = format!("Bearer {}", renewed["token"].as_str().expect("a secret"));
    let again = role(&server, &renewed, "k", "Of a token").expect(200).await;
    assert!(is_repeat(&again));
    assert_eq!((again.text(), roles(&server)), (first.text(), before + 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_for_callers_who_still_may() {
    let server = TestServer::start().await;
    let groups = groups_path(seed::PRICING);
    let group = |name: &str| {
        let call = server.post(&groups).caller(seed::MANAGER_SES).header(KEY, "g");
        call.json(&json!({ "name": name }))
    };
    let first = group("Fresh").expect(200).await;
    execute(&server, "UPDATE projects SET deleted_at = 5 WHERE name = 'Pricing'");
    group("Fresh").expect(404).await;
    group("Other").expect(404).await;
    execute(&server, "UPDATE projects SET deleted_at = NULL WHERE name = 'Pricing'");
    assert_eq!(group("Fresh").expect(200).await.text(), first.text());

    execute(&server, "DELETE FROM member_groups");
    assert_eq!(group("Fresh").expect(403).await.problem(), "forbidden");
    // Nothing is said of the key before the permission is there.
    group("Other").expect(403).await;
    execute(&server, "DELETE FROM members WHERE by_role = 0");
    assert_eq!(group("Fresh").expect(404).await.problem(), "not-found");
    execute(
        &server,
        "DELETE FROM internal_tokens WHERE user_id NOT IN (SELECT id FROM users WHERE type = 'owner')",
    );
    group("Fresh").expect(401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handing_out_owner_is_asked_about_again_in_a_repeat() {
    let server = TestServer::start().await;
    let mark = |is_owner: bool| {
        let owner = i64::from(is_owner);
        let sql = format!(
            "UPDATE members SET owner = {owner} WHERE user_id IN (SELECT id FROM users WHERE email = 'manager@acme.test')"
        );
        execute(&server, &sql);
    };
    let calls = || {
        let group = server.post(&groups_path(seed::PRICING)).header(KEY, "group");
        let group = group.json(&json!({ "name": "All", "permissions": ["owner"] }));
        let members = server.post(&seed::members_path(seed::PRICING)).header(KEY, "members");
        [group, members.json(&json!({ "userIds": [seed::NINA], "owner": true }))]
    };
    for (is_owner, status, is_answered_again) in [(true, 200, false), (false, 403, false), (true, 200, true)]
    {
        mark(is_owner);
        for call in calls() {
            let answer = call.caller(seed::MANAGER_SES).expect(status).await;
            assert_eq!(is_repeat(&answer), is_answered_again);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_remembered() {
    let server = TestServer::start().await;
    let taken =
        made_by(&server, seed::OWNER_SES, "/api/projects", json!({ "name": "A", "key": "taken" })).await;
    let create = || {
        let call = server.post("/api/projects").caller(seed::OWNER_SES).header(KEY, "p");
        call.json(&json!({ "name": "B", "key": "taken" }))
    };
    let before = everything(&server);
    assert_eq!(create().expect(409).await.problem(), "name-taken");
    assert_eq!(create().expect(409).await.problem(), "name-taken");
    assert_eq!(everything(&server), before);
    let free = server.call("PUT", &format!("/api/projects/{taken}")).caller(seed::OWNER_SES);
    free.json(&json!({ "key": "free" })).expect(200).await;
    let first = create().expect(200).await;
    assert!(!is_repeat(&first));
    assert_eq!(create().expect(200).await.text(), first.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_may_be_gone_since() {
    let server = TestServer::start().await;
    let groups = groups_path(seed::PRICING);
    let create = || {
        let call = server.post(&groups).caller(seed::OWNER_SES).header(KEY, "g");
        call.json(&json!({ "name": "Short-lived" }))
    };
    let first = create().expect(200).await;
    let id = first.json()["id"].as_str().expect("an id").to_owned();
    server.call("DELETE", &format!("{groups}/{id}")).caller(seed::OWNER_SES).expect(200).await;
    let again = create().expect(200).await;
    assert_eq!((again.text(), is_repeat(&again)), (first.text(), true));
    assert_eq!(server.count("SELECT count(*) FROM groups WHERE name = 'Short-lived'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_is_400_after_the_credentials_and_before_the_body() {
    let server = TestServer::start().await;
    let long = "a".repeat(201);
    for wrong in ["", "a b", "a\tb", "ä", &long] {
        let answer = role(&server, seed::OWNER_SES, wrong, "Wrong").expect(400).await;
        assert_eq!(answer.places(), [KEY], "{wrong}");
        assert!(answer.text().contains("1 to 200 visible ASCII characters"), "{}", answer.text());
        server.post(ROLES).header(KEY, wrong).expect(401).await;
        let call = server.post(ROLES).caller(seed::OWNER_SES).header(KEY, wrong);
        assert_eq!(call.body("application/json", b"{".to_vec()).expect(400).await.places(), [KEY]);
    }
    let answer = role(&server, seed::OWNER_SES, "a", "Twice").header(KEY, "a").expect(400).await;
    assert!(answer.text().contains("must be given once"), "{}", answer.text());
    assert_eq!(keys(&server), 0);
    for right in ["a", "~", "\"8e03978e\"", &"a".repeat(200)] {
        role(&server, seed::OWNER_SES, right, "Right").expect(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_means_nothing_to_other_methods() {
    let server = TestServer::start().await;
    let group = format!("{}/{}", groups_path(seed::PRICING), seed::EDITORS);
    for key in ["k", "", "not a key"] {
        for name in ["One", "Two"] {
            let call = server.call("PUT", &group).caller(seed::OWNER_SES).header(KEY, key);
            let answer = call.json(&json!({ "name": name })).expect(200).await;
            assert_eq!((answer.json()["name"].as_str(), is_repeat(&answer)), (Some(name), false));
        }
        server.get("/api/users").caller(seed::OWNER_SES).header(KEY, key).expect(200).await;
    }
    server.call("DELETE", &group).caller(seed::OWNER_SES).header(KEY, "k").expect(200).await;
    server.call("DELETE", &group).caller(seed::OWNER_SES).header(KEY, "k").expect(404).await;
    assert_eq!(keys(&server), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_description_offers_the_header_to_every_post_and_states_its_form() {
    let server = TestServer::start().await;
    let description = server.get("/openapi.json").expect(200).await.json();
    let header = &description["components"]["parameters"]["IdempotencyKey"];
    assert_eq!(
        (&header["name"], &header["in"], &header["required"]),
        (&json!(KEY), &json!("header"), &json!(false))
    );
    let reference = json!({ "$ref": "#/components/parameters/IdempotencyKey" });
    for methods in description["paths"].as_object().expect("paths").values() {
        for (method, operation) in methods.as_object().expect("methods") {
            let is_offered = operation["parameters"].as_array().is_some_and(|all| all.contains(&reference));
            assert_eq!(is_offered, method == "post", "{}", operation["operationId"]);
        }
    }
    let judge = crate::descriptions::compiled(&header["schema"]);
    for key in ["", "a", " ", "a b", "!~", "ä", &"a".repeat(200), &"a".repeat(201)] {
        let wanted = if judge.is_valid(&Value::from(key)) { 200 } else { 400 };
        role(&server, seed::OWNER_SES, key, "Any").expect(wanted).await;
    }
}
