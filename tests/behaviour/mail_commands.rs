//! `brms mail` and the mail settings: output, effects, and errors for missing settings.

use std::net::SocketAddr;
use std::process::Output;

use uuid::Uuid;

use crate::delivery::{SENDER, invite, mail_command, read, relay_flags, send, server_to, until};
use crate::processes::serve_refused;
use crate::support::program::{brms, run};
use crate::support::smtp::{Deed, Habits, Rule, Sink, Stage, Tls, certificate_pem};
use crate::support::{TestServer, seed};

const ADDRESS: &str = "postmaster@x.test";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// `brms mail test` with these settings.
fn test_mail(relay: SocketAddr, more: &[&str]) -> Output {
    let (host, port) = (relay.ip().to_string(), relay.port().to_string());
    let words = ["mail", "test", ADDRESS, "--smtp-host", &host, "--smtp-port", &port, "--mail-from", SENDER];
    let tls: &[&str] = if more.contains(&"--smtp-tls") { &[] } else { &["--smtp-tls", "none"] };
    run(&[&words, tls, more].concat())
}

/// The error of a command that must fail.
fn refused(output: &Output, code: i32) -> String {
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(code), ""), "{error}");
    error
}

#[test]
fn a_test_mail_is_sent_and_the_relay_s_reply_is_printed() {
    let sink = Sink::start();
    let output = test_mail(sink.address(), &["--smtp-ehlo-name", "mail.acme.example"]);
    let said = text(&output.stdout);
    assert!(
        output.status.success() && said.contains("250 2.0.0 Taken") && said.contains(ADDRESS),
        "{output:?}"
    );
    let received = sink.received();
    assert_eq!(received.len(), 1);
    let mail = &received[0];
    assert_eq!((mail.hello.as_str(), mail.from.as_str()), ("mail.acme.example", SENDER));
    assert_eq!(mail.to, [ADDRESS]);
    let message = mail_parser::MessageParser::default().parse(&mail.data).expect("a message");
    assert!(message.subject().is_some_and(|subject| subject.contains("brms")));
    assert!(message.message_id().is_some_and(|id| id.ends_with("@brms.example")));
    assert_eq!(sink.heard().last().map(|heard| heard.line.as_str()), Some("QUIT"), "it leaves politely");
}

#[test]
fn a_failed_test_mail_prints_the_relay_s_reply() {
    for stage in [Stage::Greeting, Stage::Hello, Stage::From, Stage::To, Stage::Data, Stage::End] {
        for (code, words) in [(554, "5.7.1 We do not know you\nAsk x@y.test"), (451, "4.3.0 Full")] {
            let sink = Sink::start();
            sink.script([Rule::at(stage, Deed::Answer(code, words))]);
            let error = refused(&test_mail(sink.address(), &[]), 1);
            assert!(error.contains(&sink.address().to_string()), "{stage:?}: which relay? {error}");
            for line in words.lines() {
                assert!(error.contains(line), "{stage:?}: {error}");
            }
            assert!(sink.kept().is_empty(), "{stage:?}");
        }
    }
    let silent = Sink::start();
    silent.script([Rule::at(Stage::Greeting, Deed::Hang)]);
    let error = refused(&test_mail(silent.address(), &["--smtp-timeout", "300ms"]), 1);
    assert!(error.contains("0.3 s"), "{error}");
    let closed = Sink::start().address();
    let error = refused(&test_mail(closed, &[]), 1);
    assert!(error.contains("no connection") && error.contains("refused"), "{error}");
}

