//! Failing relays: transient and permanent failures, what the operator sees, and that neither the API nor other mails
//! are affected.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::delivery::{invite, mail_command, message_id, people, read, send, server_to, show_first, until};
use crate::support::server::PATIENCE;
use crate::support::smtp::{Deed, Habits, Rule, Sink, Stage, Tls};
use crate::support::{TestServer, seed};

/// The longest delay after a first failure.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const TRIED_ONCE: &str =
    "state = 'queued' AND attempts = 1 AND claimed_at IS NULL AND last_answer IS NOT NULL
    AND next_attempt_at - tried_at BETWEEN 2500 AND 5000";
const WIPED: &str = "secret IS NULL AND claimed_at IS NULL";

/// One mail to Ivy that fails once in this way; then it is retried and delivered.
async fn fails_once(sink: &Sink, rule: Rule, what: &str) -> TestServer {
    sink.script([rule.times(1)]);
    let server = server_to(sink.address(), &["--smtp-timeout", "6s", "--mail-workers", "1"]).await;
    send(&server, seed::IVY).await;
    until(&server, TRIED_ONCE, 1).await;
    server.ring();
    let waiting = mail_command(&server, &["list", "--state", "queued"]);
    assert!(waiting.contains("tries 1") && waiting.contains("next try"), "{what}: {waiting}");
    server.advance(FIRST_WAIT);
    until(&server, &format!("state = 'delivered' AND attempts = 2 AND {WIPED}"), 1).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_rejected_transiently_is_retried_as_the_same_message() {
    let stages = [Stage::Greeting, Stage::Hello, Stage::From, Stage::To, Stage::Data, Stage::End];
    for stage in stages {
        let sink = Sink::start();
        let rule = Rule::at(stage, Deed::Answer(450, "4.2.0 Come back\nlater"));
        fails_once(&sink, rule, &format!("{stage:?}")).await;
        let all = sink.received();
        assert_eq!(all.len(), if stage == Stage::End { 2 } else { 1 }, "{stage:?}");
        assert!(all.iter().all(|mail| mail.data == all[0].data), "{stage:?}: byte for byte");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_or_silent_connection_is_retried_as_the_same_message() {
    let stages =
        [Stage::Greeting, Stage::Hello, Stage::From, Stage::To, Stage::Data, Stage::Content, Stage::End];
    for deed in [Deed::Drop, Deed::Hang] {
        // In parallel, since each that hangs waits for its time-out.
        for case in stages.map(|stage| tokio::spawn(breaks_once(stage, deed.clone()))) {
            case.await.expect("it came");
        }
    }
}

async fn breaks_once(stage: Stage, deed: Deed) {
    let what = format!("{deed:?} at {stage:?}");
    let sink = Sink::start();
    fails_once(&sink, Rule::at(stage, deed), &what).await;
    let kept = sink.kept();
    // Accepted, but the reply is lost: the mail arrives twice, and the Message-ID identifies the duplicate.
    assert_eq!(kept.len(), if stage == Stage::End { 2 } else { 1 }, "{what}");
    assert!(kept.iter().all(|mail| mail.data == kept[0].data), "{what}");
    assert!(kept.iter().all(|mail| message_id(mail) == message_id(&kept[0])), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_before_the_mail_transaction_are_not_permanent() {
    let login = Some(("mailer", "right"));
    let flags = ["--smtp-user", "mailer", "--smtp-password", "right"];
    for stage in [Stage::Greeting, Stage::Hello, Stage::Auth] {
        let sink = Sink::with(Habits { tls: Tls::Never, login, ..Habits::default() });
        sink.script([Rule::at(stage, Deed::Answer(554, "5.7.1 Closed today")).times(1)]);
        let server = server_to(sink.address(), &flags).await;
        send(&server, seed::IVY).await;
        until(&server, TRIED_ONCE, 1).await;
        assert!(show_first(&server).contains("5.7.1 Closed today"), "{stage:?}");
        server.advance(FIRST_WAIT);
        sink.wait_for(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_24_a_mail_rejected_permanently_has_failed_with_the_relay_s_reply() {
    for stage in [Stage::From, Stage::To, Stage::Data, Stage::End] {
        let sink = Sink::start();
        let words = "5.7.1 Nobody of that name\nhas been here\nAsk postmaster@x.test";
        sink.script([Rule::at(stage, Deed::Answer(550, words)).times(1)]);
        let server = server_to(sink.address(), &[]).await;
        send(&server, seed::IVY).await;
        until(&server, &format!("state = 'failed' AND attempts = 1 AND delivered_at IS NULL AND {WIPED}"), 1)
            .await;
        let shown = show_first(&server);
        for line in words.lines() {
            assert!(shown.contains(line), "{stage:?}, {line}: {shown}");
        }
        assert!(shown.contains("failed") && !shown.contains("next try"), "{shown}");
        assert!(mail_command(&server, &["list", "--state", "failed"]).contains("5.7.1 Nobody"));
        // It is not retried automatically; sending the invitation again creates a new mail.
        server.advance(Duration::from_hours(24));
        server.ring();
        send(&server, seed::IAN).await;
        assert_eq!(sink.wait_for(1).await[0].to, [seed::IAN_EMAIL], "{stage:?}");
        send(&server, seed::IVY).await;
        assert_eq!(sink.wait_for(2).await[1].to, [seed::IVY_EMAIL], "{stage:?}");
        until(&server, "state = 'failed'", 1).await;
    }
}

const LONG: [u8; 4_000] = [b'x'; 4_000];

/// The digits of a reply decide, however its words are written. Otherwise an accepted mail would be sent again and again.
#[tokio::test(flavor = "multi_thread")]
async fn fr_53_the_digits_of_a_reply_decide_whatever_its_words_are() {
    let long: &'static [u8] = [b"250 2.0.0 ".as_slice(), &LONG, b"\r\n"].concat().leak();
    let said: [&[u8]; 6] = [
        b"250\r\n",
        b"250-2.0.0 taken\r\n250\r\n",
        b"250 2.0.0 Nachricht \xfcbernommen\r\n",
        b"250 2.0.0 taken\n",
        b"250 2.0.0 \0\x1b[31m\r\n",
        long,
    ];
    for bytes in said {
        for stage in [Stage::From, Stage::To, Stage::End] {
            let sink = Sink::start();
            sink.script([Rule::at(stage, Deed::Say(bytes))]);
            let server = server_to(sink.address(), &[]).await;
            send(&server, seed::IVY).await;
            until(&server, &format!("state = 'delivered' AND attempts = 1 AND {WIPED}"), 1).await;
            assert_eq!(sink.received().len(), 1);
        }
    }
    let refused = b"550 5.1.1 Empf\xe4nger unbekannt\r\n";
    for stage in [Stage::From, Stage::To, Stage::Data, Stage::End] {
        let sink = Sink::start();
        sink.script([Rule::at(stage, Deed::Say(refused))]);
        let server = server_to(sink.address(), &[]).await;
        send(&server, seed::IVY).await;
        until(&server, "state = 'failed' AND attempts = 1", 1).await;
        assert!(show_first(&server).contains("5.1.1 Empf\u{fffd}nger unbekannt"), "{stage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_does_not_answer_quit_changes_no_outcome() {
    let sink = Sink::start();
    sink.script([
        Rule::at(Stage::To, Deed::Answer(550, "5.7.1 Nobody here")).only_to(seed::IVY_EMAIL),
        Rule::at(Stage::Quit, Deed::Hang),
    ]);
    let server = server_to(sink.address(), &["--smtp-timeout", "5s"]).await;
    send(&server, seed::IVY).await;
    until(&server, &format!("state = 'failed' AND last_answer LIKE '%5.7.1 Nobody%' AND {WIPED}"), 1).await;
    let begun = Instant::now();
    while sink.heard().last().is_none_or(|heard| heard.line != "QUIT") {
        assert!(begun.elapsed() < PATIENCE, "it is to be polite all the same: {:?}", sink.heard());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_relay_that_does_not_answer_quit_are_closed_in_parallel() {
    const WORKERS: usize = 8;
    let sink = Sink::start();
    sink.script([Rule::at(Stage::End, Deed::Hold), Rule::at(Stage::Quit, Deed::Hang)]);
    let server = server_to(sink.address(), &["--mail-workers", &WORKERS.to_string()]).await;
    invite(&server, &people(WORKERS)).await;
    // Each worker has a connection of its own.
    let begun = Instant::now();
    while sink.received().len() < WORKERS {
        assert!(begun.elapsed() < PATIENCE, "only {} are held", sink.received().len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sink.script([Rule::at(Stage::Quit, Deed::Hang)]);
    sink.release().await;
    until(&server, "state = 'delivered'", 8).await;
    assert_eq!(sink.connections(), WORKERS);
    let begun = Instant::now();
    server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}: one after the other", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_beyond_ascii_is_sent_with_smtputf8_and_fails_without_it() {
    let body = json!({ "emails": ["jörg@x.test", "plain@x.test"] });
    for takes_unicode in [true, false] {
        let sink = Sink::with(Habits { takes_unicode, ..Habits::default() });
        let server = server_to(sink.address(), &[]).await;
        // Bypasses the check of responses: to a strict validator `format: email` means ASCII.
        let call = server.http.post(format!("{}/api/users", server.url())).json(&body);
        let answer = call.header("authorization", seed::OWNER_SES).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        until(&server, "state = 'queued'", 0).await;
        let mut to: Vec<String> = sink.kept().into_iter().flat_map(|mail| mail.to).collect();
        to.sort();
        let listed = mail_command(&server, &["list", "--state", "failed"]);
        if takes_unicode {
            assert_eq!(to, ["jörg@x.test", "plain@x.test"]);
        } else {
            assert_eq!(to, ["plain@x.test"]);
            assert!(listed.contains("jörg@x.test") && listed.to_lowercase().contains("utf"), "{listed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rejected_recipient_does_not_delay_the_others() {
    let sink = Sink::start();
    sink.script([
        Rule::at(Stage::To, Deed::Answer(550, "5.1.1 No such person")).only_to("p1@x.test"),
        Rule::at(Stage::To, Deed::Answer(451, "4.7.1 Greylisted")).only_to("p2@x.test").times(1),
        Rule::at(Stage::End, Deed::Drop).only_to("p3@x.test").times(1),
    ]);
    let server = server_to(sink.address(), &["--mail-workers", "2"]).await;
    let emails = people(6);
    invite(&server, &emails).await;
    until(&server, "state = 'delivered'", 3).await;
    until(&server, "state = 'failed' AND recipient = 'p1@x.test'", 1).await;
    until(&server, "state = 'queued' AND attempts = 1 AND claimed_at IS NULL", 2).await;
    server.advance(FIRST_WAIT);
    until(&server, "state = 'delivered'", 5).await;
    let mut to: Vec<String> = sink.kept().into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["p0@x.test", "p2@x.test", "p3@x.test", "p3@x.test", "p4@x.test", "p5@x.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_25_a_hanging_relay_delays_only_mail() {
    for stage in [Stage::Greeting, Stage::Content] {
        let sink = Sink::start();
        sink.script([Rule::at(stage, Deed::Hang)]);
        let server = server_to(sink.address(), &[]).await;
        let emails = people(8);
        invite(&server, &emails).await;
        // Every worker is in an SMTP dialogue that hangs.
        until(&server, "claimed_at IS NOT NULL", 4).await;
        let mut slowest = Duration::ZERO;
        for number in 0..30 {
            let begun = Instant::now();
            match number % 3 {
                0 => server.get("/api/users").caller(seed::OWNER_SES).expect(200).await,
                1 => {
                    let body = json!({ "emails": [format!("more{number}@x.test")] });
                    server.post("/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await
                }
                _ => {
                    let body = json!({ "userIds": [seed::NINA] });
                    let call = server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT);
                    call.json(&body).expect(200).await
                }
            };
            slowest = slowest.max(begun.elapsed());
        }
        // The relay's time-out is a minute; a response that waited for it would take that long.
        assert!(slowest < Duration::from_secs(5), "{stage:?}: {slowest:?}");
        assert_eq!(server.count("SELECT count(*) FROM mails WHERE claimed_at IS NOT NULL"), 4);
        assert!(sink.received().is_empty());
        let begun = Instant::now();
        server.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(15), "nor does it hold up the end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_in_progress_at_shutdown_are_sent_after_the_next_start() {
    let sink = Sink::start();
    sink.script([Rule::at(Stage::To, Deed::Hang)]);
    let server = server_to(sink.address(), &[]).await;
    send(&server, seed::IVY).await;
    until(&server, "claimed_at IS NOT NULL", 1).await;
    let folder = server.stop().await;
    sink.script([]);
    let flags = crate::delivery::relay_flags(sink.address());
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let server = TestServer::start_in(folder, &flags).await;
    let mails = sink.wait_for(1).await;
    until(&server, &format!("state = 'delivered' AND attempts = 2 AND {WIPED}"), 1).await;
    let code = read(&mails[0]).code;
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
}
