//! One mailbox is one user: addresses that differ only in how they are written, in every place that takes one.
//! `tests/documents/addresses.rs` has the table of foldings.

use serde_json::{Value, json};

use crate::support::program::run;
use crate::support::{Answer, TestServer, seed};

async fn invite(server: &TestServer, emails: &[&str]) -> Answer {
    server.post("/api/users").caller(seed::OWNER_SES).json(&json!({ "emails": emails })).send().await
}

/// The user that an address is invited as.
async fn user(server: &TestServer, email: &str) -> String {
    let answer = invite(server, &[email]).await;
    assert_eq!(answer.status, 200, "{email}: {}", answer.text());
    answer.json()[0]["userId"].as_str().expect("a user").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_one_mailbox_is_one_user_however_it_is_written() {
    for group in [
        &[
            "ann@bücher.example",
            "ann@xn--bcher-kva.example",
            "ann@bu\u{308}cher.example",
            "Ann@BÜCHER\u{3002}example",
        ][..],
        &["bea@acme.test", "\"bea\"@acme.test", "bea@\u{ff41}cme.test", "BEA@ACME.TEST"],
        &["jürgen@acme.test", "ju\u{308}rgen@acme.test", "JÜRGEN@acme.test"],
    ] {
        let server = TestServer::start_with(&["--invitation-sends-max=9"]).await;
        let first = user(&server, group[0]).await;
        for again in &group[1..] {
            assert_eq!(user(&server, again).await, first, "{again}");
        }
        let all: Vec<&str> = group.to_vec();
        let answer = invite(&server, &all).await.json();
        assert_eq!(answer.as_array().map(Vec::len), Some(1), "one invitation for all of them: {answer}");
        let body = server.get("/api/users?perPage=50").caller(seed::OWNER_SES).expect(200).await.json();
        let shown = body["results"].as_array().expect("users").iter().map(|user| &user["email"]);
        assert_eq!(shown.filter(|email| **email == json!(group[0])).count(), 1, "as typed first: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_a_look_alike_of_an_ascii_letter_is_another_user() {
    let server = TestServer::start().await;
    let sign = user(&server, "\u{212a}arl@acme.test").await;
    let karl = user(&server, "karl@acme.test").await;
    assert_ne!(sign, karl);
    assert_ne!(user(&server, "k\u{430}rl@acme.test").await, karl);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_a_character_that_cannot_be_seen_is_refused_with_its_place() {
    let server = TestServer::start().await;
    let before = server.count("SELECT count(*) FROM users");
    let wrong = ["owner@acme.test\u{200b}", "new@acme.test", "own\u{ad}er@acme.test", "a\u{378}@acme.test"];
    let answer = invite(&server, &wrong).await;
    assert_eq!(
        (answer.status, answer.places()),
        (400, ["/emails/0", "/emails/2", "/emails/3"].map(str::to_owned).to_vec())
    );
    let details: Vec<Value> = answer.json()["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["detail"].clone())
        .collect();
    for (detail, wanted) in details.iter().zip([
        "U+200B at character 16 is inv",
        "U+00AD at character 4",
        "U+0378 at character 2 is not",
    ]) {
        assert!(detail.as_str().is_some_and(|text| text.contains(wanted)), "{details:?}");
    }
    let account = server.post("/api/users/service").caller(seed::OWNER_SES);
    let answer =
        account.json(&json!({ "email": "robot\u{2060}@acme.test", "type": "member" })).expect(400).await;
    assert_eq!(answer.places(), ["/email"]);
    assert_eq!(server.count("SELECT count(*) FROM users"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_a_service_account_cannot_have_the_mailbox_of_a_user() {
    let server = TestServer::start().await;
    for email in ["\"owner\"@acme.test", "owner@\u{ff41}cme.test"] {
        let call = server.post("/api/users/service").caller(seed::OWNER_SES);
        let answer = call.json(&json!({ "email": email, "type": "member" })).expect(409).await;
        assert_eq!((answer.problem().as_str(), answer.places()), ("name-taken", vec!["/email".to_owned()]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_commands_fold_addresses_the_same_way() {
    let server = TestServer::start().await;
    user(&server, "ann@bücher.example").await;
    server.mails().await;
    let database = server.database().display().to_string();
    let create =
        |user: &str| run(&["token", "create", "--user", user, "--kind", "internal", "--database", &database]);
    assert!(create("ANN@xn--bcher-kva.example").status.success());
    assert!(!create("ann@bucher.example").status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_a_seed_with_two_users_of_one_mailbox_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seed: Value =
        serde_json::from_slice(&std::fs::read(seed::FILE).expect("the seed")).expect("JSON");
    seed["organisations"][0]["users"][2]["email"] = json!("\"owner\"@acme.test");
    seed["organisations"][0]["users"][3]["email"] = json!("reader\u{200b}@acme.test");
    let file = folder.path().join("seed.json");
    std::fs::write(&file, seed.to_string()).expect("it is written");
    let database = folder.path().join("a.db").display().to_string();
    let output = run(&["seed", &file.display().to_string(), "--database", &database]);
    let error = String::from_utf8(output.stderr).expect("text");
    assert!(error.contains("users[2].email") && error.contains("has this address"), "{error}");
    assert!(error.contains("users[3].email") && error.contains("U+200B at character 7"), "{error}");
}
