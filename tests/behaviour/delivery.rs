//! Mail delivery through a relay: envelope and message, encryption and authentication. Also contains the helpers
//! shared by the tests of delivery.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use serde_json::{Value, json};

use crate::support::postgres::of_sqlite_alone;
use crate::support::program::run_well;
use crate::support::server::{Mail, PATIENCE};
use crate::support::smtp::{Deed, Habits, Received, Rule, Sink, Stage, Tls, certificate_pem};
use crate::support::{Answer, TestServer, seed};

/// The sender address of mails in these tests.
pub const SENDER: &str = "people@brms.example";
pub const PUBLIC_URL: &str = "https://people.example/brms";

/// The flags for a relay at this address, without encryption.
pub fn relay_flags(relay: SocketAddr) -> Vec<String> {
    let port = relay.port().to_string();
    let host = relay.ip().to_string();
    [
        "--smtp-host",
        &host,
        "--smtp-port",
        &port,
        "--smtp-tls",
        "none",
        "--mail-from",
        SENDER,
        "--public-url",
        PUBLIC_URL,
    ]
    .map(str::to_owned)
    .into()
}

/// A server with the example seed and this relay. Its clock is frozen.
pub async fn server_to(relay: SocketAddr, more: &[&str]) -> TestServer {
    let flags = relay_flags(relay);
    // clap does not let a repeated flag override an earlier one, so it is replaced here.
    let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    for flag in more.chunks(2) {
        match flags.iter().position(|known| *known == flag[0]) {
            Some(at) => flags[at + 1] = flag[1],
            None => flags.extend(flag),
        }
    }
    let server = TestServer::start_with(&flags).await;
    // Retries happen only when the test moves the clock, even on a slow machine.
    server.clock.freeze();
    server
}

/// This many addresses of people who are not users yet.
pub fn people(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("p{number}@x.test")).collect()
}

/// Invites people, at most ten.
pub async fn invite(server: &TestServer, emails: &[String]) -> Value {
    let call = server.post("/api/users").caller(seed::OWNER_SES).json(&json!({ "emails": emails }));
    call.expect(200).await.json()
}

/// Sends the invitation of a user.
pub async fn send(server: &TestServer, user: &str) -> Answer {
    server.post(&seed::invitation_path(user)).caller(seed::OWNER_SES).expect(200).await
}

