//! Accepting an invitation with a valid code, by form and by JSON, and the pages that people see.

use brms::db::Row;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::inside::everything;
use crate::support::{Answer, TestServer, program, seed};

const ACCEPT: &str = "/invitations/accept";

fn uuid(id: &str) -> Uuid {
    id.parse().expect("an id")
}

/// Type, status and both names of a user, as stored.
fn person(server: &TestServer, user: &str) -> (String, String, Option<String>, Option<String>) {
    let sql = "SELECT type, status, first_name, last_name FROM users WHERE id = ?1";
    let read = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    server.look(|tx| tx.row(sql, [uuid(user)], read))
}

fn member(first: Option<&str>, last: Option<&str>) -> (String, String, Option<String>, Option<String>) {
    ("member".to_owned(), "active".to_owned(), first.map(str::to_owned), last.map(str::to_owned))
}

async fn accept(server: &TestServer, body: &Value) -> Answer {
    server.post(ACCEPT).json(body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn json_makes_the_invited_user_an_active_member_with_names() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let body = json!({ "secret": code, "firstName": "  Ivy ", "lastName": "O'Neil <b> أحمد" });
    let answer = accept(&server, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let accepted = answer.json();
    assert_eq!(
        (&accepted["status"], &accepted["userId"], &accepted["email"]),
        (&json!("accepted"), &json!(seed::IVY), &json!(seed::IVY_EMAIL))
    );
    assert!(!answer.text().contains(&code));
    assert_eq!(person(&server, seed::IVY), member(Some("Ivy"), Some("O'Neil <b> أحمد")));
    let sql = "SELECT count(*) FROM invitations WHERE status = 'accepted' AND accepted_at < expires_at";
    assert_eq!(server.count(sql), 1);
    assert_eq!(server.count("SELECT count(*) FROM invitation_secrets WHERE state = 'used'"), 1);
    let sql = "SELECT type || ' ' || ip_address || ' ' || data FROM audit_logs
               WHERE action = 'accepted' AND user_id = ?1 AND ref_id = user_id";
    let row: String = server.look(|tx| tx.row(sql, [uuid(seed::IVY)], |row| row.get(0)));
    assert!(row.starts_with("user ") && row.contains("127.0.0.1") && row.contains("O'Neil"), "{row}");
    assert!(!row.contains(&code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_does_the_same_and_shows_a_welcome_page() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let pasted = format!("  {code}\r\n");
    let fields = [("secret", pasted.as_str()), ("firstName", "Ivy & <i>Co</i>"), ("lastName", "")];
    let page = server.post(ACCEPT).form(&fields).expect(200).await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = page.text();
    assert!(text.contains("Welcome to <bdi>Acme Ltd</bdi>") && text.contains(seed::IVY_EMAIL), "{text}");
    assert!(!text.contains(&code));
    assert_eq!(person(&server, seed::IVY), member(Some("Ivy & <i>Co</i>"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_optional_and_an_empty_one_counts_as_absent() {
    let cases = [
        (json!({}), None),
        (json!({ "firstName": null, "lastName": null }), None),
        (json!({ "firstName": "", "lastName": " \t " }), None),
        (json!({ "firstName": "\n Ann \n", "extra": 7 }), Some("Ann")),
    ];
    for (mut body, first) in cases {
        let server = TestServer::start().await;
        body["secret"] = json!(server.send_invitation(seed::IVY, seed::IVY_EMAIL).await);
        let answer = accept(&server, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        assert_eq!(person(&server, seed::IVY), member(first, None), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_up_to_200_characters_without_control_characters_are_accepted() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let long = "ü".repeat(201);
    for (field, name) in
        [("firstName", long.as_str()), ("lastName", "a\nb"), ("firstName", "a\0b"), ("lastName", "a\u{7f}b")]
    {
        let mut body = json!({ "secret": code });
        body[field] = json!(name);
        let refused = accept(&server, &body).await;
        assert_eq!((refused.status, refused.places()), (400, vec![format!("/{field}")]), "{name:?}");
    }
    let both = json!({ "secret": code, "firstName": "a\rb", "lastName": long });
    assert_eq!(accept(&server, &both).await.places(), ["/firstName", "/lastName"]);
    assert_eq!(person(&server, seed::IVY).0, "invited");
    let longest = "ü".repeat(200);
    let right = json!({ "secret": code, "firstName": longest });
    assert_eq!(accept(&server, &right).await.status, 200);
    assert_eq!(person(&server, seed::IVY), member(Some(&longest), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_form_keeps_its_values_escaped_and_marks_the_invalid_field() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let hostile = "\"><script>alert(1)</script>";
    let fields = [("secret", code.as_str()), ("firstName", hostile), ("lastName", "a\u{1}b")];
    let page = server.post(ACCEPT).form(&fields).expect(400).await;
    let text = page.text();
    assert!(text.contains("<form method=\"post\"") && text.contains(&format!("value=\"{code}\"")), "{text}");
    assert!(!text.contains("<script>") && text.contains("&quot;&gt;&lt;script&gt;"), "{text}");
    assert_eq!(text.matches("aria-invalid=\"true\"").count(), 1);
    assert!(text.contains("id=\"lastName-error\"") && !text.contains("id=\"firstName-error\""));
    assert_eq!(person(&server, seed::IVY).0, "invited");
    let again = [("secret", code.as_str()), ("firstName", hostile), ("lastName", "B")];
    server.post(ACCEPT).form(&again).expect(200).await;
    assert_eq!(person(&server, seed::IVY), member(Some(hostile), Some("B")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_an_unknown_code_is_shown_without_it_and_keeps_the_names() {
    let server = TestServer::start().await;
    let fields = [("secret", "brms_inv_wrong"), ("firstName", "Ann"), ("lastName", "Ash")];
    let page = server.post(ACCEPT).form(&fields).expect(404).await.text();
    assert!(page.contains("id=\"secret-error\">This code is not known. Please copy"), "{page}");
    assert_eq!((page.matches("aria-invalid").count(), page.matches(" autofocus").count()), (1, 1));
    assert!(page.contains("value=\"Ann\"") && page.contains("value=\"Ash\""), "{page}");
    assert!(!page.contains("brms_inv_wrong"), "a wrong code is in the way of the right one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_accepts_the_whole_link_as_its_code() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let link = format!(" https://brms.example/invitations/accept#{code}\n");
    let page = server.post(ACCEPT).form(&[("secret", &link), ("firstName", "\u{1}")]).expect(400).await;
    assert!(page.text().contains(&format!("value=\"{code}\"")), "{}", page.text());
    server.post(ACCEPT).form(&[("secret", &link)]).expect(200).await;
    assert_eq!(person(&server, seed::IVY), member(None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_18_viewing_the_page_changes_nothing() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = everything(&server);
    for method in ["GET", "HEAD"] {
        for query in [String::new(), format!("?secret={code}"), format!("?secret={code}&firstName=Eve")] {
            for file in ["", ".js"] {
                server.call(method, &format!("{ACCEPT}{file}{query}")).expect(200).await;
            }
        }
    }
    assert_eq!(everything(&server), before);
    assert_eq!(person(&server, seed::IVY).0, "invited");
    let page = server.get(&format!("{ACCEPT}?secret={code}")).expect(200).await;
    assert!(!page.text().contains(&code), "what is in the address is not reflected");
    assert_eq!(accept(&server, &json!({ "secret": code })).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_response_to_a_person_has_the_headers_that_protect_the_code() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let answers = [
        server.get(ACCEPT).expect(200).await,
        server.call("HEAD", ACCEPT).expect(200).await,
        server.get("/invitations/accept.js").expect(200).await,
        server.get("/style.css").expect(200).await,
        server.post(ACCEPT).form(&[("secret", &code), ("firstName", "\u{1}x")]).expect(400).await,
        server.post(ACCEPT).form(&[("secret", "wrong")]).expect(404).await,
        server.post(ACCEPT).form(&[("secret", &code)]).expect(200).await,
        server.post(ACCEPT).form(&[("secret", &code)]).expect(410).await,
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(policy.contains("form-action 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        // A header may be repeated, but always with the same value.
        assert!(answer.headers.get_all("cache-control").iter().all(|value| value == "no-store"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_types_methods_and_long_bodies_are_rejected() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let body = json!({ "secret": code }).to_string().into_bytes();
    for wrong in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp"] {
        let answer = server.post(ACCEPT).body(wrong, body.clone()).expect(415).await;
        assert_eq!(answer.problem(), "unsupported-media-type", "{wrong}");
    }
    server.post(ACCEPT).expect(415).await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answer = server.call(method, ACCEPT).expect(405).await;
        assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"), "{method}");
    }
    let long = vec![b' '; 1024 * 1024 + 1];
    server.post(ACCEPT).body("application/json", long.clone()).expect(413).await;
    let page = server.post(ACCEPT).own_form(long).expect(413).await;
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    for wrong in ["", "{", "[]", "\"x\"", "{\"secret\":5}", "{\"secret\":\"x\",\"firstName\":[]}"] {
        server.post(ACCEPT).body("application/json", wrong.into()).expect(400).await;
    }
    assert_eq!(person(&server, seed::IVY).0, "invited");
    let charset = "Application/JSON; charset=utf-8";
    server.post(ACCEPT).body(charset, body).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_created_earlier_takes_effect_on_acceptance_and_iv_33_leaves_the_invitation_unchanged() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let invitation = "SELECT CAST(sum(expires_at + updated_at) AS bigint) FROM invitations";
    let before = server.count(invitation);
    let body = json!({ "userIds": [seed::IVY], "groupIds": [seed::MANAGERS] });
    let path = seed::members_path(seed::PRICING);
    let members = server.post(&path).caller(seed::OWNER_PAT).json(&body).expect(200).await.json();
    assert_eq!(members[0]["user"]["type"], "INVITED");
    assert_eq!(server.count(invitation), before);
    assert_eq!(server.count("SELECT count(*) FROM invitation_secrets WHERE state = 'live'"), 1);

    let database = server.database().display().to_string();
    let words = ["token", "create", "--user", seed::IVY, "--kind", "personal", "--permission"];
    let rest = ["project:manage", "--project", seed::PRICING, "--database", &database];
    let printed = program::run_well(&[&words[..], &rest[..]].concat());
    let token = format!("Bearer {}", printed.lines().next().expect("a secret"));
    assert!(
        printed.contains("has not accepted the invitation yet; until then it does not work"),
        "{printed}"
    );
    let invite = json!({ "userIds": [seed::NINA] });
    server.post(&path).caller(&token).json(&invite).expect(401).await;
    assert_eq!(accept(&server, &json!({ "secret": code })).await.status, 200);
    let members = server.post(&path).caller(&token).json(&invite).expect(200).await.json();
    assert_eq!(members[0]["userId"], seed::NINA);
    server.post(&seed::members_path(seed::CLAIMS)).caller(&token).json(&invite).expect(404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_31_a_link_stays_valid_when_its_inviter_loses_permissions() {
    for change in ["status = 'disabled'", "type = 'member'"] {
        let server = TestServer::start().await;
        server.post(&seed::invitation_path(seed::IVY)).caller(seed::ADMIN_SES).expect(200).await;
        let code = server.code(seed::IVY_EMAIL).await;
        let sql = format!("UPDATE users SET {change} WHERE id = ?1");
        server.change(move |tx| tx.execute(&sql, [uuid(seed::ADMIN)]));
        assert_eq!(accept(&server, &json!({ "secret": code })).await.status, 200, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_22_a_link_is_valid_until_its_last_millisecond_and_then_expired() {
    for (too_late_by_ms, status) in [(0, 410), (1, 410), (-1, 200)] {
        let server = TestServer::start().await;
        server.clock.freeze();
        let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
        let week_ms: i64 = 7 * 24 * 3600 * 1000;
        let wait_ms = u64::try_from(week_ms + too_late_by_ms).expect("a wait");
        server.clock.advance(std::time::Duration::from_millis(wait_ms));
        let answer = accept(&server, &json!({ "secret": code })).await;
        assert_eq!(answer.status, status, "{too_late_by_ms}");
        let standing = if status == 200 { "member" } else { "invited" };
        assert_eq!(person(&server, seed::IVY).0, standing);
        if status == 410 {
            assert_eq!(answer.problem(), "invitation-expired");
        }
    }
}
