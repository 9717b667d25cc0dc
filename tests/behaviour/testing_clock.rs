//! The test controls of the clock: expiry without waiting.

use brms::clock::Timestamp;
use serde_json::{Value, json};

use crate::support::controls::TOKEN;
use crate::support::{TestServer, seed};

fn moment(clock: &Value) -> Timestamp {
    Timestamp::parse_rfc3339(clock["now"].as_str().expect("a time")).expect("RFC 3339")
}

async fn clock(server: &TestServer) -> Value {
    server.control("GET", "clock").expect(200).await.json()
}

async fn accept(server: &TestServer, code: &str, status: u16) -> crate::support::Answer {
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_expires_without_waiting_and_is_valid_again_after_going_back() {
    let server = TestServer::stand_in().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = clock(&server).await;
    server.advance_clock("7d").await;
    assert_eq!(accept(&server, &code, 410).await.problem(), "invitation-expired");
    server.control("PUT", "clock").json(&json!({ "now": before["now"] })).expect(200).await;
    accept(&server, &code, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_clock_keeps_its_millisecond_until_it_is_moved_or_resumed() {
    let server = TestServer::stand_in().await;
    assert_eq!(clock(&server).await["frozen"], false);
    let frozen = server.control("POST", "clock/freeze").expect(200).await.json();
    assert_eq!(frozen["frozen"], true);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(clock(&server).await, frozen);
    let moved = server.advance_clock("1ms").await;
    assert_eq!(moment(&moved).as_millis(), moment(&frozen).as_millis() + 1);
    let set = server.control("PUT", "clock").json(&json!({ "now": "2031-02-03T04:05:06.007+01:00" }));
    assert_eq!(set.expect(200).await.json(), json!({ "now": "2031-02-03T03:05:06.007Z", "frozen": true }));

    // New data gets the frozen time.
    let role = json!({ "name": "Frozen", "allProjects": false });
    let role = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
    assert_eq!(role["createdAt"], "2031-02-03T03:05:06.007Z");

    let resumed = server.control("POST", "clock/resume").expect(200).await.json();
    assert_eq!(resumed["frozen"], false);
    let begun = moment(&resumed);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert!(moment(&clock(&server).await) > begun);
    // Resuming a running clock has no effect.
    server.control("POST", "clock/resume").expect(200).await;
    assert!(moment(&clock(&server).await) < begun.plus(std::time::Duration::from_hours(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn future_dated_sends_do_not_count_toward_the_limit() {
    let server =
        TestServer::start_with(&["--test-api", "--test-api-token", TOKEN, "--inviter-sends-max", "3"]).await;
    let before = clock(&server).await;
    server.advance_clock("8d").await;
    for _ in 0..3 {
        server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    }
    let path = seed::invitation_path(seed::IVY);
    server.post(&path).caller(seed::OWNER_SES).expect(429).await;
    server.control("PUT", "clock").json(&json!({ "now": before["now"] })).expect(200).await;
    for status in [200, 200, 200, 429] {
        server.post(&path).caller(seed::OWNER_SES).expect(status).await;
    }
}
#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_of_range_is_rejected_and_moves_nothing() {
    let server = TestServer::stand_in().await;
    let before = server.control("POST", "clock/freeze").expect(200).await.json();
    for by in ["", "0s", "-1d", "soon", "7", "200years"] {
        let refused = server.control("POST", "clock/advance").json(&json!({ "by": by })).expect(400).await;
        assert_eq!(refused.places(), ["/by"], "{by}");
    }
    for now in ["1969-12-31T23:59:59Z", "9000-01-01T00:00:00.001Z", "2030-01-01", "now"] {
        let refused = server.control("PUT", "clock").json(&json!({ "now": now })).expect(400).await;
        assert_eq!(refused.places(), ["/now"], "{now}");
    }
    assert_eq!(clock(&server).await, before);
    for now in ["1970-01-01T00:00:00Z", "9000-01-01T00:00:00Z"] {
        server.control("PUT", "clock").json(&json!({ "now": now })).expect(200).await;
        server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;
        server.get("/api/invitations").caller(seed::OWNER_SES).expect(200).await;
    }
    let refused = server.control("POST", "clock/advance").json(&json!({ "by": "1ms" })).expect(400).await;
    assert!(refused.text().contains("9000-01-01T00:00:00.000Z"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_becomes_due_by_moving_the_clock_is_delivered_at_once() {
    let server = TestServer::stand_in().await;
    server.control("POST", "clock/freeze").expect(200).await;
    // As if its first attempt had failed: the next one is in an hour.
    crate::support::inside::hold_mail(&server);
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;
    let next = |timeout: &str| {
        let path = format!("mailbox/next?to={}&timeout={timeout}", seed::IVY_EMAIL);
        server.control("GET", &path)
    };
    next("50ms").expect(404).await;
    server.advance_clock("61m").await;
    next("20s").expect(200).await;
}
