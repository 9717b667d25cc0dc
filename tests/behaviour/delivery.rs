//! Mail handed to a relay: what the relay is told and what it gets, how the connection is encrypted and who
//! signs in. Here too lies what all tests of delivery share.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use serde_json::{Value, json};

use crate::support::program::run_well;
use crate::support::server::{Mail, PATIENCE};
use crate::support::smtp::{Deed, Habits, Received, Rule, Sink, Stage, Tls, certificate_pem};
use crate::support::{Answer, TestServer, seed};

/// The address that mails are from in these tests.
pub const SENDER: &str = "people@brms.example";
pub const PUBLIC_URL: &str = "https://people.example/brms";

/// The flags for handing mail to a relay there, in the clear.
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

/// A server on the example seed that hands its mail to a relay there. Its clock stands still.
pub async fn server_to(relay: SocketAddr, more: &[&str]) -> TestServer {
    let flags = relay_flags(relay);
    // What comes last counts: clap overrides an earlier value of the same flag only if told so, so a flag
    // that is given again replaces the earlier one here.
    let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    for flag in more.chunks(2) {
        match flags.iter().position(|known| *known == flag[0]) {
            Some(at) => flags[at + 1] = flag[1],
            None => flags.extend(flag),
        }
    }
    let server = TestServer::start_with(&flags).await;
    // So that a mail is tried again when the test says so, and not before on a machine that is slow.
    server.clock.freeze();
    server
}

/// The addresses of so many people whom nobody knows yet.
pub fn people(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("p{number}@x.test")).collect()
}

/// Invites people, at most ten.
pub async fn invite(server: &TestServer, emails: &[String]) -> Value {
    let call = server.post("/api/users").caller(seed::OWNER_SES).json(&json!({ "emails": emails }));
    call.expect(200).await.json()
}

/// Asks for the invitation of a user to be sent.
pub async fn send(server: &TestServer, user: &str) -> Answer {
    server.post(&seed::invitation_path(user)).caller(seed::OWNER_SES).expect(200).await
}

/// Waits until this many mails are as the condition says.
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

/// What an operator sees of the mails.
pub fn mail_command(server: &TestServer, words: &[&str]) -> String {
    let database = server.database().display().to_string();
    run_well(&[&["mail"], words, &["--database", &database]].concat())
}

/// `brms mail show` of the only mail, or of the oldest.
pub fn show_first(server: &TestServer) -> String {
    let list = mail_command(server, &["list"]);
    mail_command(server, &["show", &list[..36]])
}

/// The Message-ID of a mail, as its reader sees it.
pub fn message_id(mail: &Received) -> String {
    let message = MessageParser::default().parse(&mail.data).expect("a message");
    message.message_id().expect("a Message-ID").to_owned()
}

/// A mail read back; its code is known from here on.
pub fn read(mail: &Received) -> Mail {
    Mail::parse(mail.data.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_handed_over_whole_to_one_person_and_nothing_of_it_is_kept() {
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
async fn the_relay_is_told_the_name_that_was_set() {
    let sink = Sink::start();
    let server = server_to(sink.address(), &["--smtp-ehlo-name", "mail.acme.example"]).await;
    send(&server, seed::IVY).await;
    assert_eq!(sink.wait_for(1).await[0].hello, "mail.acme.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_carries_many_mails() {
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
async fn a_connection_that_the_relay_closed_meanwhile_costs_nothing() {
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
async fn who_is_named_signs_in_with_the_password_of_a_file_or_of_the_settings() {
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
async fn a_wrong_password_keeps_the_mail_waiting_and_says_so() {
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
async fn tls_at_once_and_on_request_protect_password_and_mail() {
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

/// Nothing of a mail or a password reaches this relay; the mail waits, with these words about it.
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
async fn what_is_asked_of_tls_is_insisted_on() {
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
    // Nobody whom we trust vouches for this one.
    kept_back(&on_request(), &["--smtp-tls", "starttls"], "certificate").await;
    // Somebody vouches for it, but it is not who it says.
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], 0));
    let other = Sink::at(elsewhere, Habits { tls: Tls::AtOnce, login, ..Habits::default() });
    kept_back(&other, &["--smtp-tls", "implicit", "--smtp-ca-file", &file], "certificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_the_clear_is_no_answer_under_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = authority(folder.path());
    let sink = Sink::with(Habits { tls: Tls::OnRequest, wants_tls: true, ..Habits::default() });
    // Somebody in between answers for the relay all that a mail needs, which the relay itself never does.
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
    assert!(shown.contains("no connection") && shown.contains("in between"), "{shown}");
    assert!(sink.heard().iter().all(|heard| !heard.is_tls), "{:?}", sink.heard());
    sink.script([]);
    server.advance(Duration::from_secs(5));
    assert!(sink.wait_for(1).await[0].is_tls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_mailed_is_not_in_the_file_any_more_not_even_in_its_gaps() {
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
