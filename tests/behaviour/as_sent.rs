//! Requests as clients really send them: content codings, hosts, unparsable heads, traces. FR-36, FR-37, FR-38,
//! FR-42, and the headers of every response.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use crate::processes::{call, log};
use crate::support::program::Serving;
use crate::support::tcp::{Tcp, request};
use crate::support::{Answer, TestServer, seed};

const OWNER: (&str, &str) = ("authorization", seed::OWNER_PAT);
const JSON: (&str, &str) = ("content-type", "application/json");

/// Sends bytes and reads the one response, which conforms to the contract.
fn answer(server: &TestServer, bytes: impl AsRef<[u8]>) -> Answer {
    let mut connection = Tcp::connect(server);
    connection.send(bytes);
    connection.checked_answer("GET", "/livez")
}

fn live(version: &str, headers: &str) -> String {
    format!("GET /livez {version}\r\n{headers}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_36_an_encoded_body_is_415_and_names_the_accepted_encoding() {
    let server = TestServer::start().await;
    let members = seed::members_path(seed::PRICING);
    let plain = json!({ "userIds": [] }).to_string().into_bytes();
    for coding in ["gzip", "br", "deflate", "zstd", "x-gzip", "GZIP", "gzip, identity", "aws-chunked", "none"]
    {
        let call = server.post(&members).caller(seed::OWNER_PAT).header("content-encoding", coding);
        let refused = call.body("application/json", plain.clone()).expect(415).await;
        assert_eq!(refused.problem(), "unsupported-content-encoding", "{coding}");
        assert_eq!(refused.header("accept-encoding"), Some("identity"), "{coding}");
    }
    for coding in ["identity", "Identity", ""] {
        let call = server.post(&members).caller(seed::OWNER_PAT).header("content-encoding", coding);
        call.body("application/json", plain.clone()).expect(200).await;
    }
    let doubled = [OWNER, JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")];
    assert_eq!(answer(&server, request("POST", &members, &doubled, &plain)).status, 415);
    // The pages take bodies, too.
    for content_type in ["application/json", "application/x-www-form-urlencoded"] {
        let call = server.post("/invitations/accept").header("content-encoding", "gzip");
        let call = call.header("sec-fetch-site", "same-origin");
        let refused = call.body(content_type, b"\x1f\x8b\x08".to_vec()).expect(415).await;
        assert_eq!(refused.header("accept-encoding"), Some("identity"), "{content_type}");
    }
    // An operation without a body ignores its headers.
    server.get("/api/health").header("content-encoding", "gzip").expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_36_an_encoded_body_is_rejected_by_the_test_controls_as_well() {
    let token = "brms_tst_0000000000000000000000000000000000000000";
    let server = TestServer::start_with(&["--test-api", "--test-api-token", token]).await;
    for path in ["/_test/seed", "/_test/reset", "/_test/fail"] {
        let call = server.post(path).caller(&format!("Test {token}")).header("content-encoding", "gzip");
        let refused = call.body("application/json", b"{}".to_vec()).expect(415).await;
        assert_eq!(refused.problem(), "unsupported-content-encoding", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_37_a_missing_repeated_or_malformed_host_is_400() {
    let server = TestServer::start().await;
    for (version, hosts) in [
        ("HTTP/1.1", ""),
        ("HTTP/1.1", "Host: a\r\nHost: a\r\n"),
        ("HTTP/1.1", "Host: a\r\nHost: b\r\n"),
        ("HTTP/1.0", "Host: a\r\nHost: b\r\n"),
        ("HTTP/1.1", "Host: a b\r\n"),
        ("HTTP/1.1", "Host: a, b\r\n"),
        ("HTTP/1.1", "Host: http://a\r\n"),
        ("HTTP/1.1", "Host: a/b\r\n"),
        ("HTTP/1.1", "Host: user@a\r\n"),
        ("HTTP/1.1", "Host: a:b\r\n"),
        ("HTTP/1.1", "Host: a:80:80\r\n"),
        ("HTTP/1.1", "Host: a:123456\r\n"),
        ("HTTP/1.1", "Host: [::1\r\n"),
        ("HTTP/1.1", "Host: [::1]x\r\n"),
        ("HTTP/1.1", "Host: [nonsense]\r\n"),
        ("HTTP/1.1", "Host: ::1\r\n"),
        ("HTTP/1.1", "Host: a%zz\r\n"),
        ("HTTP/1.1", "Host: b\u{fc}cher.example\r\n"),
        ("HTTP/1.1", "Host: \"a\"\r\n"),
        ("HTTP/1.0", "Host: <a>\r\n"),
    ] {
        let refused = answer(&server, live(version, hosts));
        assert_eq!((refused.status, &*refused.problem()), (400, "malformed-request"), "{version} {hosts:?}");
        assert!(refused.json()["detail"].as_str().is_some_and(|text| text.contains("Host")), "{hosts:?}");
    }
    // This is checked before anything else in the request.
    let nowhere = answer(&server, "POST /nowhere HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(nowhere.status, 400);
    for (version, hosts) in [
        ("HTTP/1.1", "Host: a\r\n"),
        ("HTTP/1.1", "Host: A-1.example.:8080\r\n"),
        ("HTTP/1.1", "Host: under_score\r\n"),
        ("HTTP/1.1", "Host: a:\r\n"),
        ("HTTP/1.1", "Host: [::1]:8080\r\n"),
        ("HTTP/1.1", "Host: 127.0.0.1\r\n"),
        ("HTTP/1.1", "Host: b%C3%BCcher.example\r\n"),
        // The grammar allows an empty host, and a target without an authority requires it.
        ("HTTP/1.1", "Host:\r\n"),
        ("HTTP/1.0", ""),
        ("HTTP/1.0", "Host: a\r\n"),
    ] {
        assert_eq!(answer(&server, live(version, hosts)).status, 200, "{version} {hosts:?}");
    }
}

/// A `GET /livez` whose head has exactly this many bytes.
fn head_of(length: usize) -> String {
    let bare = live("HTTP/1.1", "Host: a\r\nx: \r\n").len();
    live("HTTP/1.1", &format!("Host: a\r\nx: {}\r\n", "x".repeat(length - bare)))
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_38_a_head_may_have_64_kib_and_not_a_byte_more() {
    let server = TestServer::start().await;
    for (length, status) in [(60_000, 200), (65_536, 200), (65_537, 431), (70_000, 431), (500_000, 431)] {
        let head = head_of(length);
        assert_eq!(head.len(), length);
        assert_eq!(answer(&server, &head).status, status, "{length}");
        // The same in many packets.
        let mut connection = Tcp::connect(&server);
        for part in head.as_bytes().chunks(9_000) {
            connection.send(part);
        }
        assert_eq!(connection.checked_answer("GET", "/livez").status, status, "{length} in parts");
    }
    let many = "x: 1\r\n".repeat(100);
    assert_eq!(answer(&server, live("HTTP/1.1", &format!("Host: a\r\n{many}"))).status, 431);
    let target = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(70_000));
    assert_eq!(answer(&server, target).status, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_38_bytes_that_are_not_http_are_answered_with_a_problem() {
    let server = TestServer::start().await;
    for bytes in [
        "hello\r\n\r\n",
        "GET /livez HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET  /livez HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /livez HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nx: a\0b\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut connection = Tcp::connect(&server);
        connection.send(bytes);
        let refused = connection.checked_answer("GET", "/livez");
        assert_eq!((refused.status, &*refused.problem()), (400, "malformed-request"), "{bytes:?}");
        assert_eq!(refused.header("connection"), Some("close"), "{bytes:?}");
        assert!(refused.header("date").is_some(), "{bytes:?}");
        assert_eq!(connection.rest(), "", "{bytes:?}");
    }
    // The same after valid requests on the connection.
    let mut connection = Tcp::connect(&server);
    connection.send([live("HTTP/1.1", "Host: a\r\n").repeat(2), "nonsense\r\n\r\n".into()].concat());
    let statuses = [0; 3].map(|_| connection.checked_answer("GET", "/livez").status);
    assert_eq!((statuses, connection.rest()), ([200, 200, 400], String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_38_an_unknown_transfer_coding_is_501() {
    let server = TestServer::start().await;
    let members = seed::members_path(seed::PRICING);
    let chunks = "e\r\n{\"userIds\":[]}\r\n0\r\n\r\n";
    for (codings, status) in [
        ("transfer-encoding: gzip, chunked", 501),
        ("transfer-encoding: identity, chunked", 501),
        ("transfer-encoding: gzip\r\ntransfer-encoding: chunked", 501),
        ("transfer-encoding: x;a=b, chunked", 501),
        ("transfer-encoding: chunked, chunked", 400),
        ("transfer-encoding: chunked\r\ntransfer-encoding: chunked", 400),
        ("transfer-encoding: chunked", 200),
        ("transfer-encoding: CHUNKED", 200),
    ] {
        let head = format!(
            "POST {members} HTTP/1.1\r\nhost: a\r\n{}: {}\r\n{}: {}",
            OWNER.0, OWNER.1, JSON.0, JSON.1
        );
        let mut connection = Tcp::connect(&server);
        connection.send(format!("{head}\r\n{codings}\r\n\r\n{chunks}"));
        let found = connection.checked_answer("POST", &members);
        assert_eq!(found.status, status, "{codings}: {}", found.text());
        if status == 501 {
            assert_eq!(found.problem(), "unsupported-transfer-coding", "{codings}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_40_every_response_disables_content_sniffing() {
    let server = TestServer::start().await;
    for (method, path) in [
        ("GET", "/api/health"),
        ("GET", "/api/users"),
        ("GET", "/nowhere"),
        ("DELETE", "/api/health"),
        ("HEAD", "/api/health"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/style.css"),
        ("GET", "/livez"),
    ] {
        let answer = server.call(method, path).send().await;
        let values: Vec<_> = answer.headers.get_all("x-content-type-options").iter().collect();
        assert_eq!(values, ["nosniff"], "{method} {path}");
    }
    let unreadable = answer(&server, "nonsense\r\n\r\n");
    assert_eq!(unreadable.header("x-content-type-options"), Some("nosniff"));
}

/// The headers that let a page of another origin read an answer, or have a browser prove a person without being asked.
fn grants(headers: &HeaderMap) -> Vec<&str> {
    let names = headers.keys().map(HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-") || *name == "set-cookie").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_reads_no_answer_and_no_answer_sets_a_cookie() {
    let server = TestServer::start().await;
    for (method, path) in [
        ("GET", "/api/users"),
        ("POST", "/api/users"),
        ("OPTIONS", "/api/users"),
        ("GET", "/api/health"),
        ("GET", "/invitations/accept"),
        ("POST", "/invitations/accept"),
        ("OPTIONS", "/invitations/accept"),
        ("GET", "/openapi.json"),
    ] {
        let call = server.call(method, path).caller(seed::OWNER_PAT);
        let call = call.header("origin", "https://evil.example");
        let answer = call.header("access-control-request-method", "POST").send().await;
        assert_eq!(grants(&answer.headers), Vec::<&str>::new(), "{method} {path}");
    }
    let mut planted = HeaderMap::new();
    planted.insert("access-control-allow-origin", HeaderValue::from_static("*"));
    planted.insert("set-cookie", HeaderValue::from_static("a=b"));
    assert_eq!(grants(&planted).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_42_a_problem_has_the_three_members_of_the_vendor_s_errors() {
    let server = TestServer::start().await;
    let wrong = json!({ "userIds": 7 });
    let members = seed::members_path(seed::PRICING);
    for answer in [
        server.get("/nowhere").expect(404).await,
        server.get("/api/users").expect(401).await,
        server.call("DELETE", "/api/health").expect(405).await,
        server.post(&members).caller(seed::OWNER_PAT).json(&wrong).expect(400).await,
        server.post(&members).caller(seed::READER_PAT).json(&json!({ "userIds": [] })).expect(403).await,
        answer(&server, "nonsense\r\n\r\n"),
    ] {
        let body = answer.json();
        assert_eq!(body["message"], body["detail"], "{body}");
        assert_eq!(body["error"], body["title"], "{body}");
        assert_eq!(body["statusCode"], body["status"], "{body}");
    }
    let description = server.get("/openapi.json").expect(200).await.json();
    let schema = &description["components"]["schemas"]["Problem"];
    for member in ["message", "error", "statusCode"] {
        assert!(schema["properties"].get(member).is_some(), "{schema}");
        assert!(schema["required"].as_array().is_some_and(|all| all.contains(&json!(member))), "{schema}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_trace_id_is_in_the_log_line_of_its_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &[]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = "00f067aa0ba902b7";
    let zeros = "0".repeat(32);
    let cases = [
        (format!("00-{trace}-{parent}-01"), true),
        (format!("00-{trace}-{parent}-00"), true),
        // A later version may have more fields.
        (format!("cc-{trace}-{parent}-01"), true),
        (format!("cc-{trace}-{parent}-01-what-comes-later"), true),
        (format!("00-{trace}-{parent}-01-more"), false),
        (format!("cc-{trace}-{parent}-01.more"), false),
        (format!("ff-{trace}-{parent}-01"), false),
        (format!("00-{}-{parent}-01", trace.to_uppercase()), false),
        (format!("00-{zeros}-{parent}-01"), false),
        (format!("00-{trace}-{}-01", &zeros[..16]), false),
        (format!("00-{trace}-{parent}"), false),
        (format!("00-{trace}-{parent}-1"), false),
        (format!("00-{trace}-{parent}-0g"), false),
        (format!("00_{trace}_{parent}_01"), false),
        (format!("00-{}\u{e9}-{parent}-01", &trace[..30]), false),
        (trace.to_owned(), false),
        (String::new(), false),
    ];
    for (position, (value, _)) in cases.iter().enumerate() {
        let id = format!("0190a000-0000-4000-8000-0000000000{position:02x}");
        call(&serving, "GET", "/").header("x-request-id", &id).header("traceparent", value).expect(200).await;
    }
    let twice = call(&serving, "GET", "/").header("x-request-id", seed::UNKNOWN_ID);
    let first = format!("00-{trace}-{parent}-01");
    twice.header("traceparent", &first).header("traceparent", &first).expect(200).await;
    let log = log(folder.path());
    let line = |id: &str| log.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id}: {log}"));
    for (position, (value, is_one)) in cases.iter().enumerate() {
        let line = line(&format!("0190a000-0000-4000-8000-0000000000{position:02x}"));
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let expected = if *is_one { json!(trace) } else { json!(null) };
        assert_eq!(line["trace.id"], expected, "{value}: {line}");
    }
    assert!(!line(seed::UNKNOWN_ID).contains(trace), "{log}");
}
