//! exportAuditLogs: the content of the file, clients that stop reading, and permissions.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::inside::{execute, numbered};
use crate::support::postgres;
use crate::support::server::PATIENCE;
use crate::support::tcp::{Tcp, chunked_request, request};
use crate::support::{TestServer, seed};

const EXPORT: &str = "/api/audit-logs/export";
const HEADER: &str =
    "id,createdAt,type,action,refId,userId,userEmail,projectId,projectName,ipAddress,userAgent,data";

async fn export(server: &TestServer, query: &str) -> Vec<csv::StringRecord> {
    let answer = server.get(&format!("{EXPORT}{query}")).caller(seed::OWNER_PAT).expect(200).await;
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = answer.text();
    assert_eq!(text.split("\r\n").next(), Some(HEADER), "no byte order mark, and the names first");
    assert!(text.ends_with("\r\n"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().collect::<Result<_, _>>().expect("RFC 4180")
}

/// Requests an export on a connection of its own without reading any of it.
fn ask(server: &TestServer) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let asked = request("GET", EXPORT, &[("authorization", seed::OWNER_PAT)], b"");
    stream.write_all(&asked).expect("it is sent");
    stream
}

/// Writes this many entries; every third one has a time of its own.
fn fill(server: &TestServer, count: u32) {
    let ids = numbered(0xBBBB, count);
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO audit_logs (id, organisation_id, created_at, type, action, user_id, project_id, ref_id, data)
             SELECT added.id, organisations.id, (added.position + 1) / 3, 'user', 'updated',
                    users.id, NULL, users.id, '{\"number\":' || (added.position + 1) || '}'
             FROM ids(?1) AS added JOIN organisations ON organisations.name = 'acme'
             JOIN users ON users.email = 'owner@acme.test'",
            [&ids],
        )
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_every_entry_once_oldest_first() {
    let server = TestServer::start().await;
    execute(&server, "DELETE FROM audit_logs");
    fill(&server, 3_500);
    let rows = export(&server, "").await;
    let numbers: Vec<u64> = rows
        .iter()
        .map(|row| {
            serde_json::from_str::<Value>(&row[11]).expect("JSON")["number"].as_u64().expect("a number")
        })
        .collect();
    assert_eq!(numbers, (1..=3_500).collect::<Vec<u64>>());
    assert_eq!((&rows[0][2], &rows[0][3], &rows[0][6]), ("user", "updated", "owner@acme.test"));
    assert_eq!(&rows[0][1], "1970-01-01T00:00:00.000Z");
    execute(&server, "DELETE FROM audit_logs");
    assert_eq!(export(&server, "").await.len(), 0, "the names alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_the_filters_of_the_list_for_project_user_and_days() {
    let server = TestServer::start().await;
    let body = json!({ "userIds": [seed::NINA] });
    server.post(&seed::members_path(seed::PRICING)).caller(seed::ADMIN_PAT).json(&body).expect(200).await;
    server.post(&seed::members_path(seed::CLAIMS)).caller(seed::OWNER_PAT).json(&body).expect(200).await;
    let today = server.clock.now().rfc3339()[..10].to_owned();
    for query in [
        String::new(),
        format!("?projectId={}", seed::PRICING),
        format!("?userId={}", seed::OWNER),
        format!("?userId={}&projectId={}", seed::ADMIN, seed::PRICING),
        format!("?fromDate={today}&toDate={today}"),
        "?toDate=2001-01-01".to_owned(),
        format!("?projectId={}", seed::UNKNOWN_ID),
    ] {
        let list =
            format!("/api/audit-logs{query}{}perPage=500&sort=ASC", if query.is_empty() { "?" } else { "&" });
        let listed = server.get(&list).caller(seed::OWNER_PAT).expect(200).await.json();
        let ids: Vec<&str> = listed["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|entry| entry["id"].as_str().unwrap())
            .collect();
        let rows = export(&server, &query).await;
        assert_eq!(rows.iter().map(|row| &row[0]).collect::<Vec<_>>(), ids, "{query}");
    }
    server.get(&format!("{EXPORT}?fromDate=yesterday")).caller(seed::OWNER_PAT).expect(400).await;
    server.get(EXPORT).caller(seed::MANAGER_SES).expect(403).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_of_an_export_are_quoted_and_never_formulas() {
    let server = TestServer::start().await;
    for name in ["=1+1", "+1", "-1", "@x", "say \"a, b\""] {
        let body = json!({ "name": name });
        server
            .call("PUT", &format!("/api/projects/{}", seed::PRICING))
            .caller(seed::OWNER_PAT)
            .json(&body)
            .expect(200)
            .await;
        let rows = export(&server, &format!("?projectId={}", seed::PRICING)).await;
        let shown = if name.starts_with("say") { name.to_owned() } else { format!("'{name}") };
        assert_eq!(&rows[rows.len() - 1][8], shown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_an_export_holds_no_transaction() {
    let server = TestServer::start().await;
    fill(&server, 60_000);
    let stalled = ask(&server);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let log = server.folder.path().join("test.db-wal");
    let is_held = || {
        if postgres::is_used() {
            // The test's own look has one.
            let open = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()";
            return server.count(open) > 0;
        }
        // The write-ahead log is checkpointed although the export is not finished.
        log.metadata().expect("the log").len() > 0
    };
    let begun = Instant::now();
    while is_held() {
        assert!(begun.elapsed() < Duration::from_secs(20), "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let whole = server.get(EXPORT).caller(seed::OWNER_PAT).expect(200).await;
    assert!(whole.body.len() > 60_000 * 100);
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_midway_is_detectably_incomplete() {
    let server = TestServer::start().await;
    fill(&server, 60_000);
    let mut broken = ask(&server);
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.execute("ALTER TABLE audit_logs RENAME TO hidden");
    let mut arrived = Vec::new();
    // It ends early, by a connection reset or without one.
    let _ = broken.read_to_end(&mut arrived);
    assert!(arrived.len() > 1_000, "it had begun");
    assert!(!arrived.ends_with(b"0\r\n\r\n"), "the last chunk would say that it is whole");
    server.execute("ALTER TABLE hidden RENAME TO audit_logs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_whose_log_is_emptied_meanwhile_does_not_look_whole() {
    let server = TestServer::start().await;
    fill(&server, 60_000);
    let mut broken = ask(&server);
    tokio::time::sleep(Duration::from_millis(500)).await;
    execute(&server, "DELETE FROM audit_logs");
    let mut arrived = Vec::new();
    let _ = broken.read_to_end(&mut arrived);
    assert!(arrived.len() > 1_000, "it had begun");
    assert!(!arrived.ends_with(b"0\r\n\r\n"), "the last chunk would say that it is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_midway_is_detectably_incomplete_over_http_1_0() {
    let server = TestServer::start().await;
    fill(&server, 60_000);
    let mut broken = TcpStream::connect(server.address()).expect("a connection");
    broken.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let asked = format!("GET {EXPORT} HTTP/1.0\r\nhost: test\r\nauthorization: {}\r\n\r\n", seed::OWNER_PAT);
    broken.write_all(asked.as_bytes()).expect("it is sent");
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.execute("ALTER TABLE audit_logs RENAME TO hidden");
    let ended = broken.read_to_end(&mut Vec::new());
    assert!(ended.is_err(), "an orderly end would be the end of the body");
    server.execute("ALTER TABLE hidden RENAME TO audit_logs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_alive_after_an_export_and_after_its_head() {
    let server = TestServer::start_with(&["--keep-alive-timeout", "1s"]).await;
    let mut connection = Tcp::connect(&server);
    for method in ["HEAD", "GET", "HEAD", "GET"] {
        connection.send(request(method, EXPORT, &[("authorization", seed::OWNER_PAT)], b""));
        let answer = connection.answer_to(method, EXPORT).expect("an answer");
        assert_eq!((answer.status, answer.body.is_empty()), (200, method == "HEAD"));
    }
    // No response is owed now, so it is closed after the keep-alive time-out.
    assert!(connection.answer().is_none());
}

/// Reads at this pace, in bytes a second, for a while. An end of the connection ends it.
fn read_slowly(stream: &mut TcpStream, pace: usize, time: Duration) -> Vec<u8> {
    let begun = Instant::now();
    let mut arrived = Vec::new();
    while begun.elapsed() < time {
        let mut some = vec![0; pace / 20];
        // A read of nothing is none.
        match stream.read(&mut some) {
            Ok(0) if pace > 0 => break,
            Ok(length) => arrived.extend_from_slice(&some[..length]),
            Err(_) => break,
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    arrived
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_steadily_takes_90_kib_in_the_time_for_64_gets_all_of_an_export() {
    let limit = Duration::from_secs(3);
    let server = TestServer::start_with(&["--header-timeout", "3s"]).await;
    fill(&server, 60_000);
    let mut slow = ask(&server);
    // For longer than any one gap: what the sockets hold hides at first whether the client reads.
    let mut arrived = read_slowly(&mut slow, 90 * 1024 / 3, limit * 4);
    // In chunks, so the last bytes are known and the connection need not end.
    let mut some = vec![0; 64 * 1024];
    while !arrived.ends_with(b"0\r\n\r\n")
        && let Ok(length @ 1..) = slow.read(&mut some)
    {
        arrived.extend_from_slice(&some[..length]);
    }
    assert!(arrived.ends_with(b"0\r\n\r\n"), "it was cut off after {} bytes", arrived.len());
    assert!(arrived.len() > 60_000 * 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_an_export_or_takes_too_little_of_it_is_given_up() {
    let limit = Duration::from_secs(1);
    let server = TestServer::start_with(&["--header-timeout", "1s", "--connections-max", "1"]).await;
    fill(&server, 60_000);
    for pace in [0, 16 * 1024] {
        let mut slow = ask(&server);
        let begun = Instant::now();
        let reading = std::thread::spawn(move || {
            let arrived = read_slowly(&mut slow, pace, PATIENCE);
            (slow, arrived)
        });
        // Its place is free again.
        server.get("/livez").header("connection", "close").expect(200).await;
        let taken = begun.elapsed();
        assert!(taken >= limit && taken < limit * 8, "{pace}: {taken:?}");
        drop(reading);
    }
}

/// hyper keeps the upgrade that the first request asked for (Java's client and curl --http2 do), and ended the connection
/// without sending the rest of the last response. An export makes the send buffer small.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_response_of_a_connection_is_whole_after_a_request_for_an_upgrade() {
    let server = TestServer::start().await;
    let script = "/docs/swagger-ui-bundle.js";
    let mut connection = Tcp::connect(&server);
    let upgrade = [("connection", "upgrade"), ("upgrade", "h2c")];
    connection.send(request("GET", "/api/health", &upgrade, b""));
    connection.answer_to("GET", "/api/health").expect("an answer");
    connection.send(request("GET", EXPORT, &[("authorization", seed::OWNER_SES)], b""));
    connection.answer_to("GET", EXPORT).expect("an answer");
    // hyper closes the connection, since the body of the request is not read.
    connection.send(chunked_request("GET", script, &[("expect", "100-continue")], &[b"abc", b"de"]));
    let answer = connection.answer_to("GET", script).expect("an answer");
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
}
