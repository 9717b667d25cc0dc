//! Authentication: the Authorization header, its schemes, and expired or revoked secrets.

use std::time::Duration;

use brms::generated::api::SecurityScheme;
use brms::generated::router::ROUTES;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::json;

use crate::support::inside::{Pat, everything, execute, sign_in};
use crate::support::tcp::{Tcp, request};
use crate::support::{Answer, Call, TestServer, program, seed};

const BEARER: &str = "Bearer realm=\"brms\"";
const INTERNAL: &str = "Internal realm=\"brms\"";
const INVALID: &str = ", error=\"invalid_token\"";

/// The challenges without their descriptions.
fn challenges(answer: &Answer) -> Vec<String> {
    let values = answer.headers.get_all(WWW_AUTHENTICATE).iter();
    let bare = |value: &str| value.split(", error_description=").next().unwrap_or_default().to_owned();
    values.map(|value| bare(value.to_str().expect("a header is text"))).collect()
}

fn invite(server: &TestServer, caller: &str) -> Call {
    server.post(&seed::members_path(seed::PRICING)).caller(caller).json(&json!({ "userIds": [] }))
}

/// The path of a template with some id for each parameter.
fn filled(template: &str) -> String {
    let segments =
        template.split('/').map(|part| if part.starts_with('{') { seed::UNKNOWN_ID } else { part });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_except_health_requires_credentials_and_names_its_schemes() {
    let server = TestServer::start().await;
    for route in ROUTES {
        let answer = server.call(route.method, &filled(route.path)).send().await;
        let schemes: Vec<&str> = route
            .target
            .security()
            .iter()
            .flat_map(|alternative| alternative.iter())
            .map(|scheme| match scheme {
                SecurityScheme::PersonalAccessToken => BEARER,
                SecurityScheme::InternalAuth => INTERNAL,
            })
            .collect();
        let expected = if schemes.is_empty() { 200 } else { 401 };
        assert_eq!((answer.status, challenges(&answer)), (expected, own(&schemes)), "{}", route.path);
        assert_eq!(route.path == "/api/health", schemes.is_empty());
    }
}

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_access_token_is_rejected_with_a_reason_where_a_session_is_required() {
    let server = TestServer::start().await;
    let internal_only =
        |schemes: &[&[SecurityScheme]]| schemes == [[SecurityScheme::InternalAuth].as_slice()];
    let routes: Vec<_> = ROUTES.iter().filter(|route| internal_only(route.target.security())).collect();
    assert!(routes.len() > 5);
    for route in routes {
        let call = server.call(route.method, &filled(route.path)).caller(seed::OWNER_PAT);
        let answer = call.json(&json!({})).expect(401).await;
        assert_eq!(challenges(&answer), [format!("{INTERNAL}{INVALID}")], "{}", route.path);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains("requires a session") && detail.contains("personal access token"),
            "{detail}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_other_than_one_scheme_and_one_secret_is_rejected() {
    let server = TestServer::start().await;
    let secret = seed::OWNER_PAT.strip_prefix("Bearer ").unwrap();
    let session = seed::OWNER_SES.strip_prefix("Internal ").unwrap();
    let before = everything(&server);
    for value in [
        String::new(),
        secret.to_owned(),
        "Bearer".to_owned(),
        format!("Bearer  {secret}"),
        format!("Bearer\t{secret}"),
        format!("Bearer{secret}"),
        format!("Bearer {secret} {secret}"),
        format!("Bearer {secret},"),
        format!("Bearer {secret}, Bearer {secret}"),
        format!("Bearer \"{secret}\""),
        format!("Bearer token={secret}"),
        format!("Bearer: {secret}"),
        format!("Basic {secret}"),
        "Basic b3duZXI6cGFzc3dvcmQ=".to_owned(),
        format!("Token {secret}"),
        format!("Digest username=\"{secret}\""),
        format!("Bearer {session}"),
        format!("Internal {secret}"),
        "Bearer null".to_owned(),
        "Bearer brms_pat_".to_owned(),
        format!("Bearer {}", secret.to_uppercase()),
        format!("Bearer {}", &secret[..secret.len() - 1]),
        format!("Bearer {secret}0"),
        format!("Bearer {secret}{}", "x".repeat(5000)),
        format!("Bearer brms_pat_{}", "0".repeat(43)),
        format!("Internal brms_ses_{}", "_".repeat(43)),
        "Bearer '%20OR%201=1--".to_owned(),
    ] {
        let answer = invite(&server, &value).expect(401).await;
        let expected = [format!("{BEARER}{INVALID}"), format!("{INTERNAL}{INVALID}")];
        assert_eq!(challenges(&answer), expected, "{value}");
        assert!(!answer.text().contains("0000000000000000000000000000000000"), "{value}: {}", answer.text());
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_authorization_headers_are_rejected_even_if_both_are_valid() {
    let server = TestServer::start().await;
    for second in [seed::OWNER_PAT, seed::OWNER_SES, "Basic x", ""] {
        let answer = invite(&server, seed::OWNER_PAT).header("authorization", second).expect(401).await;
        assert!(challenges(&answer)[0].ends_with(INVALID));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_not_text_is_rejected() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    for value in [&b"Bearer \xff\xfe"[..], b"\xc3\xa9 x", b"Bearer brms_pat_\xe2\x80\xae"] {
        let mut connection = Tcp::connect(&server);
        let line = format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\nauthorization: ");
        connection.send([line.as_bytes(), value, b"\r\n\r\n"].concat());
        assert_eq!(connection.checked_answer("POST", &path).status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheme_is_case_insensitive() {
    let server = TestServer::start().await;
    for caller in [seed::OWNER_PAT, seed::OWNER_SES] {
        let (word, secret) = caller.split_once(' ').unwrap();
        let mixed: String = word.chars().map(|letter| if letter == 'e' { 'E' } else { letter }).collect();
        for word in [word.to_lowercase(), word.to_uppercase(), mixed] {
            invite(&server, &format!("{word} {secret}")).expect(200).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_an_unauthenticated_request_is_not_examined() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let too_long = vec![b' '; 1024 * 1024 + 1];
    for (content_type, body) in [
        ("application/json", b"{ broken".to_vec()),
        ("text/plain", b"text".to_vec()),
        ("application/json", too_long),
        ("application/json", b"{}".to_vec()),
    ] {
        let answer = server.post(&path).body(content_type, body).expect(401).await;
        assert_eq!(challenges(&answer), [BEARER, INTERNAL]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unauthenticated_client_that_expects_100_continue_is_answered_before_its_body() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [] }).to_string();
    let asking = |caller: &str| {
        let head =
            [("authorization", caller), ("content-type", "application/json"), ("expect", "100-continue")];
        let all = request("POST", &path, &head, body.as_bytes());
        all[..all.len() - body.len()].to_vec()
    };
    let mut stranger = Tcp::connect(&server);
    stranger.send(asking("Bearer nothing"));
    let answer = stranger.checked_answer("POST", &path);
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
    assert!(stranger.answer().is_none(), "the connection is closed");

    let mut owner = Tcp::connect(&server);
    owner.send(asking(seed::OWNER_PAT));
    assert_eq!(owner.answer().expect("100 Continue").status, 100);
    owner.send(&body);
    assert_eq!(owner.checked_answer("POST", &path).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_expire_at_their_time() {
    let server = TestServer::start().await;
    let hour = Duration::from_hours(1);
    let ends = server.clock.now().plus(hour).as_millis();
    let token = Pat { user: seed::OWNER, permissions: &["owner"], projects: &[], expires_at: Some(ends) }
        .put(&server);
    let session = sign_in(&server, seed::OWNER, Some(ends));
    for caller in [&token, &session] {
        invite(&server, caller).expect(200).await;
    }
    server.clock.advance(hour);
    for caller in [&token, &session] {
        invite(&server, caller).expect(401).await;
    }
    invite(&server, seed::OWNER_PAT).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_rejected_from_the_next_request_on() {
    let server = TestServer::start().await;
    let database = server.database().to_str().unwrap().to_owned();
    let listed = program::run_well(&["token", "list", "--database", &database]);
    assert!(!listed.contains("brms_"), "{listed}");
    for (kind, caller) in [("personal", seed::ADMIN_PAT), ("internal", seed::ADMIN_SES)] {
        invite(&server, caller).expect(200).await;
        let line = listed.lines().find(|line| line.contains(kind) && line.contains("admin@acme.test"));
        let token_id = line.and_then(|line| line.split_whitespace().next()).expect("an id");
        program::run_well(&["token", "revoke", token_id, "--database", &database]);
        invite(&server, caller).expect(401).await;
    }
    invite(&server, seed::OWNER_PAT).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_32_a_disabled_user_is_rejected_from_the_next_request_on() {
    let server = TestServer::start().await;
    for status in ["disabled", "locked"] {
        for caller in [seed::ADMIN_PAT, seed::ADMIN_SES] {
            invite(&server, caller).expect(200).await;
        }
        execute(&server, &format!("UPDATE users SET status = '{status}' WHERE email = 'admin@acme.test'"));
        for caller in [seed::ADMIN_PAT, seed::ADMIN_SES] {
            invite(&server, caller).expect(401).await;
        }
        execute(&server, "UPDATE users SET status = 'active' WHERE email = 'admin@acme.test'");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_does_not_reveal_why_a_secret_is_invalid() {
    let server = TestServer::start().await;
    let pat =
        |user, expires_at| Pat { user, permissions: &["owner"], projects: &[], expires_at }.put(&server);
    let unknown = format!("Bearer brms_pat_{}", "0".repeat(43));
    let callers = [unknown, pat(seed::OWNER, Some(1)), pat(seed::DORA, None), pat(seed::IVY, None)];
    let same_id = "0190a000-0000-7000-8000-0000000000ff";
    let mut answers = Vec::new();
    for caller in &callers {
        let answer = invite(&server, caller).header("x-request-id", same_id).expect(401).await;
        answers.push((answer.text(), challenges(&answer)));
    }
    for answer in &answers[1..] {
        assert_eq!(*answer, answers[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_32_changes_during_the_transfer_of_a_body_take_effect() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA] }).to_string();
    let admin_again = "UPDATE users SET type = 'admin' WHERE email = 'admin@acme.test'";
    let all_rights_again = "UPDATE personal_access_tokens SET permissions = '[\"owner\"]'";
    for (change, undo, status) in [
        ("UPDATE users SET status = 'disabled'", "UPDATE users SET status = 'active'", 401),
        ("UPDATE projects SET deleted_at = 1", "UPDATE projects SET deleted_at = NULL", 404),
        ("UPDATE users SET type = 'member' WHERE type = 'admin'", admin_again, 404),
        ("UPDATE users SET type = 'invited' WHERE type = 'admin'", admin_again, 401),
        ("UPDATE personal_access_tokens SET permissions = '[]'", all_rights_again, 403),
        ("DELETE FROM personal_access_tokens", all_rights_again, 401),
    ] {
        let head = [("authorization", seed::ADMIN_PAT), ("content-type", "application/json")];
        let expecting = [&head[..], &[("expect", "100-continue")]].concat();
        let whole = request("POST", &path, &expecting, body.as_bytes());
        let mut connection = Tcp::connect(&server);
        // The server requests the body after it has checked the credentials.
        connection.send(&whole[..whole.len() - body.len()]);
        assert_eq!(connection.answer().expect("100 Continue").status, 100, "{change}");
        execute(&server, change);
        let before = everything(&server);
        connection.send(&body);
        assert_eq!(connection.checked_answer("POST", &path).status, status, "{change}");
        assert_eq!(everything(&server), before, "{change}");
        execute(&server, undo);
    }
}
