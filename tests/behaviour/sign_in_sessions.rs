//! Sessions in which a person has signed in: how long they last, who can end them, and what takes them away.

use std::time::Duration;

use serde_json::json;

use crate::sign_in::{OWNER_EMAIL, READER_EMAIL, operators_link, rows};
use crate::support::inside::{everything, id};
use crate::support::program::run_well;
use crate::support::{Browser, TestServer, seed};

const ADMIN_EMAIL: &str = "admin@acme.test";

/// Signs in with a link, as often as a test needs: links count toward no limit.
async fn signed_in<'s>(server: &'s TestServer, user: &str) -> Browser<'s> {
    let browser = Browser::new(server);
    let link = operators_link(server, user);
    let answer = browser.post("/sign-in/code", &[("code", &link)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_twelve_hours_and_after_two_without_use() {
    let server = TestServer::start().await;
    let (used, unused) = (signed_in(&server, seed::READER).await, signed_in(&server, seed::READER).await);
    let forever = server.get("/api/projects").caller(seed::READER_SES);
    for _ in 0..7 {
        server.advance(Duration::from_mins(100));
        assert!(used.is_signed_in().await);
        wait_for_touch(&server).await;
    }
    assert!(!unused.is_signed_in().await, "unused for two hours");
    server.advance(Duration::from_mins(30));
    assert!(!used.is_signed_in().await, "after twelve hours");
    forever.expect(200).await;
}

/// Waits until the last use of a session is written, which happens after the answer.
async fn wait_for_touch(server: &TestServer) {
    let now = server.clock.now().as_millis();
    for _ in 0..1_000 {
        let seen = server.count("SELECT coalesce(max(last_seen_at), 0) FROM internal_tokens");
        if now - seen < 60_000 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the use is not noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_the_api_keep_a_session_alive_and_settings_say_how_long() {
    let server = TestServer::start_with(&["--session-idle", "10m", "--session-ttl", "1h"]).await;
    let browser = signed_in(&server, seed::READER).await;
    let session = browser.authorization();
    for _ in 0..6 {
        server.advance(Duration::from_mins(9));
        server.get("/api/projects").caller(&session).expect(200).await;
        // PostgreSQL is not asked again for a session that was found a moment ago, by the system's clock.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        server.get("/api/projects").caller(&session).expect(200).await;
        wait_for_touch(&server).await;
    }
    server.advance(Duration::from_mins(7));
    server.get("/api/projects").caller(&session).expect(401).await;
    let unused = signed_in(&server, seed::READER).await.authorization();
    server.advance(Duration::from_mins(11));
    server.get("/api/projects").caller(&unused).expect(401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_written_at_most_once_a_minute() {
    let server = TestServer::start().await;
    let browser = signed_in(&server, seed::READER).await;
    server.advance(Duration::from_secs(59));
    let before = everything(&server);
    for _ in 0..5 {
        assert!(browser.is_signed_in().await);
        server.get("/api/projects").caller(&browser.authorization()).expect(200).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_and_ends_their_own_sessions_and_no_others() {
    let server = TestServer::start().await;
    let (first, second) = (signed_in(&server, seed::READER).await, signed_in(&server, seed::READER).await);
    let other = signed_in(&server, seed::ADMIN).await;
    let session_of = |browser: &Browser<'_>| {
        let secret = browser.cookie("session").expect("a session");
        let hash =
            brms::secret::Secret::parse(brms::secret::SecretKind::Session, &secret).expect("a secret").hash();
        let sql = "SELECT id FROM internal_tokens WHERE secret_hash = ?1";
        server.look(|tx| tx.row(sql, [hash], |row| row.get::<uuid::Uuid>("id"))).to_string()
    };
    let page = first.get("/account").await.text();
    assert!(page.contains(&session_of(&second)) && page.contains("A session that the operator made"));
    assert!(
        !page.contains(&session_of(&other)) && !page.contains(&session_of(&first)),
        "no button for this one"
    );

    let foreign = session_of(&other);
    for wrong in [foreign.as_str(), seed::UNKNOWN_ID, "x", ""] {
        let answer = first.post("/account/sessions", &[("session", wrong)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("../account")), "{wrong}");
    }
    assert!(other.is_signed_in().await);
    let ended = session_of(&second);
    first.post("/account/sessions", &[("session", &ended)]).await;
    assert!(!second.is_signed_in().await && first.is_signed_in().await);
    let last = rows(&server).pop().expect("a row");
    assert_eq!((last.0.as_str(), last.1), ("sessionEnded", json!({ "sessionId": ended })));

    let own = session_of(&first);
    let answer = first.post("/account/sessions", &[("session", &own)]).await;
    assert_eq!(answer.header("location"), Some("../"));
    assert!(!first.is_signed_in().await);
    assert_eq!(rows(&server).pop().expect("a row").0, "signedOut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_at_most_fifty_sessions_and_the_least_used_ends() {
    let server = TestServer::start().await;
    let first = signed_in(&server, seed::READER).await;
    server.advance(Duration::from_millis(5));
    let second = signed_in(&server, seed::READER).await;
    for _ in 0..48 {
        server.advance(Duration::from_millis(5));
        signed_in(&server, seed::READER).await;
    }
    assert!(first.is_signed_in().await, "fifty");
    server.advance(Duration::from_millis(5));
    signed_in(&server, seed::READER).await;
    assert!(!first.is_signed_in().await && second.is_signed_in().await);
    let sql = "SELECT count(*) FROM internal_tokens WHERE user_id = ?1 AND source <> 'command-line'";
    assert_eq!(server.count_of(sql, [id(seed::READER)]), 50);
    server.get("/api/projects").caller(seed::READER_SES).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_ends_a_session_and_lets_no_code_of_before_in() {
    // Whether it is tried while the user is disabled, or only afterwards.
    for tried_meanwhile in [true, false] {
        disabled_for_a_while(tried_meanwhile).await;
    }
}

async fn disabled_for_a_while(tried_meanwhile: bool) {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(READER_EMAIL).await;
    let waiting = Browser::new(&server);
    let code = waiting.code(READER_EMAIL).await;
    let link = operators_link(&server, seed::READER);
    let path = format!("/api/users/{}", seed::READER);
    let disable = json!({ "status": "disabled" });
    server.call("PUT", &path).caller(seed::OWNER_SES).json(&disable).expect(200).await;
    assert!(!browser.is_signed_in().await);
    for text in [&code, &link].into_iter().filter(|_| tried_meanwhile) {
        assert_eq!(waiting.post("/sign-in/code", &[("code", text)]).await.status, 403);
    }
    let enable = json!({ "status": "active" });
    server.call("PUT", &path).caller(seed::OWNER_SES).json(&enable).expect(200).await;
    assert!(!browser.is_signed_in().await, "it does not come back");
    for text in [&code, &link] {
        assert_eq!(waiting.post("/sign-in/code", &[("code", text)]).await.status, 403);
    }
}

/// A cookie of another application on the host, and one that another page has set beside ours.
#[tokio::test(flavor = "multi_thread")]
async fn cookies_of_others_neither_sign_anybody_out_nor_keep_a_session_alive() {
    let server = TestServer::start().await;
    let browser = signed_in(&server, seed::READER).await;
    let session = browser.cookie("session").expect("a session");
    let name = format!("brms_session_{}", server.url().rsplit(':').next().expect("a port"));
    let with = |cookies: Vec<u8>| {
        let value = reqwest::header::HeaderValue::from_bytes(&cookies).expect("bytes");
        let url = server.url();
        async move {
            let http = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client");
            http.get(format!("{url}/account"))
                .header("cookie", value)
                .send()
                .await
                .expect("an answer")
                .status()
        }
    };
    let own = format!("{name}={session}");
    assert_eq!(with([b"lang=caf\xe9; ", own.as_bytes()].concat()).await, 200);
    assert_eq!(with([b"lang=caf\xc3\xa9; ", own.as_bytes()].concat()).await, 200);
    let other = format!("{name}={}", session.replace("brms_ses_", "brms_ses_x"));
    // It leads to the start page.
    server.call("POST", "/sign-out").header("cookie", &format!("{other}; {own}")).form(&[]).expect(200).await;
    assert!(!browser.is_signed_in().await, "it has ended, whichever of them the browser meant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demotion_counts_at_once() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(ADMIN_EMAIL).await;
    let session = browser.authorization();
    let invite = json!({ "emails": ["new@acme.test"] });
    server.post("/api/users").caller(&session).json(&invite).expect(200).await;
    let path = format!("/api/users/{}", seed::ADMIN);
    let demote = json!({ "type": "member" });
    server.call("PUT", &path).caller(seed::OWNER_SES).json(&demote).expect(200).await;
    server.post("/api/users").caller(&session).json(&invite).expect(403).await;
    assert!(browser.get("/account").await.text().contains("<dd>member</dd>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_of_the_user_ends_what_was_asked_for_with_the_old_one() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    let code = browser.code(READER_EMAIL).await;
    server.execute(
        "UPDATE users SET email = 'rita@acme.test', email_folded = 'rita@acme.test',
                    search_address = 'rita@acme.test' WHERE email = 'reader@acme.test'",
    );
    assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 403);
    browser.sign_in("rita@acme.test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_who_replaces_a_mailbox_ends_its_sessions() {
    let server = TestServer::start().await;
    let browser = signed_in(&server, seed::READER).await;
    let database = server.database().display().to_string();
    let set = |email: &str| {
        run_well(&["user", "set-email", seed::READER, email, "--database", &database]);
    };
    set("READER@acme.test");
    assert!(browser.is_signed_in().await, "it is the same mailbox");
    set("rita@acme.test");
    assert!(!browser.is_signed_in().await);
    server.get("/api/projects").caller(seed::READER_SES).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_people_are_not_exported_and_others_are() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(OWNER_EMAIL).await;
    let exported = server.look(|tx| brms::seed::export(tx, brms::seed::AuditLogs::Omitted));
    let text = serde_json::to_string(&exported).expect("JSON");
    let secret = browser.cookie("session").expect("a session");
    let hash = |secret: &str| {
        let parsed = brms::secret::Secret::parse(brms::secret::SecretKind::Session, secret);
        parsed.expect("a secret").hash().to_string()
    };
    assert!(!text.contains(&hash(&secret)));
    assert!(text.contains(&hash(seed::OWNER_SES.trim_start_matches("Internal "))));
}