#[test]
fn a_test_mail_reports_errors_of_password_and_encryption() {
    let login = Some(("mailer", "right"));
    let sink = Sink::with(Habits { tls: Tls::OnRequest, wants_tls: true, login, ..Habits::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, certificate_pem()).expect("a file");
    let file = file.display().to_string();
    let right =
        ["--smtp-tls", "starttls", "--smtp-ca-file", &file, "--smtp-user", "mailer", "--smtp-password"];
    let output = test_mail(sink.address(), &[&right[..], &["right"]].concat());
    assert!(output.status.success(), "{output:?}");
    assert_eq!((sink.received()[0].is_tls, sink.received()[0].user.as_deref()), (true, Some("mailer")));
    let error = refused(&test_mail(sink.address(), &[&right[..], &["not-right-at-all"]].concat()), 1);
    assert!(error.contains("5.7.8 Wrong name or password") && !error.contains("not-right"), "{error}");
    let error = refused(&test_mail(sink.address(), &["--smtp-tls", "starttls"]), 1);
    assert!(error.to_lowercase().contains("certificate"), "{error}");
    let error = refused(&test_mail(sink.address(), &["--smtp-tls", "none"]), 1);
    assert!(error.contains("5.7.0 Must issue a STARTTLS command first"), "{error}");
    let error = refused(&run(&["mail", "test", ADDRESS]), 1);
    assert!(error.contains("--smtp-host"), "{error}");
    let error = refused(&run(&["mail", "test", ADDRESS, "--smtp-host", "127.0.0.1"]), 1);
    assert!(error.contains("--mail-from") && error.contains("BRMS_MAIL_FROM"), "{error}");
    refused(&run(&["mail", "test", "nobody", "--smtp-host", "127.0.0.1"]), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_every_state_and_can_be_filtered() {
    let sink = Sink::start();
    sink.script([
        Rule::at(Stage::To, Deed::Answer(550, "5.1.1 No such person")).only_to("failed@x.test"),
        Rule::at(Stage::To, Deed::Answer(450, "4.2.0 Later")).only_to("queued@x.test"),
        Rule::at(Stage::To, Deed::Answer(450, "4.2.0 Later")).only_to("cancelled@x.test"),
        Rule::at(Stage::To, Deed::Hold).only_to("sending@x.test"),
    ]);
    let server = server_to(sink.address(), &[]).await;
    assert_eq!(mail_command(&server, &["list"]), "no mail\n");
    let emails =
        ["delivered", "failed", "queued", "cancelled", "sending"].map(|name| format!("{name}@x.test"));
    invite(&server, &emails).await;
    until(&server, "claimed_at IS NULL AND attempts = 1", 4).await;
    until(&server, "claimed_at IS NOT NULL", 1).await;
    let id_of = |name: &str| {
        let list = mail_command(&server, &["list"]);
        list.lines().find(|line| line.contains(name)).expect("it is listed")[..36].to_owned()
    };
    mail_command(&server, &["cancel", &id_of("cancelled@")]);
    let list = mail_command(&server, &["list"]);
    for (state, line) in ["delivered", "failed", "queued", "cancelled", "sending"].iter().zip(list.lines()) {
        assert!(line[36..].trim_start().starts_with(state), "{state}: {line}");
        assert!(line.contains(&format!("{state}@x.test")) && line.contains("tries 1"), "{line}");
    }
    for (state, names) in [
        ("delivered", &["delivered"][..]),
        ("failed", &["failed"]),
        ("queued", &["queued", "sending"]),
        ("cancelled", &["cancelled"]),
    ] {
        let list = mail_command(&server, &["list", "--state", state]);
        assert_eq!(list.lines().count(), names.len(), "{list}");
        assert!(names.iter().all(|name| list.contains(&format!("{name}@x.test"))), "{list}");
    }
    // Impossible actions are rejected with a reason.
    let database = server.database().display().to_string();
    let refuse = |word: &str, id: &str| refused(&run(&["mail", word, id, "--database", &database]), 1);
    for (word, name, reason) in [
        ("retry", "delivered@", "is already delivered"),
        ("retry", "cancelled@", "is already cancelled"),
        ("retry", "sending@", "being sent right now"),
        ("cancel", "delivered@", "is already delivered"),
        ("cancel", "failed@", "is already failed"),
        ("cancel", "cancelled@", "is already cancelled"),
    ] {
        let error = refuse(word, &id_of(name));
        assert!(error.contains(reason), "{word} {name}: {error}");
    }
    for word in ["show", "retry", "cancel"] {
        assert!(refuse(word, &Uuid::nil().to_string()).contains("there is no mail"), "{word}");
    }
    let words = mail_command(&server, &["cancel", &id_of("sending@")]);
    assert!(words.contains("was being sent"), "{words}");
    sink.release().await;
    until(&server, "state = 'delivered' AND recipient = 'sending@x.test'", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_quotes_the_link_does_not_get_it_into_any_list() {
    let sink = Sink::start();
    sink.script([Rule::at(Stage::End, Deed::QuoteLink)]);
    let server = server_to(sink.address(), &[]).await;
    send(&server, seed::IVY).await;
    until(&server, "state = 'failed'", 1).await;
    // Every test checks that no code is printed or stored.
    let list = mail_command(&server, &["list"]);
    assert!(list.contains("5.7.1 Looks like a lure") && list.contains("/invitations/accept#…"), "{list}");
    assert_eq!(read(&sink.received()[0]).code.len(), 52);
}

#[test]
fn a_start_with_missing_mail_settings_reports_them_and_creates_no_database() {
    let host = ["--smtp-host", "relay.test"];
    let sender = ["--mail-from", SENDER];
    let url = ["--public-url", "https://x.test"];
    let missing = "/nowhere/at/all";
    for (flags, named) in [
        (vec![&host], &["--public-url", "BRMS_PUBLIC_URL", "--mail-from", "BRMS_MAIL_FROM"][..]),
        (vec![&host, &sender], &["--public-url"]),
        (vec![&host, &url], &["--mail-from"]),
        (vec![&host, &sender, &url, &["--smtp-user", "mailer"]], &["--smtp-password-file"]),
        (
            vec![&host, &sender, &url, &["--smtp-user", "mailer"], &["--smtp-password-file", missing]],
            &["--smtp-password-file", missing],
        ),
        (vec![&host, &sender, &url, &["--smtp-ca-file", missing]], &["--smtp-ca-file", missing]),
        (vec![&host, &sender, &url, &["--smtp-ca-file", seed::FILE]], &["--smtp-ca-file", "PEM"]),
        (
            vec![
                &host,
                &sender,
                &url,
                &["--smtp-tls", "none"],
                &["--smtp-user", "mailer"],
                &["--smtp-password", "secret-word"],
            ],
            &["--smtp-tls none", "relay.test", "starttls"],
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let flags: Vec<&str> = flags.into_iter().flatten().copied().collect();
        let error = serve_refused(folder.path(), &[&["--listen", "127.0.0.1:0"], &flags[..]].concat());
        for name in named {
            assert!(error.contains(name), "{flags:?}: {error}");
        }
        assert!(!error.contains("secret-word"), "{error}");
        assert!(!folder.path().join("test.db").exists(), "{flags:?}: nothing is made before");
    }
}

#[test]
fn meaningless_or_invalid_settings_are_rejected_by_name() {
    for (flags, named) in [
        (&["--smtp-port", "25"][..], "--smtp-host"),
        (&["--smtp-user", "x"], "--smtp-host"),
        (&["--smtp-host", ""], "leave the setting out"),
        (&["--smtp-host", "relay.test:587"], "--smtp-port"),
        (&["--smtp-host", "smtp://relay.test"], "--smtp-tls"),
        (&["--smtp-host", "x", "--smtp-password", "secret-word"], "--smtp-user"),
        (&["--smtp-host", "x", "--smtp-port", "0x"], "--smtp-port"),
        (&["--smtp-tls", "maybe"], "--smtp-tls"),
        (&["--smtp-host", "x", "--smtp-timeout", "0s"], "--smtp-timeout"),
        (&["--smtp-host", "x", "--smtp-ehlo-name", "two words"], "--smtp-ehlo-name"),
        (&["--smtp-host", "x", "--smtp-ehlo-name", "x\r\nQUIT"], "--smtp-ehlo-name"),
        (&["--mail-from", "nobody"], "--mail-from"),
        (&["--mail-workers", "0"], "--mail-workers"),
        (&["--mail-give-up-after", "2"], "--mail-give-up-after"),
    ] {
        let error = refused(&run(&[&["serve"], flags].concat()), 2);
        assert!(error.contains(named) && !error.contains("secret-word"), "{flags:?}: {error}");
    }
    let twin = brms().arg("serve").env("BRMS_SMTP_HOST", "relay.test:587").output().expect("brms runs");
    assert!(refused(&twin, 2).contains("the port is --smtp-port"), "{twin:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_relay_the_mail_settings_change_nothing() {
    let sink = Sink::start();
    let flags = relay_flags(sink.address());
    let without_host: Vec<&str> = flags.iter().map(String::as_str).collect();
    let server = TestServer::start_with(&without_host[6..]).await;
    send(&server, seed::IVY).await;
    assert_eq!(server.mails().await.len(), 1);
    assert!(mail_command(&server, &["list"]).contains("delivered"));
    assert_eq!(sink.connections(), 0);
}
