//! Bytes that are not HTTP, or ambiguous HTTP: a clear error or a closed connection, never a 5xx, and other clients
//! are not affected.

use serde_json::json;

use crate::support::inside::everything;
use crate::support::tcp::{Tcp, request};
use crate::support::{TestServer, seed};

const OWNER: (&str, &str) = ("authorization", seed::OWNER_PAT);
const JSON: (&str, &str) = ("content-type", "application/json");

/// Sends only these bytes, and collects the statuses of all responses until the connection closes.
fn statuses(server: &TestServer, bytes: &[u8]) -> Vec<u16> {
    let mut connection = Tcp::connect(server);
    connection.send(bytes);
    connection.end();
    std::iter::from_fn(|| connection.answer().map(|answer| answer.status)).collect()
}

/// Every response is an error, and another client is served.
async fn expect_refused(server: &TestServer, bytes: &[u8]) {
    let found = statuses(server, bytes);
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
    assert!(found.iter().all(|status| (400..500).contains(status)), "{shown:?}: {found:?}");
    server.get("/api/health").expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_a_request_are_rejected_or_the_connection_is_closed() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let (header, target) = ("x".repeat(1024 * 1024), "a".repeat(1024 * 1024));
    let many = "x-some: 1\r\n".repeat(5_000);
    for text in [
        "",
        "\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET /api/health\r\n\r\n",
        "GET /api/health HTTP/9.9\r\nhost: x\r\n\r\n",
        "GET /api/health HTTX/1.1\r\nhost: x\r\n\r\n",
        "GET  /api/health  HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /api/he alth HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /api/\u{1}health HTTP/1.1\r\nhost: x\r\n\r\n",
        "G\u{0}T /api/health HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /api/health HTTP/1.1\r\n: no name\r\n\r\n",
        "GET /api/health HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /api/health HTTP/1.1\r\nhost : x\r\n\r\n",
        "GET /api/health HTTP/1.1\r\nx: a\0b\r\n\r\n",
        "GET /api/health HTTP/1.1\r\nx: a\rb\r\n\r\n",
        "GET /api/health HTTP/1.1\r\n folded: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
        &format!("GET /api/health HTTP/1.1\r\nx: {header}\r\n\r\n"),
        &format!("GET /{target} HTTP/1.1\r\nhost: x\r\n\r\n"),
        &format!("GET /api/health HTTP/1.1\r\n{many}\r\n"),
        &format!("{header} / HTTP/1.1\r\n\r\n"),
    ] {
        expect_refused(&server, text.as_bytes()).await;
    }
    expect_refused(&server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    expect_refused(&server, &[0xff; 4096]).await;
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_length_is_rejected_and_no_request_is_smuggled() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA] }).to_string();
    let length = body.len();
    // What a lenient parser would take for a second request.
    let hidden = String::from_utf8(request("POST", &path, &[OWNER, JSON], body.as_bytes())).unwrap();
    let before = everything(&server);
    for lengths in [
        "content-length: -1\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        "content-length: 0x10\r\n".to_owned(),
        "content-length: \r\n".to_owned(),
        "content-length: 1e2\r\n".to_owned(),
        "content-length: 99999999999999999999999999\r\n".to_owned(),
        format!("content-length: {length}\r\ncontent-length: 0\r\n"),
        format!("content-length: {length}, 0\r\n"),
        "transfer-encoding: gzip\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{}: {}\r\n", OWNER.0, OWNER.1);
        let bytes = format!("{head}content-type: application/json\r\n{lengths}\r\n{hidden}");
        let found = statuses(&server, bytes.as_bytes());
        assert!(found.iter().all(|status| (400..500).contains(status)), "{lengths:?}: {found:?}");
        assert_eq!(everything(&server), before, "{lengths:?} let the hidden request in");
    }
    server.get("/api/health").expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_length_with_chunks_does_not_smuggle_a_second_request() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA] }).to_string();
    let hidden = String::from_utf8(request("POST", &path, &[OWNER, JSON], body.as_bytes())).unwrap();
    let before = everything(&server);
    for lengths in
        ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        // By its chunks this is one request with an invalid body; by its length it would be two.
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{}: {}\r\n{}: {}\r\n",
            OWNER.0, OWNER.1, JSON.0, JSON.1
        );
        let bytes = format!("{head}{lengths}\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
        let found = statuses(&server, bytes.as_bytes());
        assert!(found.len() <= 1 && found.iter().all(|status| *status == 400), "{lengths:?}: {found:?}");
        assert_eq!(everything(&server), before, "{lengths:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_chunks_are_rejected() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let before = everything(&server);
    for chunks in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-1\r\n",
        "ffffffffffffffffff\r\n{}",
        "2\r\n{}xx0\r\n\r\n",
        "2{}\r\n0\r\n\r\n",
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{}: {}\r\n{}: {}\r\n",
            OWNER.0, OWNER.1, JSON.0, JSON.1
        );
        expect_refused(&server, format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}").as_bytes()).await;
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_ending_in_a_bare_line_feed_are_accepted_or_rejected_but_never_split_differently() {
    let server = TestServer::start().await;
    let found = statuses(&server, b"GET /api/health HTTP/1.1\nhost: x\n\n");
    assert!(found.is_empty() || found == [200] || found == [400], "{found:?}");
    server.get("/api/health").expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_disconnecting_clients_do_not_harm_the_server() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA, seed::UNKNOWN_ID] }).to_string();
    let whole = request("POST", &path, &[OWNER, JSON], body.as_bytes());
    let before = everything(&server);
    for length in (0..whole.len()).step_by(2) {
        Tcp::connect(&server).send(&whole[..length]);
    }
    for _ in 0..50 {
        // Disconnects before the response.
        Tcp::connect(&server).send(&whole);
    }
    server.get("/api/health").expect(200).await;
    let call = server.post(&path).caller(seed::OWNER_PAT).json(&json!({ "userIds": [seed::OTTO] }));
    call.expect(200).await;
    assert_eq!(everything(&server).len(), before.len() + 2, "one membership and its audit row");
}
