//! Health checks: liveness, readiness, and the reasons for not being ready.
//!
//! Of SQLite alone: its locks, its size and its schema step.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::support::postgres::{self, of_sqlite_alone};
use crate::support::server::PATIENCE;
use crate::support::{Answer, TestServer, inside, seed};

/// Polls until the response has this status, since a result is cached for a second.
async fn ready(server: &TestServer, status: u16) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = server.get("/readyz").send().await;
        if answer.status == status {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {status}: {}", answer.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Polls until it is not ready, and returns the detail.
async fn trouble(server: &TestServer) -> String {
    let answer = ready(server, 503).await;
    assert_eq!(answer.problem(), "unavailable");
    answer.json()["detail"].as_str().expect("a detail").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_server_is_live_and_ready_without_credentials() {
    let server = TestServer::start().await;
    for (path, word) in [("/livez", "live"), ("/readyz", "ready")] {
        let answer = server.get(path).expect(200).await;
        assert_eq!(answer.json(), serde_json::json!({ "status": word }));
        server.call("HEAD", path).expect(200).await;
        // No credentials are needed, and wrong ones are ignored.
        server.get(path).caller("Bearer wrong").expect(200).await;
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = server.call(method, path).expect(405).await;
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frequent_checks_cause_no_additional_writes_and_leave_nothing_behind() {
    let server = TestServer::start().await;
    server.get("/readyz").expect(200).await;
    let log = server.folder.path().join("test.db-wal");
    // The log of a PostgreSQL server has the changes of all its databases.
    let length = || if postgres::is_used() { 0 } else { std::fs::metadata(&log).expect("the log").len() };
    let before = (length(), inside::everything(&server));
    let begun = Instant::now();
    let asked: Vec<_> = (0..200).map(|_| tokio::spawn(server.get("/readyz").expect(200))).collect();
    for asked in asked {
        asked.await.expect("an answer");
    }
    let bytes = length() - before.0;
    let looks = begun.elapsed().as_secs() + 1;
    assert!(bytes <= looks * 2 * 4096 * 2, "{bytes} bytes of log for {looks} looks");
    assert_eq!(inside::everything(&server), before.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_locked_by_another_process_is_not_ready_but_live() {
    of_sqlite_alone!("one writer of PostgreSQL locks out no other");
    let server = TestServer::start().await;
    let other = server.sqlite();
    other.execute_batch("BEGIN IMMEDIATE").expect("the other process begins to write");
    assert!(trouble(&server).await.contains("database is busy"));
    server.get("/livez").expect(200).await;
    other.execute_batch("COMMIT").expect("the other process ends");
    ready(&server, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_is_not_ready_until_there_is_room() {
    of_sqlite_alone!("the size limit is one of its file");
    let server = TestServer::start_with(&["--database-size-max", "1500000"]).await;
    ready(&server, 200).await;
    // The server's size limit does not apply to another process.
    let ballast = "CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(1500000))";
    inside::execute_in_sqlite(&server, ballast);
    assert!(trouble(&server).await.contains("size limit is full"));
    inside::execute_in_sqlite(&server, "DROP TABLE ballast; VACUUM");
    ready(&server, 200).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_moved_away_is_not_ready() {
    of_sqlite_alone!("its file is moved away");
    let server = TestServer::start().await;
    let away = server.folder.path().join("away.db");
    std::fs::rename(server.database(), &away).expect("moved away");
    assert!(trouble(&server).await.contains("moved, removed or replaced"));
    std::fs::write(server.database(), "another file").expect("a file in its place");
    assert!(trouble(&server).await.contains("restart"));
    std::fs::rename(&away, server.database()).expect("moved back");
    ready(&server, 200).await;
}

/// Changes the recorded schema step.
fn raise_step(server: &TestServer, by: i64) {
    if postgres::is_used() {
        return server.execute(&format!(
            "UPDATE schema_steps SET step = step + 100 * {by}, usable_from = usable_from + 100 * {by}"
        ));
    }
    let step = server.count("PRAGMA user_version") + by;
    inside::execute_in_sqlite(server, &format!("PRAGMA user_version = {step}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_schema_and_a_broken_one_are_not_ready_and_show_no_cause() {
    let server = TestServer::start().await;
    raise_step(&server, 1);
    assert!(trouble(&server).await.contains("different schema"));
    raise_step(&server, -1);
    ready(&server, 200).await;
    server.execute("ALTER TABLE mails RENAME TO hidden");
    let said = trouble(&server).await;
    assert!(said.contains("server log") && !said.contains("mails"), "{said}");
    server.execute("ALTER TABLE hidden RENAME TO mails");
    ready(&server, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_mail_delivery_is_not_ready() {
    of_sqlite_alone!("delivery on PostgreSQL looks every second, and would send what is meant to be stalled");
    let server = TestServer::start().await;
    ready(&server, 200).await;
    // Inserted directly into the database, so mail delivery is not notified.
    let late = server.clock.now().minus(Duration::from_mins(11)).as_millis();
    let queue = |due: i64| {
        let sql = format!(
            "INSERT INTO mails (id, organisation_id, invitation_id, recipient, content, secret, state, attempts,
                                next_attempt_at, created_at)
             SELECT ?1, organisation_id, id, 'a@b.test', '{{}}', 'x', 'queued', 0, {due}, {due}
             FROM invitations LIMIT 1"
        );
        server.execute_of(&sql, [Uuid::new_v4()]);
    };
    queue(server.clock.now().as_millis() + 3_600_000);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    ready(&server, 200).await;
    queue(late);
    assert!(trouble(&server).await.contains("brms mail list"));
    server.execute("DELETE FROM mails");
    ready(&server, 200).await;
    // As left by a clock that was ahead: later than the longest retry delay.
    queue(server.clock.now().as_millis() + 2 * 3_600_000);
    assert!(trouble(&server).await.contains("brms mail list"));
    server.execute("DELETE FROM mails");
    ready(&server, 200).await;
    // Sending still works.
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
}
