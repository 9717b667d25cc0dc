//! Request bodies: content types, lengths, transfer, and the state of the connection afterwards.

use serde_json::{Value, json};

use crate::support::inside::everything;
use crate::support::tcp::{Tcp, chunked_request, request};
use crate::support::{Answer, TestServer, seed};

const MIB: usize = 1024 * 1024;
const JSON: (&str, &str) = ("content-type", "application/json");
const OWNER: (&str, &str) = ("authorization", seed::OWNER_PAT);

fn path() -> String {
    seed::members_path(seed::PRICING)
}

/// A body of this length that invites no one.
fn empty_invitation(length: usize) -> Vec<u8> {
    let mut body = br#"{"userIds":[]}"#.to_vec();
    body.resize(length, b' ');
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_accepted_in_any_letter_case_and_with_parameters_of_its_type() {
    let server = TestServer::start().await;
    for content_type in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json ; a=b ; c=d",
        "application/json;",
    ] {
        let call = server.post(&path()).caller(seed::OWNER_PAT).body(content_type, empty_invitation(20));
        call.expect(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_types_are_rejected_naming_the_accepted_one() {
    let server = TestServer::start().await;
    for content_type in [
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/json-patch+json",
        "application/problem+json",
        "application/*",
        "*/*",
        "json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        "text/plain; application/json",
    ] {
        let call = server.post(&path()).caller(seed::OWNER_PAT).body(content_type, empty_invitation(20));
        let answer = call.expect(415).await;
        assert!(answer.json()["detail"].as_str().unwrap().contains("application/json"), "{content_type}");
    }
    let untyped = request("POST", &path(), &[OWNER], &empty_invitation(20));
    let doubled = request("POST", &path(), &[OWNER, JSON, JSON], &empty_invitation(20));
    let not_text = [b"POST ", path().as_bytes(), b" HTTP/1.1\r\ncontent-type: \xff\r\n"].concat();
    let rest = format!("host: x\r\nauthorization: {}\r\ncontent-length: 0\r\n\r\n", seed::OWNER_PAT);
    for bytes in [untyped, doubled, [not_text, rest.into_bytes()].concat()] {
        let mut connection = Tcp::connect(&server);
        connection.send(bytes);
        assert_eq!(connection.checked_answer("POST", &path()).status, 415);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_without_a_body_ignores_body_and_type() {
    let server = TestServer::start().await;
    let invitation = seed::invitation_path(seed::IVY);
    let call = server.post(&invitation).caller(seed::OWNER_SES).body("text/plain", b"{ broken".to_vec());
    call.expect(200).await;
    let call = server.post(&invitation).caller(seed::OWNER_SES).header("content-type", "application/xml");
    call.expect(200).await;
    server.get("/api/health").body("application/xml", b"<health/>".to_vec()).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_is_not_a_document() {
    let server = TestServer::start().await;
    for body in [&b""[..], b" ", b"\r\n\t "] {
        let call = server.post(&path()).caller(seed::OWNER_PAT).body("application/json", body.to_vec());
        assert_eq!(call.expect(400).await.places(), [""]);
    }
    let mut connection = Tcp::connect(&server);
    let (name, value) = OWNER;
    connection.send(format!("POST {} HTTP/1.1\r\nhost: x\r\n{name}: {value}\r\n", path()));
    connection.send("content-type: application/json\r\n\r\n");
    assert_eq!(connection.checked_answer("POST", &path()).status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_have_one_mebibyte_and_not_a_byte_more() {
    let server = TestServer::start().await;
    for (length, status) in [(MIB, 200), (MIB + 1, 413), (2 * MIB, 413), (8 * MIB, 413)] {
        let body = empty_invitation(length);
        let call = server.post(&path()).caller(seed::OWNER_PAT).body("application/json", body.clone());
        let announced = call.expect(status).await;
        let parts: Vec<&[u8]> = body.chunks(64 * 1024).collect();
        let mut connection = Tcp::connect(&server);
        connection.send(chunked_request("POST", &path(), &[OWNER, JSON], &parts));
        let chunked = connection.checked_answer("POST", &path());
        assert_eq!(chunked.status, status, "{length} in chunks");
        if status == 413 {
            for answer in [announced, chunked] {
                assert_eq!(answer.problem(), "body-too-large");
                assert!(answer.text().contains("1048576"), "{}", answer.text());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_length_over_the_limit_is_rejected_before_the_body_is_sent() {
    let server = TestServer::start().await;
    let mut connection = Tcp::connect(&server);
    let head =
        request("POST", &path(), &[OWNER, JSON, ("expect", "100-continue")], &empty_invitation(MIB + 1));
    connection.send(&head[..head.len() - MIB - 1]);
    let answer = connection.checked_answer("POST", &path());
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_body_is_read_as_one_body() {
    let server = TestServer::start().await;
    let body = json!({ "userIds": [seed::NINA] }).to_string();
    let chunks: Vec<&[u8]> = body.as_bytes().chunks(7).collect();
    let mut connection = Tcp::connect(&server);
    connection.send(chunked_request("POST", &path(), &[OWNER, JSON], &chunks));
    let answer = connection.checked_answer("POST", &path());
    assert_eq!((answer.status, &answer.json()[0]["userId"]), (200, &json!(seed::NINA)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_body_changes_nothing() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let body = json!({ "userIds": [seed::NINA] }).to_string();
    let announced = request("POST", &path(), &[OWNER, JSON], body.as_bytes());
    let chunked = chunked_request("POST", &path(), &[OWNER, JSON], &[body.as_bytes()]);
    // Complete except for its last byte, and complete except for the final chunk.
    for cut in [&announced[..announced.len() - 1], &chunked[..chunked.len() - 5]] {
        let mut connection = Tcp::connect(&server);
        connection.send(cut);
        connection.end();
        let status = connection.answer().map(|answer| answer.status);
        assert!(matches!(status, None | Some(400)), "{status:?}");
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_survives_every_rejection() {
    let server = TestServer::start().await;
    let fine = json!({ "userIds": [seed::NINA] }).to_string().into_bytes();
    let long = empty_invitation(2 * MIB);
    let mut connection = Tcp::connect(&server);
    let requests = [
        (vec![OWNER, JSON], &b"{ broken"[..], 400),
        (vec![JSON], &fine, 401),
        (vec![JSON], &long, 401),
        (vec![OWNER, ("content-type", "text/plain")], &fine, 415),
        (vec![OWNER, ("content-type", "text/plain")], &long, 415),
        (vec![OWNER, JSON], &long, 413),
        (vec![OWNER, JSON], b"", 400),
        (vec![("authorization", seed::READER_PAT), JSON], &fine, 403),
    ];
    for (headers, body, status) in requests {
        connection.send(request("POST", &path(), &headers, body));
        let answer = connection.checked_answer("POST", &path());
        assert_eq!((answer.status, answer.header("connection")), (status, None), "{headers:?}");
        connection.send(request("BREW", "/api/health", &[], body));
        assert_eq!(connection.checked_answer("BREW", "/api/health").status, 405);
    }
    connection.send(request("POST", &path(), &[OWNER, JSON], &fine));
    assert_eq!(connection.checked_answer("POST", &path()).json()[0]["userId"], seed::NINA);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::start().await;
    let one = |user: &str| {
        let body = json!({ "userIds": [user] }).to_string();
        request("POST", &path(), &[OWNER, JSON], body.as_bytes())
    };
    let users = [seed::NINA, seed::OTTO, seed::UNKNOWN_ID, seed::ADMIN, seed::DORA];
    let mut connection = Tcp::connect(&server);
    connection.send(users.iter().flat_map(|user| one(user)).collect::<Vec<u8>>());
    let answers: Vec<Answer> = users.iter().map(|_| connection.checked_answer("POST", &path())).collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 404, 200, 409]);
    let user = |index: usize| -> Value { answers[index].json()[0]["userId"].clone() };
    assert_eq!([user(0), user(1), user(3)], [seed::NINA, seed::OTTO, seed::ADMIN]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_response_may_be_cached() {
    let server = TestServer::start().await;
    for (method, path) in
        [("GET", "/api/health"), ("GET", "/api/users"), ("GET", "/x"), ("PUT", "/api/health")]
    {
        let answer = server.call(method, path).send().await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
    }
}