/// Waits until this many mails meet the condition.
pub async fn until(server: &TestServer, condition: &str, count: i64) {
    let sql = format!("SELECT count(*) FROM mails WHERE {condition}");
    let begun = Instant::now();
    loop {
        let found = server.count(&sql);
        if found == count {
            return;
        }
        let all = mail_command(server, &["list"]);
        assert!(begun.elapsed() < PATIENCE, "{found} and not {count} mails are {condition}: {all}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What `brms mail list` shows.
pub fn mail_command(server: &TestServer, words: &[&str]) -> String {
    let database = server.database().display().to_string();
    run_well(&[&["mail"], words, &["--database", &database]].concat())
}

/// `brms mail show` of the only mail, or of the oldest.
pub fn show_first(server: &TestServer) -> String {
    let list = mail_command(server, &["list"]);
    mail_command(server, &["show", &list[..36]])
}

/// The Message-ID of a mail, as its recipient sees it.
pub fn message_id(mail: &Received) -> String {
    let message = MessageParser::default().parse(&mail.data).expect("a message");
    message.message_id().expect("a Message-ID").to_owned()
}

/// A mail parsed again; its code is registered as a secret from here on.
pub fn read(mail: &Received) -> Mail {
    Mail::parse(mail.data.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_delivered_complete_to_one_recipient_and_its_content_is_deleted() {
    let sink = Sink::start();
    let server = server_to(sink.address(), &[]).await;
    send(&server, seed::IVY).await;
    let received = sink.wait_for(1).await;
    until(&server, "state = 'delivered'", 1).await;
    let mail = &received[0];
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), (SENDER, &[seed::IVY_EMAIL.to_owned()][..]));
    assert_eq!((mail.hello.as_str(), mail.is_tls, &mail.user), ("brms.example", false, &None));
    let read = read(mail);
    assert_eq!(read.to, seed::IVY_EMAIL);
    assert!(read.text.contains(&format!("{PUBLIC_URL}/invitations/accept#{}", read.code)), "{}", read.text);
    let listed = mail_command(&server, &["list"]);
    assert_eq!(message_id(mail), format!("{}@brms.example", &listed[..36]));
    assert!(listed.contains("delivered") && listed.contains("250 2.0.0 Taken"), "{listed}");
    let shown = show_first(&server);
    assert!(shown.contains("250 2.0.0 Taken") && shown.contains(seed::IVY_EMAIL), "{shown}");
    let wiped = "secret IS NULL AND message IS NULL AND claimed_at IS NULL AND attempts = 1";
    until(&server, wiped, 1).await;
    let database = server.database().display().to_string();
    assert!(!run_well(&["mailbox", "list", "--database", &database]).contains(seed::IVY_EMAIL));
    server.post("/invitations/accept").json(&json!({ "secret": read.code })).expect(200).await;
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ehlo_has_the_configured_name() {
    let sink = Sink::start();
    let server = server_to(sink.address(), &["--smtp-ehlo-name", "mail.acme.example"]).await;
    send(&server, seed::IVY).await;
    assert_eq!(sink.wait_for(1).await[0].hello, "mail.acme.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_mails_share_one_connection() {
    let sink = Sink::start();
    let server = server_to(sink.address(), &["--mail-workers", "1"]).await;
    let emails = people(10);
    invite(&server, &emails).await;
    let received = sink.wait_for(10).await;
    let mut to: Vec<String> = received.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort();
    assert_eq!(to, emails, "each to one person");
    assert_eq!(sink.connections(), 1);
    until(&server, "state = 'delivered'", 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_closed_by_the_relay_meanwhile_causes_no_failure() {
    let sink = Sink::start();
    let server = server_to(sink.address(), &["--mail-workers", "1"]).await;
    for (number, user) in [seed::IVY, seed::IAN].into_iter().enumerate() {
        send(&server, user).await;
        sink.wait_for(number + 1).await;
        until(&server, "state = 'delivered' AND attempts = 1", i64::try_from(number).expect("small") + 1)
            .await;
        sink.hang_up();
    }
    assert_eq!(sink.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_user_authenticates_with_the_password_from_a_file_or_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, "pass word\n").expect("a file");
    let file = file.display().to_string();
    for flags in [["--smtp-password-file", &file], ["--smtp-password", "pass word"]] {
        let sink = Sink::with(Habits { login: Some(("mailer", "pass word")), ..Habits::default() });
        let flags = [&["--smtp-user", "mailer"][..], &flags].concat();
        let server = server_to(sink.address(), &flags).await;
        send(&server, seed::IVY).await;
        assert_eq!(sink.wait_for(1).await[0].user.as_deref(), Some("mailer"), "{flags:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_keeps_the_mail_pending_and_is_reported() {
    let sink = Sink::with(Habits { login: Some(("mailer", "right")), ..Habits::default() });
    let flags = ["--smtp-user", "mailer", "--smtp-password", "wrong"];
    let server = server_to(sink.address(), &flags).await;
    send(&server, seed::IVY).await;
    until(&server, "state = 'queued' AND attempts = 1 AND claimed_at IS NULL", 1).await;
    let shown = show_first(&server);
    assert!(shown.contains("5.7.8 Wrong name or password") && shown.contains("next try:"), "{shown}");
    assert!(sink.received().is_empty());
}

/// The certificate of the test server in a file.
fn authority(folder: &Path) -> String {
    let file = folder.join("authority.pem");
    std::fs::write(&file, certificate_pem()).expect("a file");
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn implicit_tls_and_starttls_protect_password_and_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = authority(folder.path());
    for (tls, word) in [(Tls::AtOnce, "implicit"), (Tls::OnRequest, "starttls")] {
        let login = Some(("mailer", "right"));
        let sink = Sink::with(Habits { tls, login, wants_tls: true, ..Habits::default() });
        let flags = [
            "--smtp-tls",
            word,
            "--smtp-ca-file",
            &file,
            "--smtp-user",
            "mailer",
            "--smtp-password",
            "right",
        ];
        let server = server_to(sink.address(), &flags).await;
        send(&server, seed::IVY).await;
        let received = sink.wait_for(1).await;
        assert_eq!((received[0].is_tls, received[0].hello.as_str()), (true, "brms.example"), "{word}");
        let in_the_clear: Vec<_> = sink.heard().into_iter().filter(|heard| !heard.is_tls).collect();
        let words: Vec<&str> = in_the_clear.iter().map(|heard| heard.line.as_str()).collect();
        let expected: &[&str] = if word == "starttls" { &["EHLO brms.example", "STARTTLS"] } else { &[] };
        assert_eq!(words, expected, "{word}");
    }
}

/// Nothing of a mail or a password reaches this relay; the mail stays pending with this error.
async fn kept_back(sink: &Sink, more: &[&str], words: &str) {
    let flags = [&["--smtp-user", "mailer", "--smtp-password", "right"], more].concat();
    let server = server_to(sink.address(), &flags).await;
    send(&server, seed::IVY).await;
    until(&server, "state = 'queued' AND attempts = 1 AND claimed_at IS NULL", 1).await;
    let shown = show_first(&server);
    assert!(shown.to_lowercase().contains(words), "{words}: {shown}");
    let told: Vec<String> = sink.heard().into_iter().map(|heard| heard.line).collect();
    assert!(
        told.iter().all(|line| line.starts_with("EHLO") || matches!(line.as_str(), "STARTTLS" | "QUIT")),
        "{told:?}"
    );
    assert!(sink.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn required_encryption_is_never_downgraded() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = authority(folder.path());
    let login = Some(("mailer", "right"));
    let plain = || Sink::with(Habits { tls: Tls::Never, login, ..Habits::default() });
    kept_back(&plain(), &["--smtp-tls", "starttls", "--smtp-ca-file", &file], "starttls").await;
    kept_back(&plain(), &["--smtp-tls", "implicit", "--smtp-ca-file", &file], "").await;
    let on_request = || Sink::with(Habits { tls: Tls::OnRequest, login, ..Habits::default() });
    let refusing = on_request();
    refusing.script([Rule::at(Stage::StartTls, Deed::Answer(454, "4.7.0 TLS not available right now"))]);
    kept_back(&refusing, &["--smtp-tls", "starttls", "--smtp-ca-file", &file], "tls not available").await;
    // A certificate of an authority that is not trusted.
    kept_back(&on_request(), &["--smtp-tls", "starttls"], "certificate").await;
    // A trusted certificate for another host.
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], 0));
    let other = Sink::at(elsewhere, Habits { tls: Tls::AtOnce, login, ..Habits::default() });
    kept_back(&other, &["--smtp-tls", "implicit", "--smtp-ca-file", &file], "certificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_injected_before_tls_is_not_accepted_as_a_reply() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = authority(folder.path());
    let sink = Sink::with(Habits { tls: Tls::OnRequest, wants_tls: true, ..Habits::default() });
    // An attacker injects all the replies that a mail needs, which the relay itself never sends.
    let ahead = Deed::SayAhead(&[
        "250-sink.test",
        "250 8BITMIME",
        "250 Sender taken",
        "250 Recipient taken",
        "354 Go on",
        "250 Injected",
    ]);
    sink.script([Rule::at(Stage::StartTls, ahead), Rule::at(Stage::From, Deed::Hang)]);
    let flags = ["--smtp-tls", "starttls", "--smtp-ca-file", &file, "--smtp-timeout", "20s"];
    let server = server_to(sink.address(), &flags).await;
    send(&server, seed::IVY).await;
    until(&server, "state = 'queued' AND attempts = 1 AND claimed_at IS NULL", 1).await;
    let shown = show_first(&server);
    assert!(shown.contains("no connection") && shown.contains("man-in-the-middle"), "{shown}");
    assert!(sink.heard().iter().all(|heard| !heard.is_tls), "{:?}", sink.heard());
    sink.script([]);
    server.advance(Duration::from_secs(5));
    assert!(sink.wait_for(1).await[0].is_tls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_code_is_erased_from_the_file_including_its_free_space() {
    of_sqlite_alone!("the free space of PostgreSQL's files is its own");
    let sink = Sink::start();
    let server = server_to(sink.address(), &[]).await;
    let emails = people(10);
    for _ in 0..3 {
        server.clock.advance(Duration::from_secs(1));
        invite(&server, &emails).await;
        until(&server, "state = 'queued'", 0).await;
    }
    let folder = server.stop().await;
    let bytes = std::fs::read(folder.path().join("test.db")).expect("the file");
    let found = bytes.windows(9).filter(|part| *part == b"brms_inv_").count();
    assert_eq!(found, 0);
}
