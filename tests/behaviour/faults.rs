//! Internal errors as clients see them: a broken table, a file locked by another process, a write that waited too
//! long. Nothing is half-written, and the server recovers.
//!
//! Of SQLite alone: another process locks its file.

use std::time::Duration;

use serde_json::json;

use crate::support::inside::fail_audit_entries;
use crate::support::postgres::of_sqlite_alone;
use crate::support::{TestServer, seed};

async fn invite(server: &TestServer, status: u16) -> crate::support::Answer {
    let body = json!({ "userIds": [seed::NINA], "groupIds": [seed::EDITORS] });
    server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).json(&body).expect(status).await
}

/// Everything that inviteMembers writes.
fn written(server: &TestServer) -> i64 {
    server.count(
        "SELECT (SELECT count(*) FROM members) + (SELECT count(*) FROM member_groups)
              + (SELECT count(*) FROM audit_logs)",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_error_is_500_without_its_cause_and_writes_nothing() {
    let server = TestServer::start().await;
    let before = written(&server);
    // The audit entry is written last, so members and groups were already written in this transaction.
    server.execute("ALTER TABLE audit_logs RENAME TO hidden");
    let answer = invite(&server, 500).await;
    assert_eq!(answer.problem(), "internal-error");
    for cause in ["audit", "INSERT", "table", "sqlite"] {
        assert!(!answer.text().contains(cause), "{}", answer.text());
    }
    server.execute("ALTER TABLE hidden RENAME TO audit_logs");
    assert_eq!(written(&server), before);
    assert_eq!(invite(&server, 200).await.json().as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_one_write_does_not_fail_others_in_its_batch() {
    let server = TestServer::start().await;
    fail_audit_entries(&server, "NEW.project_id = (SELECT id FROM projects WHERE key = 'claims')");
    let body = json!({ "userIds": [seed::NINA, seed::OTTO] });
    let call =
        |project: &str| server.post(&seed::members_path(project)).caller(seed::OWNER_PAT).json(&body).send();
    let calls: Vec<_> = (0..40)
        .map(|round| tokio::spawn(call(if round % 2 == 0 { seed::PRICING } else { seed::CLAIMS })))
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.expect("an answer").status);
    }
    let expected: Vec<u16> = (0..40).map(|round| if round % 2 == 0 { 200 } else { 500 }).collect();
    assert_eq!(statuses, expected);
    let members = |key: &str| {
        server.count(&format!(
            "SELECT count(*) FROM members JOIN projects ON projects.id = project_id WHERE key = '{key}'"
        ))
    };
    assert_eq!((members("pricing"), members("claims")), (5, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_locked_by_another_process_is_503_for_writes_only() {
    of_sqlite_alone!("one writer of PostgreSQL locks out no other");
    let server = TestServer::start().await;
    let other = server.sqlite();
    other.execute_batch("BEGIN IMMEDIATE").expect("the other process begins to write");
    let answer = invite(&server, 503).await;
    assert_eq!(answer.problem(), "unavailable");
    server.get("/api/projects").caller(seed::OWNER_PAT).expect(200).await;
    server.get("/api/health").expect(503).await;
    other.execute_batch("COMMIT").expect("the other process ends");
    invite(&server, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_waited_past_its_deadline_is_never_run() {
    of_sqlite_alone!("one writer of PostgreSQL locks out no other");
    let server = TestServer::start_with(&["--request-timeout", "200ms"]).await;
    let before = written(&server);
    let other = server.sqlite();
    other.execute_batch("BEGIN IMMEDIATE").expect("the other process begins to write");
    let release = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(500));
        other.execute_batch("COMMIT").expect("the other process ends");
    });
    assert_eq!(invite(&server, 504).await.problem(), "timed-out");
    release.await.expect("released");
    assert_eq!(written(&server), before);
    invite(&server, 200).await;
}
