//! The invitation mail as delivered, parsed by a third-party library: its structure, its link, and the effect of
//! hostile names.

use std::path::Path;
use std::time::{Duration, Instant};

use mail_parser::{Message, MessageParser, MimeHeaders};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::inside::change_new_mails;
use crate::support::server::{Mail, PATIENCE};
use crate::support::{TestServer, program, seed};

fn parsed(mail: &Mail) -> Message<'_> {
    MessageParser::default().parse(&mail.raw).expect("a message")
}

fn header<'a>(message: &'a Message, name: &'a str) -> Option<&'a str> {
    message.header_raw(name).map(str::trim)
}

/// A server with a modified seed.
async fn server_with(change: impl FnOnce(&mut Value)) -> TestServer {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write_seed(&folder, change);
    TestServer::start_in(folder, &["--seed", &file]).await
}

fn write_seed(folder: &TempDir, change: impl FnOnce(&mut Value)) -> String {
    let mut seed: Value =
        serde_json::from_slice(&std::fs::read(Path::new(seed::FILE)).expect("the seed")).expect("JSON");
    change(&mut seed);
    let file = folder.path().join("seed.json");
    std::fs::write(&file, seed.to_string()).expect("a seed file");
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_has_text_and_html_and_every_header_that_filters_expect() {
    let server = TestServer::start_with(&["--mail-from", "people@brms.example"]).await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let mails = server.mails().await;
    let message = parsed(&mails[0]);
    let root = message.content_type().expect("a type");
    assert_eq!((root.ctype(), root.subtype()), ("multipart", Some("alternative")));
    let kinds: Vec<_> = message.parts[1..]
        .iter()
        .map(|part| part.content_type().and_then(|kind| kind.subtype()).expect("a subtype"))
        .collect();
    assert_eq!(kinds, ["plain", "html"], "the text first");
    let from = message.from().and_then(|from| from.first()).expect("From");
    assert_eq!((from.name(), from.address()), (Some("Acme Ltd"), Some("people@brms.example")));
    let reply = message.reply_to().and_then(|reply| reply.first()).expect("Reply-To");
    assert_eq!((reply.name(), reply.address()), (Some("Olga Owner"), Some("owner@acme.test")));
    assert_eq!(mails[0].to, seed::IVY_EMAIL);
    assert_eq!(message.to().map(|to| to.iter().count()), Some(1));
    assert!(mails[0].subject.contains("Acme Ltd"), "{}", mails[0].subject);
    let id: uuid::Uuid = server.look(|tx| tx.row("SELECT id FROM mails", (), |row| row.get(0)));
    assert_eq!(message.message_id(), Some(format!("{id}@brms.example").as_str()), "the same on every try");
    let date = message.date().expect("Date").to_timestamp();
    assert_eq!(date, server.count("SELECT created_at / 1000 FROM mails"));
    assert_eq!(header(&message, "Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header(&message, "X-Auto-Response-Suppress"), Some("All"));
    for absent in ["List-Unsubscribe", "Precedence", "Bcc", "Cc"] {
        assert!(header(&message, absent).is_none(), "{absent}");
    }
    let longest = mails[0].raw.split(|byte| *byte == b'\n').map(<[u8]>::len).max().expect("lines");
    assert!(longest <= 998 && mails[0].raw.is_ascii(), "what any mail server takes: {longest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_19_the_link_is_the_public_url_with_the_code_in_the_fragment() {
    for (given, base) in [
        ("https://people.example.org/brms/", "https://people.example.org/brms"),
        ("http://brms.test:8080", "http://brms.test:8080"),
    ] {
        let server = TestServer::start_with(&["--public-url", given]).await;
        let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
        let mails = server.mails().await;
        let link = format!("{base}/invitations/accept#{code}");
        // The link contains nothing but the code, and nothing follows it.
        let lines: Vec<&str> = mails[0].text.lines().filter(|line| line.contains("://")).collect();
        assert_eq!(lines, [link.as_str()], "{}", mails[0].text);
        assert!(mails[0].html.contains(&format!("href=\"{link}\"")), "{}", mails[0].html);
    }
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let link = format!("{}/invitations/accept#{code}", server.home());
    assert!(server.mails().await[0].text.contains(&link), "by default where it listens");
}

/// The parts of a mail that are the same on every send.
fn lasting(mail: &Mail) -> (String, String, String, Vec<(String, String)>) {
    let begin = mail.text.find("open until").expect("an end");
    let end = begin + mail.text[begin..].find(". It works").expect("a sentence");
    let until = mail.text[begin + "open until".len()..end].trim().to_owned();
    let calm = |text: &str| text.replace(&mail.code, "CODE").replace(&until, "END");
    let message = parsed(mail);
    let mut headers: Vec<(String, String)> =
        message.headers_raw().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    headers.retain(|(name, _)| !["Date", "Message-ID", "Content-Type"].contains(&name.as_str()));
    (mail.subject.clone(), calm(&mail.text), calm(&mail.html), headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_28_forged_host_headers_do_not_change_the_mail() {
    let server = TestServer::start_with(&["--invitation-sends-max", "100"]).await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    for (name, value) in [
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "host=evil.test;proto=https"),
        ("x-original-url", "https://evil.test/"),
        ("origin", "https://evil.test"),
        ("referer", "https://evil.test/"),
    ] {
        let call = server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES);
        call.header(name, value).expect(200).await;
        // Each is delivered before the next send could cancel it.
        server.mails().await;
    }
    let mails = server.mails().await;
    assert_eq!(mails.len(), 8);
    for mail in &mails {
        assert_eq!(lasting(mail), lasting(&mails[0]));
        assert!(!String::from_utf8_lossy(&mail.raw).contains("evil"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_26_iv_27_hostile_names_remain_text_in_mail_and_page() {
    let markup = "<script>alert(1)</script> \"Q\" & 'S' {{code}} =?utf-8?b?eA==?= \u{202e}evil \
                  https://evil.test/a www.evil.test ";
    let hostile: String = markup.chars().cycle().take(200).collect();
    let server = server_with(|seed| {
        seed["organisations"][0]["displayName"] = json!(hostile);
        seed["organisations"][0]["users"][0]["firstName"] = json!(hostile);
        seed["organisations"][0]["users"][0]["lastName"] = json!("Bcc: x@evil.test");
    })
    .await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let mails = server.mails().await;
    let mail = &mails[0];
    assert!(!mail.html.contains("<script") && mail.html.contains("&lt;script&gt;"), "{}", mail.html);
    assert!(!mail.subject.contains(['\r', '\n', '\u{202e}']) && mail.subject.chars().count() <= 150);
    for text in [&mail.subject, &mail.text, &mail.html] {
        assert!(!text.contains("evil.test") && !text.contains("https://evil"), "made clickable: {text}");
        assert!(!text.contains('\u{202e}'), "turns the reading order");
    }
    assert_eq!(mail.text.matches("://").count(), 1, "one link, ours: {}", mail.text);
    let message = parsed(mail);
    for names in [message.from(), message.reply_to()] {
        let name = names.and_then(|names| names.first()).and_then(|first| first.name()).expect("a name");
        assert!(name.contains("evil") && !name.contains("evil.test"), "made clickable: {name}");
    }
    assert!(header(&message, "Bcc").is_none());
    assert_eq!(message.to().map(|to| to.iter().count()), Some(1));
    let page = server.post("/invitations/accept").form(&[("secret", &code)]).expect(200).await.text();
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
}

/// Names that requests would reject.
fn impossible_name(length: usize) -> String {
    let word = "<b>\"&'\r\nBcc: eve@evil.test\r\n\r\n\u{202e}\u{0}https://evil.test/ {{code}} ";
    word.chars().cycle().take(length).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_26_names_that_requests_reject_are_harmless_in_a_mail_too() {
    for length in [10, 200, 10_000] {
        let server = TestServer::start().await;
        let name = impossible_name(length);
        server.change(move |tx| {
            tx.execute("UPDATE organisations SET display_name = ?1 WHERE name = 'acme'", [&name])?;
            tx.execute("UPDATE users SET first_name = ?1, last_name = ?1 WHERE type = 'owner'", [&name])
        });
        server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
        let mails = server.mails().await;
        let mail = &mails[0];
        assert_eq!(mail.to, seed::IVY_EMAIL);
        assert!(mail.subject.chars().count() <= 150 && !mail.subject.contains(char::is_control));
        let raw = String::from_utf8(mail.raw.clone()).expect("ASCII");
        let head = raw.split("\r\n\r\n").next().expect("a head");
        assert!(head.lines().all(|line| line.len() <= 998 && !line.starts_with("Bcc:")), "{head}");
        assert!(!mail.html.contains("<b>") && !mail.html.contains("https://evil"), "{}", mail.html);
        for text in [&mail.subject, &mail.text, &mail.html] {
            assert!(!text.contains(['\u{202e}', '\0']), "{text:?}");
        }
        assert_eq!(mail.text.matches("://").count(), 1, "{}", mail.text);
        assert!(raw.len() < 30_000, "{} bytes for a name of {length}", raw.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_26_a_hostile_address_remains_an_address() {
    let server = TestServer::start().await;
    for address in [
        "o'neil&co@x.test",
        "{{code}}@x.test",
        "=?utf-8?q?x?=@x.test",
        "\"<script>alert(1)</script>\"@x.test",
        "\"a,b\"@x.test",
        "\"a b\"@x.test",
        "\"evil@evil.test\"@x.test",
    ] {
        let body = json!({ "emails": [address] });
        let answer = server.post("/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await;
        assert_eq!(answer.json()[0]["email"], address);
        let mails = server.mails().await;
        let mail = mails.last().expect("a mail");
        let message = parsed(mail);
        assert_eq!(header(&message, "To"), Some(address), "and no other recipient");
        assert!(!mail.html.contains("<script"), "{}", mail.html);
        let accepting = server.post("/invitations/accept").form(&[("secret", &mail.code)]);
        let page = accepting.expect(200).await.text();
        assert!(!page.contains("<script>"), "{address}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inviter_without_a_name_is_shown_by_address() {
    let server = server_with(|seed| {
        seed["organisations"][0]["users"][0]["firstName"] = Value::Null;
        seed["organisations"][0]["users"][0]["lastName"] = Value::Null;
    })
    .await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let mails = server.mails().await;
    assert!(mails[0].text.contains("owner@acme.test invites you"), "{}", mails[0].text);
    assert!(!mails[0].subject.contains('@'));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_deletes_the_code_once_the_mail_is_delivered() {
    let server = TestServer::start().await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let sql = "SELECT count(*) FROM mails WHERE state = 'delivered' AND secret IS NULL AND attempts = 1
               AND delivered_at >= created_at AND last_answer IS NULL AND message IS NOT NULL";
    assert_eq!((server.count(sql), server.count("SELECT count(*) FROM mails")), (1, 1));
}

/// Sends two invitations while the mail of the first is corrupted in this way.
async fn one_of_two_is_spoilt(spoilt: &str) {
    let server = TestServer::start().await;
    change_new_mails(&server, "content", spoilt, "NEW.recipient = 'ivy@acme.test'");
    for user in [seed::IVY, seed::IAN] {
        server.post(&seed::invitation_path(user)).caller(seed::OWNER_SES).expect(200).await;
    }
    let begun = Instant::now();
    let settled = "SELECT count(*) FROM mails WHERE state <> 'queued'";
    while server.count(settled) < 2 {
        assert!(begun.elapsed() < PATIENCE, "the other mail never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // No retry could build it either, so there is none, and the secret is deleted.
    let given_up = "SELECT count(*) FROM mails WHERE recipient = 'ivy@acme.test' AND state = 'failed'
                    AND attempts = 1 AND last_answer IS NOT NULL AND last_answer NOT LIKE '%brms_inv%'
                    AND secret IS NULL";
    assert_eq!(server.count(given_up), 1);
    let came = "SELECT count(*) FROM mails WHERE recipient = 'ian@acme.test' AND state = 'delivered'";
    assert_eq!(server.count(came), 1);
    let database = server.database().display().to_string();
    let listed = program::run_well(&["mail", "list", "--state", "failed", "--database", &database]);
    assert!(listed.contains("tries 1") && listed.lines().count() == 1, "an operator sees it: {listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_23_iv_24_a_mail_that_cannot_be_built_fails_alone_with_a_reason() {
    one_of_two_is_spoilt(
        "replace(NEW.content, '\"recipient\":\"ivy@acme.test\"', '\"recipient\":\"no address\"')",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_content_cannot_be_read_fails_alone_too() {
    one_of_two_is_spoilt("replace(NEW.content, '\"organisation\":', '\"gone\":')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_created_by_the_operator_invalidates_the_old_one_and_sends_no_mail() {
    let server = TestServer::start().await;
    let old_code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let database = server.database().display().to_string();
    let arguments =
        ["invitation", "link", seed::IVY, "--public-url", "https://people.test/x", "--database", &database];
    let printed = program::run_well(&arguments);
    let link = printed.lines().next().expect("a link");
    let code = link.strip_prefix("https://people.test/x/invitations/accept#").expect("our link").to_owned();
    assert_eq!(server.mails().await.len(), 1, "nothing was mailed or cancelled");
    assert_eq!(server.count("SELECT count(*) FROM mails WHERE state = 'delivered'"), 1);
    let refused = server.post("/invitations/accept").json(&json!({ "secret": old_code })).expect(410).await;
    assert_eq!(refused.problem(), "invitation-replaced");

    assert_eq!(server.count("SELECT count(*) FROM invitation_secrets WHERE is_send = 1"), 2);
    let path = seed::invitation_path(seed::IVY);
    server.post(&path).caller(seed::OWNER_SES).expect(200).await;
    server.post(&path).caller(seed::OWNER_SES).expect(429).await;
    let output = program::run(&arguments);
    assert_eq!(output.status.code(), Some(1), "it counts as a send, and is counted");
    assert!(String::from_utf8_lossy(&output.stderr).contains("too often"));
    let refused = server.post("/invitations/accept").json(&json!({ "secret": code })).expect(410).await;
    assert_eq!(refused.problem(), "invitation-replaced");
    let operator = "SELECT count(*) FROM audit_logs WHERE action = 'invited' AND user_id IS NULL";
    assert_eq!(server.count(operator), 1);
}
