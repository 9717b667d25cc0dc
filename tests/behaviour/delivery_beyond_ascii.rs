//! Mail to and from addresses beyond ASCII: to relays without SMTPUTF8, without 8BITMIME, and to one that refuses raw
//! UTF-8 in headers.

use serde_json::json;

use crate::delivery::{mail_command, server_to, until};
use crate::support::smtp::{Habits, Received, Sink};
use crate::support::{TestServer, inside, seed};

/// What the relay got for these recipients, with an inviter of this address.
async fn delivered(habits: Habits, inviter: &str, emails: &[&str]) -> (TestServer, Sink, Vec<Received>) {
    let sink = Sink::with(habits);
    let server = server_to(sink.address(), &[]).await;
    inside::execute(
        &server,
        &format!("UPDATE users SET email = '{inviter}' WHERE email = 'owner@acme.test'"),
    );
    let call = server.post("/api/users").caller(seed::OWNER_SES);
    call.json(&json!({ "emails": emails })).expect(200).await;
    until(&server, "state = 'queued'", 0).await;
    let mut mails = sink.kept();
    mails.sort_by(|one, other| one.to.cmp(&other.to));
    (server, sink, mails)
}

fn recipients(mails: &[Received]) -> Vec<&str> {
    mails.iter().flat_map(|mail| &mail.to).map(String::as_str).collect()
}

fn reply_to(mail: &Received) -> Option<String> {
    let message = mail_parser::MessageParser::default().parse(&mail.data).expect("a message");
    let address = message.reply_to()?.first()?.address()?.to_owned();
    Some(address)
}

/// How each mail was announced, by the parameters of MAIL FROM.
fn announced(sink: &Sink) -> Vec<String> {
    let lines = sink.heard().into_iter().map(|heard| heard.line);
    let mut lines: Vec<String> = lines.filter(|line| line.starts_with("MAIL FROM")).collect();
    lines.sort();
    lines
}

const EMAILS: [&str; 3] = ["ann@bücher.test", "jörg@bücher.test", "plain@x.test"];

#[tokio::test(flavor = "multi_thread")]
async fn fr_51_a_domain_beyond_ascii_needs_no_smtputf8() {
    let (server, sink, mails) = delivered(Habits::default(), "owner@bücher.test", &EMAILS).await;
    assert_eq!(recipients(&mails), ["ann@xn--bcher-kva.test", "plain@x.test"]);
    for mail in &mails {
        assert!(mail.data.is_ascii(), "{mail:?}");
        assert_eq!(reply_to(mail).as_deref(), Some("owner@xn--bcher-kva.test"));
    }
    assert!(announced(&sink).iter().all(|line| !line.contains("UTF8")), "{:?}", announced(&sink));
    let failed = mail_command(&server, &["list", "--state", "failed"]);
    assert!(failed.contains("jörg@bücher.test") && failed.contains("SMTPUTF8"), "{failed}");
    assert!(!failed.contains("ann@"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_51_a_local_part_beyond_ascii_is_announced() {
    let habits = Habits { takes_unicode: true, ..Habits::default() };
    let (_server, sink, mails) = delivered(habits, "jürgen@bücher.test", &EMAILS).await;
    let wanted = ["ann@xn--bcher-kva.test", "jörg@xn--bcher-kva.test", "plain@x.test"];
    assert_eq!(recipients(&mails), wanted);
    let announced = announced(&sink);
    assert_eq!(announced.iter().filter(|line| line.contains("SMTPUTF8")).count(), 1, "{announced:?}");
    assert_eq!(announced.len(), 3);
    assert_eq!(reply_to(&mails[1]).as_deref(), Some("jürgen@xn--bcher-kva.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_52_a_relay_without_8bitmime_gets_mail_of_an_inviter_beyond_ascii() {
    let habits = Habits { lacks_8bit: true, ..Habits::default() };
    let (_server, sink, mails) =
        delivered(habits, "jürgen@bücher.test", &["ann@bücher.test", "plain@x.test"]).await;
    assert_eq!(recipients(&mails), ["ann@xn--bcher-kva.test", "plain@x.test"]);
    for mail in &mails {
        assert!(mail.data.is_ascii());
        assert_eq!(reply_to(mail), None, "an answer could not be written");
    }
    assert!(announced(&sink).iter().all(|line| !line.contains("8BITMIME")), "{:?}", announced(&sink));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_52_a_strict_relay_refuses_nothing() {
    for takes_unicode in [false, true] {
        let habits = Habits { refuses_raw_headers: true, takes_unicode, ..Habits::default() };
        let emails: &[&str] = if takes_unicode { &EMAILS } else { &["ann@bücher.test", "plain@x.test"] };
        let (server, _sink, mails) = delivered(habits, "jürgen@bücher.test", emails).await;
        assert_eq!(mails.len(), emails.len());
        assert_eq!(mail_command(&server, &["list", "--state", "failed"]), "no mail is failed\n");
    }
}
