//! Mail while the relay is unavailable: it is neither lost nor duplicated, obsolete mail is not sent, and delivery is
//! given up eventually.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::delivery::{
    invite, mail_command, message_id, people, read, relay_flags, send, server_to, show_first, until,
};
use crate::support::inside::change_stopped;
use crate::support::program::run_well;
use crate::support::smtp::{Deed, Habits, Rule, Sink, Stage};
use crate::support::{Answer, TestServer, seed};

const HOUR: Duration = Duration::from_hours(1);
const WAITS: &str = "state = 'queued' AND claimed_at IS NULL AND attempts > 0";

/// An address where nothing listens.
fn unused_address() -> SocketAddr {
    Sink::start().address()
}

/// Starts the relay again and makes all pending mails due.
fn comes_back(server: &TestServer, relay: SocketAddr) -> Sink {
    let sink = Sink::at(relay, Habits::default());
    server.advance(HOUR);
    sink
}

async fn accept(server: &TestServer, code: &str) -> Answer {
    server.post("/invitations/accept").json(&json!({ "secret": code })).send().await
}

async fn set_status(server: &TestServer, user: &str, status: &str) {
    let call = server.call("PUT", &format!("/api/users/{user}")).caller(seed::OWNER_SES);
    call.json(&json!({ "status": status })).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_23_without_a_relay_the_api_works_and_mail_stays_pending() {
    let relay = unused_address();
    let server = server_to(relay, &[]).await;
    let body = send(&server, seed::IVY).await.json();
    assert_eq!(body["status"], "pending");
    until(&server, WAITS, 1).await;
    assert!(show_first(&server).contains("no connection to the relay"), "{}", show_first(&server));
    let pending =
        server.get("/api/invitations?status=pending").caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(pending["results"][0]["expiresAt"], body["expiresAt"], "nothing was taken back");
    // Inviting again is not rejected, and creates neither a second invitation nor a second mail.
    server.clock.advance(Duration::from_secs(1));
    let again = send(&server, seed::IVY).await.json();
    assert_eq!((&again["id"], &again["createdAt"]), (&body["id"], &body["createdAt"]));
    until(&server, WAITS, 1).await;
    let sink = comes_back(&server, relay);
    let received = sink.wait_for(1).await;
    until(&server, "state = 'delivered'", 1).await;
    assert_eq!(accept(&server, &read(&received[0]).code).await.status, 200);
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_without_a_relay_every_mail_arrives_once() {
    let relay = unused_address();
    let server = server_to(relay, &[]).await;
    let emails = people(6);
    invite(&server, &emails).await;
    for hours in 1..=24 {
        until(&server, &format!("{WAITS} AND attempts >= {hours}"), 6).await;
        server.advance(HOUR);
    }
    // Not given up, and in the end retried once an hour.
    until(&server, &format!("{WAITS} AND attempts = 25"), 6).await;
    let sink = comes_back(&server, relay);
    let received = sink.wait_for(6).await;
    until(&server, "state = 'delivered' AND secret IS NULL", 6).await;
    server.advance(24 * HOUR);
    send(&server, seed::IVY).await;
    sink.wait_for(7).await;
    let mut to: Vec<String> = sink.received().into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    let mut expected = emails.clone();
    expected.insert(0, seed::IVY_EMAIL.to_owned());
    assert_eq!(to, expected);
    let listed = mail_command(&server, &["list"]);
    for mail in &received {
        let id = message_id(mail);
        assert!(listed.contains(id.split('@').next().expect("an id")), "{id}");
        assert_eq!(accept(&server, &read(mail).code).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_retried_for_too_long_is_given_up_and_can_be_sent_anew() {
    let relay = unused_address();
    let server = server_to(relay, &["--mail-give-up-after", "2h"]).await;
    send(&server, seed::IVY).await;
    until(&server, WAITS, 1).await;
    server.advance(HOUR);
    until(&server, &format!("{WAITS} AND attempts >= 2"), 1).await;
    server.advance(HOUR);
    until(&server, "state = 'failed' AND secret IS NULL AND claimed_at IS NULL", 1).await;
    let shown = show_first(&server);
    assert!(shown.contains("no connection to the relay") && !shown.contains("next try"), "{shown}");
    let sink = comes_back(&server, relay);
    let id = shown.split_whitespace().nth(1).expect("an id").to_owned();
    let words = mail_command(&server, &["retry", &id]);
    assert!(words.contains("new link"), "{words}");
    server.ring();
    let received = sink.wait_for(1).await;
    assert!(!message_id(&received[0]).starts_with(&id), "another mail");
    assert_eq!(accept(&server, &read(&received[0]).code).await.status, 200);
    until(&server, "state = 'failed'", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_link_has_expired_is_not_sent() {
    let relay = unused_address();
    let server = server_to(relay, &["--invitation-ttl", "30m"]).await;
    send(&server, seed::IVY).await;
    until(&server, WAITS, 1).await;
    let sink = comes_back(&server, relay);
    until(&server, "state = 'failed' AND last_answer LIKE '%expired before%' AND secret IS NULL", 1).await;
    send(&server, seed::IAN).await;
    assert_eq!(sink.wait_for(1).await[0].to, [seed::IAN_EMAIL]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_sends_only_the_newest_link_is_mailed() {
    let relay = unused_address();
    let server = server_to(relay, &[]).await;
    for sends in 1..=3 {
        server.clock.advance(Duration::from_secs(1));
        send(&server, seed::IVY).await;
        until(&server, "state = 'cancelled' AND secret IS NULL", sends - 1).await;
        until(&server, WAITS, 1).await;
    }
    let sink = comes_back(&server, relay);
    let received = sink.wait_for(1).await;
    until(&server, "state = 'delivered'", 1).await;
    assert_eq!(accept(&server, &read(&received[0]).code).await.status, 200);
    assert_eq!(sink.received().len(), 1);
    until(&server, "state = 'cancelled'", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_an_invitation_withdrawn_meanwhile_is_not_sent() {
    let relay = unused_address();
    let server = server_to(relay, &[]).await;
    let emails: Vec<String> = ["cancelled", "linked", "sent"].map(|name| format!("{name}@x.test")).into();
    let invited = invite(&server, &emails).await;
    send(&server, seed::IVY).await;
    until(&server, WAITS, 4).await;
    set_status(&server, seed::IVY, "disabled").await;
    let listed = mail_command(&server, &["list"]);
    let line = listed.lines().find(|line| line.contains("cancelled@x.test")).expect("the mail");
    let words = mail_command(&server, &["cancel", &line[..36]]);
    assert!(words.contains("is cancelled") && !words.contains("being sent"), "{words}");
    let database = server.database().display().to_string();
    let linked = invited[1]["userId"].as_str().expect("an id");
    let printed =
        run_well(&["invitation", "link", linked, "--public-url", "https://x.test", "--database", &database]);
    until(&server, "state = 'cancelled' AND secret IS NULL", 3).await;

    let sink = comes_back(&server, relay);
    until(&server, "state = 'delivered'", 1).await;
    // Enabling the user does not restore the mail either.
    set_status(&server, seed::IVY, "active").await;
    server.advance(24 * HOUR);
    send(&server, seed::IAN).await;
    sink.wait_for(2).await;
    let to: Vec<String> = sink.received().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, ["sent@x.test", seed::IAN_EMAIL]);
    let code = printed.lines().next().and_then(|line| line.split('#').nth(1)).expect("a code");
    assert_eq!(accept(&server, code).await.status, 200, "the link in hand is the one that works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_being_sent_when_it_is_withdrawn_gets_its_actual_outcome() {
    let sink = Sink::start();
    // Accepted by the relay: its state is delivered, although its link is no longer valid.
    sink.script([Rule::at(Stage::End, Deed::Hold)]);
    let server = server_to(sink.address(), &[]).await;
    send(&server, seed::IVY).await;
    until(&server, "claimed_at IS NOT NULL", 1).await;
    set_status(&server, seed::IVY, "disabled").await;
    until(&server, "state = 'cancelled' AND claimed_at IS NOT NULL AND secret IS NULL", 1).await;
    let held = sink.wait_for(1).await;
    sink.release().await;
    until(&server, "state = 'delivered' AND claimed_at IS NULL", 1).await;
    let answer = accept(&server, &read(&held[0]).code).await;
    assert_eq!((answer.status, answer.problem().as_str()), (410, "invitation-withdrawn"));

    // Not accepted by the relay: it is not retried.
    sink.script([
        Rule::at(Stage::End, Deed::Hold).only_to(seed::IAN_EMAIL).times(1),
        Rule::at(Stage::To, Deed::Hold).only_to("gone@x.test"),
        Rule::at(Stage::Data, Deed::Answer(451, "4.3.0 Later")).only_to("gone@x.test"),
    ]);
    let invited = invite(&server, &["gone@x.test".to_owned()]).await;
    until(&server, "claimed_at IS NOT NULL", 1).await;
    set_status(&server, invited[0]["userId"].as_str().expect("an id"), "disabled").await;
    sink.release().await;
    until(&server, "state = 'cancelled' AND claimed_at IS NULL AND last_answer LIKE '%4.3.0 Later%'", 1)
        .await;
    server.advance(HOUR);

    // A newer link overtakes the mail that is being sent.
    send(&server, seed::IAN).await;
    until(&server, "claimed_at IS NOT NULL", 1).await;
    sink.wait_for(2).await;
    server.clock.advance(Duration::from_secs(1));
    send(&server, seed::IAN).await;
    until(&server, "state = 'delivered' AND recipient = 'ian@acme.test'", 1).await;
    sink.release().await;
    until(&server, "state = 'delivered' AND recipient = 'ian@acme.test'", 2).await;
    let codes: Vec<String> = sink.kept()[1..].iter().map(|mail| read(mail).code).collect();
    assert_eq!(codes.len(), 2, "a disabled user got no mail");
    let mut statuses = Vec::new();
    for code in &codes {
        statuses.push(accept(&server, code).await.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_mail_is_sent_at_once_on_the_operator_s_request() {
    let relay = unused_address();
    let server = server_to(relay, &[]).await;
    send(&server, seed::IVY).await;
    for attempts in 1..=5 {
        until(&server, &format!("{WAITS} AND attempts >= {attempts}"), 1).await;
        server.advance(HOUR);
    }
    until(&server, &format!("{WAITS} AND attempts >= 6"), 1).await;
    let sink = Sink::at(relay, Habits::default());
    let id = mail_command(&server, &["list"])[..36].to_owned();
    let words = mail_command(&server, &["retry", &id]);
    assert!(words.contains("due now"), "{words}");
    // Another process does not notify the server, so it relies on polling.
    let received = sink.wait_for(1).await;
    assert!(message_id(&received[0]).starts_with(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_crashes_the_server_repeatedly_is_delayed_and_given_up() {
    let relay = unused_address();
    let server = server_to(relay, &[]).await;
    send(&server, seed::IVY).await;
    until(&server, WAITS, 1).await;
    let folder = server.stop().await;
    // The state left by a server that ended during its second attempt.
    let ended = "UPDATE mails SET claimed_at = tried_at, claim_ends_at = tried_at, attempts = 2, next_attempt_at = tried_at";
    let ends = |folder: &TempDir, more: &str| {
        assert_eq!(change_stopped(folder.path(), &format!("{ended}{more}")), 1);
    };
    ends(&folder, "");
    let sink = Sink::at(relay, Habits::default());
    let flags = relay_flags(relay);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let server = TestServer::start_in(folder, &flags).await;
    server.clock.freeze();
    let waits = format!(
        "state = 'queued' AND claimed_at IS NULL AND attempts = 2 AND last_answer LIKE '%server ended%'
         AND next_attempt_at - {} BETWEEN 1 AND 10000",
        server.clock.now().as_millis()
    );
    until(&server, &waits, 1).await;
    assert_eq!(sink.connections(), 0);
    let folder = server.stop().await;
    ends(&folder, ", created_at = created_at - 2 * 86400000");
    let server = TestServer::start_in(folder, &flags).await;
    until(&server, "state = 'failed' AND secret IS NULL AND claimed_at IS NULL AND attempts = 2", 1).await;
    // A delay that the mail did not cause itself ends with the next link.
    send(&server, seed::IVY).await;
    assert_eq!(sink.wait_for(1).await[0].to, [seed::IVY_EMAIL]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_and_is_corrected_delays_no_mail() {
    let relay = unused_address();
    let server = server_to(relay, &[]).await;
    let right = server.clock.now();
    send(&server, seed::IVY).await;
    until(&server, WAITS, 1).await;
    server.advance(24 * 365 * HOUR);
    // An invitation created at the wrong time, since the first one has expired meanwhile.
    send(&server, seed::IAN).await;
    let ahead = right.plus(24 * 300 * HOUR).as_millis();
    until(&server, &format!("{WAITS} AND next_attempt_at > {ahead}"), 1).await;
    server.clock.set(right);
    let sink = Sink::at(relay, Habits::default());
    server.ring();
    assert_eq!(sink.wait_for(1).await[0].to, [seed::IAN_EMAIL]);
}
