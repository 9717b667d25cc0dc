//! createServiceAccount, and the five token operations of service accounts where they differ from those of the
//! caller's own tokens: ownership and permissions.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::inside::{Pat, everything, sign_in};
use crate::support::{Answer, TestServer, seed};
use crate::users::{assert_audited, entry};

const SERVICE: &str = "/api/users/service";

fn tokens_path(user: &str) -> String {
    format!("{SERVICE}/{user}/personal-access-tokens")
}

fn id(made: &Value) -> &str {
    made["id"].as_str().expect("an id")
}

fn token_path(user: &str, token: &Value) -> String {
    format!("{}/{}", tokens_path(user), id(token))
}

async fn create(server: &TestServer, body: &Value) -> Answer {
    server.post(SERVICE).caller(seed::ADMIN_SES).json(body).send().await
}

fn wide() -> Value {
    json!({ "note": "for a program", "allProjects": true, "expiry": "year", "permissions": ["owner"] })
}

fn bearer(token: &Value) -> String {
    format!("Bearer {}", token["token"].as_str().expect("a secret"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_is_a_member_unless_it_is_created_as_an_admin() {
    let server = TestServer::start().await;
    server.clock.advance(Duration::from_secs(1));
    let plain = create(&server, &json!({ "email": "Build.Robot@acme.test" })).await;
    assert_eq!(plain.status, 200, "{}", plain.text());
    let plain = plain.json();
    assert_eq!((&plain["email"], &plain["type"]), (&json!("Build.Robot@acme.test"), &json!("member")));
    assert_eq!((&plain["status"], &plain["isService"]), (&json!("active"), &json!(true)));
    assert_eq!((&plain["firstName"], &plain["roles"]), (&Value::Null, &json!([])));
    server.clock.advance(Duration::from_secs(1));
    let admin = create(&server, &json!({ "email": "chief@acme.test", "type": "admin" })).await.json();
    assert_eq!(admin["type"], "admin");
    let listed = server.get("/api/users?isService=true").caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(listed["results"].as_array().expect("users")[1..], [plain.clone(), admin.clone()]);
    assert_eq!(server.count("SELECT count(*) FROM mails"), 0, "a service account gets no mail");
    let expected = [&plain, &admin].map(|account| entry("user", "created", id(account), seed::ADMIN));
    assert_audited(&server, expected.into()).await;

    // Its permissions follow from its user type.
    for (account, status) in [(&plain, 403), (&admin, 200)] {
        let path = tokens_path(id(account));
        let token = server.post(&path).caller(seed::ADMIN_SES).json(&wide()).expect(200).await.json();
        server.get("/api/users").caller(&bearer(&token)).expect(status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_conflicts_whatever_its_case() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for email in ["NINA@acme.test", seed::IVY_EMAIL, "Robot@Acme.Test", "dora@acme.test"] {
        let answer = create(&server, &json!({ "email": email })).await;
        assert_eq!((answer.status, answer.problem().as_str()), (409, "name-taken"), "{email}");
        assert_eq!(answer.places(), ["/email"]);
    }
    assert_eq!(everything(&server), before);
    let elsewhere = create(&server, &json!({ "email": "owner@globex.test" })).await;
    assert_eq!(elsewhere.status, 200, "what another organisation has is not known here");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_concurrent_accounts_with_one_address_one_is_created() {
    let server = TestServer::start().await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let call = server.post(SERVICE).caller(seed::ADMIN_SES).json(&json!({ "email": "race@acme.test" }));
        calls.spawn(async move { call.send().await.status });
    }
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[409; 19][..]));
    assert_eq!(server.count("SELECT count(*) FROM users WHERE email = 'race@acme.test'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_service_account_is_rejected_at_its_place() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (body, place) in [
        (json!({ "email": "robot" }), "/email"),
        (json!({ "email": "" }), "/email"),
        (json!({ "email": "a@b@c" }), "/email"),
        (json!({ "email": format!("{}@x.test", "a".repeat(260)) }), "/email"),
        (json!({ "email": null }), "/email"),
        (json!({ "type": "admin" }), "/email"),
        (json!({ "email": "new@acme.test", "type": "owner" }), "/type"),
        (json!({ "email": "new@acme.test", "type": "author" }), "/type"),
        (json!({ "email": "new@acme.test", "type": null }), "/type"),
    ] {
        let answer = create(&server, &body).await;
        assert_eq!((answer.status, answer.places()), (400, vec![place.to_owned()]), "{body}");
    }
    for (caller, status) in [(seed::OWNER_PAT, 401), (seed::MANAGER_SES, 403)] {
        let call = server.post(SERVICE).caller(caller).json(&json!({ "email": "new@acme.test" }));
        call.expect(status).await;
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_service_account_is_valid_from_creation_to_deletion() {
    let server = TestServer::start().await;
    // Created later than the seed's token, so that it is listed after it.
    server.clock.advance(Duration::from_secs(1));
    let made =
        server.post(&tokens_path(seed::ROBOT)).caller(seed::ADMIN_SES).json(&wide()).expect(200).await.json();
    assert_eq!((&made["user"]["id"], &made["user"]["isService"]), (&json!(seed::ROBOT), &json!(true)));
    let path = token_path(seed::ROBOT, &made);
    let shown = server.get(&path).caller(seed::ADMIN_PAT).expect(200).await;
    let listed = server.get(&tokens_path(seed::ROBOT)).caller(seed::ADMIN_PAT).expect(200).await;
    assert_eq!(listed.json().as_array().expect("tokens").len(), 2, "the seed's and this one");
    assert_eq!(listed.json()[1], shown.json());
    let mut without_secret = made.clone();
    without_secret.as_object_mut().expect("an object").remove("token");
    assert_eq!(shown.json(), without_secret);
    assert!(!shown.text().contains("brms_pat_") && !listed.text().contains("brms_pat_"));

    let works = |token: &Value| server.get("/api/personal-access-tokens").caller(&bearer(token));
    let own = works(&made).expect(200).await.json();
    assert_eq!(own, listed.json(), "the program sees the same tokens as its own");
    let renewal = server.post(&format!("{path}/regenerate")).caller(seed::ADMIN_SES);
    let renewed = renewal.json(&json!({ "expiry": "week" })).expect(200).await.json();
    assert_eq!((&renewed["id"], &renewed["note"]), (&made["id"], &made["note"]));
    works(&made).expect(401).await;
    works(&renewed).expect(200).await;
    let gone = server.call("DELETE", &path).caller(seed::ADMIN_SES).expect(200).await;
    assert_eq!(gone.json()["id"], made["id"]);
    assert!(!gone.text().contains("brms_pat_"));
    works(&renewed).expect(401).await;
    server.get(&path).caller(seed::ADMIN_SES).expect(404).await;

    let expected = ["created", "regenerated", "deleted"]
        .map(|action| entry("personalAccessToken", action, id(&made), seed::ADMIN));
    assert_audited(&server, expected.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_service_accounts_of_the_organisation_have_tokens_here() {
    let server = TestServer::start().await;
    let nina = sign_in(&server, seed::NINA, None);
    let personal = server.post("/api/personal-access-tokens").caller(&nina);
    let personal = personal.json(&wide()).expect(200).await.json();
    let before = everything(&server);
    for user in [seed::NINA, seed::OWNER, seed::IVY, seed::UNKNOWN_ID, seed::GLOBEX_OWNER, seed::PRICING] {
        let (list, one) = (tokens_path(user), token_path(user, &personal));
        server.get(&list).caller(seed::ADMIN_SES).expect(404).await;
        server.get(&list).caller(seed::MANAGER_SES).expect(404).await;
        server.post(&list).caller(seed::ADMIN_SES).json(&wide()).expect(404).await;
        server.get(&one).caller(seed::ADMIN_SES).expect(404).await;
        server.call("DELETE", &one).caller(seed::ADMIN_SES).expect(404).await;
        let renewal = server.post(&format!("{one}/regenerate")).caller(seed::ADMIN_SES);
        renewal.json(&json!({ "expiry": "week" })).expect(404).await;
    }
    // A person's token does not belong to the service account either.
    let mixed = token_path(seed::ROBOT, &personal);
    server.get(&mixed).caller(seed::ADMIN_SES).expect(404).await;
    server.call("DELETE", &mixed).caller(seed::ADMIN_SES).expect(404).await;
    server.post(&tokens_path(seed::ROBOT)).caller(seed::GLOBEX_SES).json(&wide()).expect(404).await;
    server.get(&tokens_path(seed::ROBOT)).caller(seed::GLOBEX_PAT).expect(404).await;
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_manage_the_tokens_of_service_accounts() {
    let server = TestServer::start().await;
    let made =
        server.post(&tokens_path(seed::ROBOT)).caller(seed::OWNER_SES).json(&wide()).expect(200).await.json();
    let (list, one) = (tokens_path(seed::ROBOT), token_path(seed::ROBOT, &made));
    let narrow = Pat { user: seed::OWNER, permissions: &["documents"], projects: &[], expires_at: None };
    let narrow = narrow.put(&server);
    let before = everything(&server);
    for (caller, read, write) in [
        (seed::OWNER_PAT, 200, 401),
        (&narrow, 403, 401),
        (seed::ROBOT_PAT, 403, 401),
        (seed::MANAGER_SES, 403, 403),
        (seed::READER_PAT, 403, 401),
    ] {
        server.get(&list).caller(caller).expect(read).await;
        server.get(&one).caller(caller).expect(read).await;
        server.post(&list).caller(caller).json(&wide()).expect(write).await;
        server.call("DELETE", &one).caller(caller).expect(write).await;
        let renewal = server.post(&format!("{one}/regenerate")).caller(caller);
        renewal.json(&json!({ "expiry": "week" })).expect(write).await;
    }
    assert_eq!(everything(&server), before);
}
