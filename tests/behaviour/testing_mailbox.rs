//! The test controls of the mailbox: the next mail to an address, as soon as it is delivered, parsed.

use serde_json::{Value, json};

use crate::support::controls::TEST;
use crate::support::tcp::{Tcp, request};
use crate::support::{TestServer, seed};

async fn send(server: &TestServer, user: &str) {
    server.post(&seed::invitation_path(user)).caller(seed::OWNER_SES).expect(200).await;
}

async fn next(server: &TestServer, to: &str, more: &str) -> Value {
    server.control("GET", &format!("mailbox/next?to={to}{more}")).expect(200).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_mail_has_its_parts_and_a_valid_code() {
    let server = TestServer::stand_in().await;
    send(&server, seed::IVY).await;
    let mail = next(&server, "IVY@acme.test", "").await;
    assert_eq!(mail["to"], seed::IVY_EMAIL);
    assert_eq!(mail["subject"], "You are invited to join Acme Ltd");
    let (link, code) = (mail["link"].as_str().expect("a link"), mail["code"].as_str().expect("a code"));
    assert_eq!(link, format!("{}/invitations/accept#{code}", server.home()));
    for part in ["text", "html"] {
        assert!(mail[part].as_str().expect("a part").contains(code), "{part}: {mail}");
    }
    assert!(mail["html"].as_str().expect("HTML").contains("<a"), "{mail}");
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_returned_in_order_however_the_clock_moves() {
    let server = TestServer::stand_in().await;
    let mut codes = Vec::new();
    let mut after = String::new();
    for by in ["1ms", "3d", "1h"] {
        send(&server, seed::IVY).await;
        send(&server, seed::IAN).await;
        let mail = next(&server, seed::IVY_EMAIL, &after).await;
        after = format!("&after={}", mail["id"].as_str().expect("an id"));
        codes.push(mail["code"].clone());
        server.advance_clock(by).await;
        if by == "3d" {
            // Back to before the first of them.
            server.control("PUT", "clock").json(&json!({ "now": "2020-01-01T00:00:00Z" })).expect(200).await;
        }
    }
    assert!(codes[0] != codes[1] && codes[1] != codes[2] && codes[0] != codes[2], "{codes:?}");
    assert_eq!(next(&server, seed::IVY_EMAIL, "").await["code"], codes[0], "without `after` the first");
    let listed = server.control("GET", "mailbox").expect(200).await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(6));
    let path = format!("mailbox?to={}", seed::IAN_EMAIL);
    let listed = server.control("GET", &path).expect(200).await.json();
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|mail| mail["to"] == seed::IAN_EMAIL), "{listed:?}");
    assert!(!json!(listed).to_string().contains("brms_inv_"), "a list shows no code");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_for_a_mail_that_is_not_there_yet() {
    let server = TestServer::stand_in().await;
    let path = format!("mailbox/next?to={}&timeout=20s", seed::IVY_EMAIL);
    let waiting = tokio::spawn(server.control("GET", &path).expect(200));
    let (invited, other) = (seed::IVY, seed::IAN);
    send(&server, other).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(!waiting.is_finished(), "a mail to another address does not end the wait");
    send(&server, invited).await;
    let mail = waiting.await.expect("an answer").json();
    assert_eq!(mail["to"], seed::IVY_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_does_not_arrive_is_404_with_a_hint() {
    let server = TestServer::stand_in().await;
    let path = format!("mailbox/next?to={}&timeout=10ms", seed::IVY_EMAIL);
    let missing = server.control("GET", &path).expect(404).await;
    assert_eq!(missing.places(), ["to"]);
    for part in [seed::IVY_EMAIL, "10ms", "/_test/mailbox"] {
        assert!(missing.text().contains(part), "{}", missing.text());
    }
    for (query, place) in [
        ("", "to"),
        ("?to=nobody", "to"),
        ("?to=a@b.test&after=7", "after"),
        ("?to=a@b.test&timeout=7", "timeout"),
        ("?to=a@b.test&timeout=61s", "timeout"),
        ("?to=a@b.test&timeout=0s", "timeout"),
    ] {
        let refused = server.control("GET", &format!("mailbox/next{query}")).expect(400).await;
        assert_eq!(refused.places(), [place], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_mail_does_not_delay_shutdown() {
    let server = TestServer::stand_in().await;
    let path = format!("/_test/mailbox/next?to={}&timeout=1m", seed::IVY_EMAIL);
    let mut tcp = Tcp::connect(&server);
    let ask = |path: &str| request("GET", path, &[("authorization", TEST)], b"");
    // Sent together: when the first is answered, the second has been read.
    tcp.send([ask("/_test/clock"), ask(&path)].concat());
    assert_eq!(tcp.next().status, 200);
    let stopped = tokio::time::timeout(crate::support::server::PATIENCE, server.stop()).await;
    stopped.expect("it ends long before the wait does");
    let answer = tcp.next();
    assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"));
}
