//! Codes of invitations: invalid ones and their responses, races for one code, and where a code may be stored.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::inside::{cells_of, rows_of};
use crate::support::{Answer, TestServer, seed};

const ACCEPT: &str = "/invitations/accept";

async fn accept(server: &TestServer, body: &Value) -> Answer {
    server.post(ACCEPT).json(body).send().await
}

/// A problem without its id.
fn anonymous(answer: &Answer) -> Value {
    let mut body = answer.json();
    body.as_object_mut().expect("an object").remove("instance");
    body
}

/// Everything that accepting could change.
fn fingerprint(server: &TestServer) -> Vec<String> {
    rows_of(server, &["users", "invitation_secrets", "invitations", "audit_logs"])
}

/// Bodies that contain no code that ever existed.
fn wrong_bodies(ivy: &str) -> Vec<Value> {
    let swapped: String = ivy
        .chars()
        .map(|letter| {
            if letter.is_ascii_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect();
    let last = if ivy.ends_with('A') { "B" } else { "A" };
    let altered = format!("{}{last}", &ivy[..ivy.len() - 1]);
    let zeros = format!("brms_inv_{}", "0".repeat(43));
    let body_only = &ivy["brms_inv_".len()..];
    let texts = [
        String::new(),
        " ".to_owned(),
        "null".to_owned(),
        zeros,
        altered,
        ivy[..ivy.len() - 1].to_owned(),
        ivy[1..].to_owned(),
        body_only.to_owned(),
        format!("brms_pat_{body_only}"),
        format!("brms_inv_{}", swapped.trim_start_matches("BRMS_INV_")),
        ivy.to_uppercase(),
        "brms_inv_%".to_owned(),
        "' OR 1=1 --".to_owned(),
        "x".repeat(8_000),
        seed::IVY.to_owned(),
        seed::OWNER_SES.trim_start_matches("Internal ").to_owned(),
    ];
    let mut bodies: Vec<Value> = texts.iter().map(|text| json!({ "secret": text })).collect();
    bodies.extend([json!({}), json!({ "secret": null }), json!({ "Secret": ivy }), json!({ "code": ivy })]);
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_02_iv_11_all_invalid_codes_get_the_same_response() {
    let server = TestServer::start().await;
    let ivy = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = fingerprint(&server);
    let wanted = accept(&server, &json!({ "secret": "brms_inv_nothing" })).await;
    assert_eq!((wanted.status, wanted.problem().as_str()), (404, "unknown-code"));
    let wanted_page = server.post(ACCEPT).form(&[("secret", "x")]).expect(404).await.text();
    for body in wrong_bodies(&ivy) {
        let answer = accept(&server, &body).await;
        assert_eq!(answer.status, 404, "{body}");
        assert_eq!(anonymous(&answer), anonymous(&wanted), "{body}");
        let fields: Vec<(&str, &str)> =
            body["secret"].as_str().into_iter().map(|secret| ("secret", secret)).collect();
        assert_eq!(server.post(ACCEPT).form(&fields).expect(404).await.text(), wanted_page, "{body}");
    }
    // A repeated field counts as absent.
    let twice = [("secret", ivy.as_str()), ("secret", ivy.as_str())];
    assert_eq!(server.post(ACCEPT).form(&twice).expect(404).await.text(), wanted_page);
    assert_eq!(fingerprint(&server), before, "wrong tries change nothing");
    assert_eq!(accept(&server, &json!({ "secret": ivy })).await.status, 200);
}

async fn guest_code(server: &TestServer) -> String {
    server.post(&seed::invitation_path(seed::GLOBEX_GUEST)).caller(seed::GLOBEX_SES).expect(200).await;
    server.code("guest@globex.test").await
}

fn count_users(server: &TestServer, condition: &str) -> i64 {
    server.count(&format!("SELECT count(*) FROM users WHERE {condition}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_01_iv_03_a_code_admits_only_its_own_user() {
    let server = TestServer::start().await;
    let guest = guest_code(&server).await;
    let invited_before = count_users(&server, "type = 'invited'");
    let body = json!({
        "secret": guest, "userId": seed::IVY, "id": seed::IVY, "email": "eve@evil.test", "type": "owner",
        "organisationId": "0190a000-0000-7000-b000-000000000001", "status": "disabled", "owner": true,
    });
    // A session of another organisation makes no difference.
    let answer = server.post(ACCEPT).caller(seed::OWNER_SES).json(&body).expect(200).await.json();
    assert_eq!(
        (&answer["userId"], &answer["email"]),
        (&json!(seed::GLOBEX_GUEST), &json!("guest@globex.test"))
    );
    assert_eq!(count_users(&server, "type = 'invited'"), invited_before - 1);
    let guest_row = "email = 'guest@globex.test' AND type = 'member' AND status = 'active'";
    assert_eq!(count_users(&server, guest_row), 1);
    assert_eq!(count_users(&server, "email = 'eve@evil.test'"), 0);
    let foreign = "SELECT count(*) FROM audit_logs JOIN organisations ON organisations.id = organisation_id
                   WHERE action = 'accepted' AND organisations.name <> 'globex'";
    assert_eq!(server.count(foreign), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_12_iv_21_a_spent_code_is_rejected_with_its_reason() {
    let server = TestServer::start().await;
    let replaced = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let used = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let expired = server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
    let withdrawn = guest_code(&server).await;
    assert_eq!(accept(&server, &json!({ "secret": used })).await.status, 200);
    let disable = "UPDATE users SET status = 'disabled' WHERE email = 'guest@globex.test'";
    server.execute(disable);
    for (code, problem, words) in [
        (&replaced, "invitation-replaced", "was replaced"),
        (&used, "invitation-used", "already used"),
        (&withdrawn, "invitation-withdrawn", "withdrawn"),
    ] {
        said_of(&server, code, problem, words).await;
    }
    server.clock.advance(Duration::from_hours(8 * 24));
    said_of(&server, &expired, "invitation-expired", "has expired").await;
    // The first reason is kept.
    said_of(&server, &used, "invitation-used", "already used").await;
    said_of(&server, &replaced, "invitation-replaced", "was replaced").await;
}

async fn said_of(server: &TestServer, code: &str, problem: &str, words: &str) {
    let before = fingerprint(server);
    let answer = accept(server, &json!({ "secret": code })).await;
    assert_eq!((answer.status, answer.problem().as_str()), (410, problem));
    assert!(!answer.text().contains(code));
    let page = server.post(ACCEPT).form(&[("secret", code)]).expect(410).await.text();
    assert!(page.contains(words) && !page.contains(code), "{page}");
    assert_eq!(fingerprint(server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_16_of_64_parallel_accepts_exactly_one_succeeds() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let mut calls = JoinSet::new();
    for position in 0..64 {
        let body = json!({ "secret": code, "firstName": format!("Ivy {position}") });
        let call = server.post(ACCEPT).json(&body);
        calls.spawn(async move {
            let answer = call.send().await;
            let problem = if answer.status == 200 { String::new() } else { answer.problem() };
            (position, answer.status, problem)
        });
    }
    let outcomes = calls.join_all().await;
    let winners: Vec<_> = outcomes.iter().filter(|outcome| outcome.1 == 200).collect();
    let late = outcomes.iter().filter(|outcome| outcome.1 == 410 && outcome.2 == "invitation-used").count();
    assert_eq!((winners.len(), late), (1, 63), "{outcomes:?}");
    assert_eq!(server.count("SELECT count(*) FROM audit_logs WHERE action = 'accepted'"), 1);
    let first = format!("type = 'member' AND first_name = 'Ivy {}'", winners[0].0);
    assert_eq!(count_users(&server, &first), 1, "the winner's name is the one that stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_send_and_accept_never_both_succeed() {
    let server = TestServer::start_with(&["--invitation-sends-max", "1000"]).await;
    for _ in 0..8 {
        let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
        let body = json!({ "secret": code });
        let send = server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES);
        let (accepting, sending) =
            tokio::join!(server.post(ACCEPT).json(&body).send(), async { send.send().await });
        match (accepting.status, sending.status) {
            (200, 409) => assert_eq!(sending.problem(), "already-accepted"),
            (410, 200) => assert_eq!(accepting.problem(), "invitation-replaced"),
            // If the send is first, the old code is rejected. If the accept is first, there is nothing to send.
            both => panic!("{both:?}"),
        }
        server.execute("UPDATE users SET type = 'invited' WHERE email = 'ivy@acme.test'");
        server.execute("UPDATE invitations SET status = 'pending', accepted_at = NULL");
    }
}

/// Table and column of every cell that contains one of these texts.
fn cells_with(server: &TestServer, texts: &[String]) -> Vec<String> {
    let holds = |bytes: &[u8], text: &String| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let mut found: Vec<String> = cells_of(server)
        .into_iter()
        .filter(|(_, bytes)| texts.iter().any(|text| holds(bytes, text)))
        .map(|(place, _)| place)
        .collect();
    found.dedup();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_a_code_is_stored_only_in_its_mail() {
    let server = TestServer::start().await;
    let first = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let second = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let third = server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
    accept(&server, &json!({ "secret": first })).await;
    assert_eq!(accept(&server, &json!({ "secret": second })).await.status, 200);
    let all = [first, second, third];
    assert_eq!(cells_with(&server, &all), ["mails.message"]);
    let halves: Vec<String> = all.iter().map(|code| code["brms_inv_".len()..40].to_owned()).collect();
    assert_eq!(cells_with(&server, &halves), ["mails.message"]);
    assert_eq!(server.count("SELECT count(*) FROM mails WHERE secret IS NOT NULL"), 0);
    // Checks that the search itself works.
    assert!(cells_with(&server, &[seed::IVY_EMAIL.to_owned()]).contains(&"users.email".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_13_codes_never_repeat() {
    let server = TestServer::start_with(&["--invitation-sends-max", "1000"]).await;
    for _ in 0..20 {
        server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    }
    let mut codes: Vec<String> = server.mails().await.into_iter().map(|mail| mail.code).collect();
    assert_eq!(codes.len(), 20);
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 20);
    assert_eq!(server.count("SELECT count(*) FROM invitation_secrets WHERE state = 'live'"), 1);
}
