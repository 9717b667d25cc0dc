//! Connections: slow ones, too many, reused ones, clients that disconnect, and connections that are open at shutdown.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::server::PATIENCE;
use crate::support::tcp::{Tcp, invite_head};
use crate::support::{TestServer, seed};

const HEALTH: &str = "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n";

fn invite_body() -> String {
    json!({ "userIds": [seed::NINA] }).to_string()
}

/// A complete request with this body.
fn invite(body: &str) -> Vec<u8> {
    [invite_head(body.len(), &[]), body.into()].concat()
}

/// The number of Nina's memberships.
fn memberships(server: &TestServer) -> i64 {
    server
        .count("SELECT count(*) FROM members JOIN users ON users.id = user_id WHERE email = 'nina@acme.test'")
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_its_head_slowly_is_disconnected_and_others_are_not() {
    let server =
        TestServer::start_with(&["--header-timeout", "200ms", "--keep-alive-timeout", "200ms"]).await;
    for beginning in ["", "G", "GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut slow = Tcp::connect(&server);
        slow.send(beginning);
        // Not on a connection of an earlier round, which may have been closed for being idle.
        server.get("/api/health").header("connection", "close").expect(200).await;
        let said = slow.rest();
        assert!(!said.contains(" 200 "), "{beginning:?}: {said}");
    }
    // The idle time between two requests is limited as well.
    let mut silent = Tcp::connect(&server);
    silent.send(HEALTH);
    assert_eq!(silent.next().status, 200);
    assert_eq!(silent.rest(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_disconnected() {
    let server = TestServer::start_with(&["--header-timeout", "500ms", "--connections-max", "1"]).await;
    let mut deaf = Tcp::connect(&server);
    // Requests more than the socket buffers of both sides hold.
    deaf.send("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400));
    server.get("/api/health").header("connection", "close").expect(200).await;
    let said = deaf.rest();
    assert!(said.matches("HTTP/1.1 200").count() < 400, "all of it came, so nothing was shown");
}
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_beyond_the_limit_waits_until_one_closes() {
    let server = TestServer::start_with(&["--connections-max", "2"]).await;
    let (mut first, mut second) = (Tcp::connect(&server), Tcp::connect(&server));
    for tcp in [&mut first, &mut second] {
        tcp.send(HEALTH);
        assert_eq!(tcp.next().status, 200);
    }
    let mut third = Tcp::connect(&server);
    third.send(HEALTH);
    for _ in 0..20 {
        first.send(HEALTH);
        assert_eq!(first.next().status, 200);
        assert!(third.is_silent(), "only two are served at once");
    }
    second.hang_up();
    assert_eq!(third.next().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_requests_also_after_rejections() {
    let server = TestServer::start().await;
    let mut tcp = Tcp::connect(&server);
    let body = invite_body();
    for round in 0..5 {
        tcp.send(HEALTH);
        assert_eq!(tcp.next().status, 200);
        tcp.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(tcp.next().status, 404);
        tcp.send(invite(&body));
        let answer = tcp.next();
        assert_eq!((answer.status, answer.text() == "[]"), (200, round > 0), "{answer:?}");
    }
    assert_eq!(memberships(&server), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pipelined_requests_are_answered_in_order() {
    let server = TestServer::start().await;
    let mut tcp = Tcp::connect(&server);
    let body = invite_body();
    let ids = ["0190a000-0000-7000-8000-00000000aaa1", "0190a000-0000-7000-8000-00000000aaa2"];
    let first = [invite_head(body.len(), &[("x-request-id", ids[0])]), body.into()].concat();
    let second = HEALTH.replace("Host: x", &format!("Host: x\r\nX-Request-Id: {}", ids[1]));
    tcp.send([first, second.into()].concat());
    let answers = [tcp.next(), tcp.next()];
    for (answer, id) in answers.iter().zip(ids) {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.header("x-request-id") == Some(id), "{answer:?}");
    }
    assert!(answers[0].text().contains(seed::NINA) && answers[1].text() == "\"healthy\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disconnects_after_its_request_does_not_cancel_it() {
    let server = TestServer::start().await;
    for round in 0..10 {
        let body = invite_body();
        let mut tcp = Tcp::connect(&server);
        tcp.send(invite(&body));
        tcp.hang_up();
        until(&format!("the membership of round {round}"), || memberships(&server) == 1).await;
        let sql = "DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE email = 'nina@acme.test')";
        server.execute(sql);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_half_closes_after_the_request_is_answered() {
    let server = TestServer::start().await;
    for _ in 0..50 {
        let mut tcp = Tcp::connect(&server);
        tcp.send(HEALTH);
        tcp.end();
        let answer = tcp.next();
        assert_eq!((answer.status, answer.text().as_str()), (200, "\"healthy\""));
        assert_eq!(tcp.rest(), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_body_writes_nothing() {
    let server = TestServer::start().await;
    let body = invite_body();
    let mut tcp = Tcp::connect(&server);
    tcp.send([invite_head(body.len() + 1, &[]), body.into()].concat());
    tcp.hang_up();
    server.get("/api/health").expect(200).await;
    assert_eq!(memberships(&server), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_arrives_times_out() {
    let server = TestServer::start_with(&["--request-timeout", "300ms"]).await;
    let body = invite_body();
    for beginning in ["", &body[..10]] {
        let mut tcp = Tcp::connect(&server);
        tcp.send([invite_head(body.len(), &[]), beginning.into()].concat());
        let answer = tcp.next();
        assert_eq!(answer.status, 504, "{answer:?}");
        assert!(answer.text().contains("urn:brms:problem:timed-out"), "{answer:?}");
        // Bytes that arrive later could be taken for the next request.
        assert_eq!(tcp.rest(), "");
    }
    assert_eq!(memberships(&server), 0);
    let path = seed::members_path(seed::PRICING);
    let whole = json!({ "userIds": [seed::NINA] });
    server.post(&path).caller(seed::OWNER_PAT).json(&whole).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_http_are_rejected_and_the_server_keeps_running() {
    let server = TestServer::start().await;
    let long = format!("GET /api/health HTTP/1.1\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000));
    for nonsense in ["\x16\x03\x01\x02\r\n\r\n", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", long.as_str()] {
        let mut tcp = Tcp::connect(&server);
        // The server may close the connection before it has read everything.
        tcp.send(nonsense);
        assert!(!tcp.rest().contains(" 200 "), "{nonsense:.30}");
        server.get("/api/health").expect(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_arrives_although_the_rest_of_the_request_is_rejected_unread() {
    let server = TestServer::start().await;
    let long = format!("GET /api/health HTTP/1.1\r\nX-Long: {}\r\n\r\n", "x".repeat(1_000_000));
    let description = HEALTH.replace("/api/health", "/openapi.json");
    for _ in 0..10 {
        let mut tcp = Tcp::connect(&server);
        tcp.send([description.repeat(3), long.clone()].concat());
        // By now the server has closed its side.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let statuses: Vec<u16> = std::iter::from_fn(|| tcp.answer()).map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 200, 200, 431]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stays_connected_after_the_last_response_is_disconnected() {
    let server = TestServer::start_with(&["--connections-max", "1"]).await;
    let mut staying = Tcp::connect(&server);
    staying.send("hello\r\n\r\n");
    assert_eq!(staying.next().status, 400);
    // Its slot is free although it never closes its side.
    let mut next = Tcp::connect(&server);
    next.send(HEALTH);
    assert_eq!(next.next().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_shutdown_finishes_the_current_request_and_closes_idle_connections() {
    let server = TestServer::start().await;
    let address = server.address();
    let body = invite_body();
    let mut idle = Tcp::to(&address);
    idle.send(HEALTH);
    assert_eq!(idle.next().status, 200);
    let mut busy = Tcp::to(&address);
    busy.send(invite_head(body.len(), &[("expect", "100-continue")]));
    assert_eq!(busy.next().status, 100, "the request is being worked on");
    let stopping = tokio::spawn(server.stop());
    assert_eq!(idle.rest(), "", "an idle connection is closed");
    busy.send(&body);
    let answer = busy.next();
    assert_eq!(answer.status, 200, "{answer:?}");
    let folder = stopping.await.expect("it stops");
    let next = TestServer::start_in(folder, &[]).await;
    assert_eq!(memberships(&next), 1, "the file is free for the next server, and has it");
}
