//! A write that was answered with 200 is durable, even if the process is killed or the disk is full.
//!
//! Of SQLite alone: it reads the file of a killed or full server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::processes::wait_for;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::{Serving, run_well};
use crate::support::{TestServer, seed};

const USERS: usize = 2_000;
const ROUNDS: usize = 5;
const CALLERS: usize = 4;
/// The fewest responses before the process of a round is killed.
const ANSWERS_MIN: usize = 40;

fn user_id(position: usize) -> Uuid {
    Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0010_0000 + position as u128)
}

/// The example seed with many more members of acme, and its path.
fn large_seed(folder: &TempDir) -> String {
    let mut seed: Value =
        serde_json::from_slice(&std::fs::read(seed::FILE).expect("the seed")).expect("JSON");
    let users = seed["organisations"][0]["users"].as_array_mut().expect("users");
    users.extend((0..USERS).map(|position| {
        json!({ "id": user_id(position), "email": format!("u{position}@acme.test"), "type": "member" })
    }));
    let file = folder.path().join("seed.json");
    std::fs::write(&file, seed.to_string()).expect("a seed file");
    file.display().to_string()
}

/// Opens the file next to other users of it, and checks its integrity.
pub fn sound(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).expect("the database opens");
    let whole: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("the check runs");
    assert_eq!(whole, "ok");
    let dangling = "SELECT count(*) FROM pragma_foreign_key_check";
    assert_eq!(connection.query_row(dangling, [], |row| row.get::<_, i64>(0)).expect("a count"), 0);
    connection
}

fn is_member(connection: &rusqlite::Connection, user: Uuid) -> bool {
    let sql = "SELECT count(*) FROM members WHERE user_id = ?1 AND project_id = ?2";
    let project: Uuid = seed::PRICING.parse().expect("an id");
    let rows: i64 = connection.query_row(sql, [user, project], |row| row.get(0)).expect("a count");
    rows == 1
}

/// Every membership has its audit entry and vice versa, except for seeded ones.
fn check_nothing_is_half_done(connection: &rusqlite::Connection) {
    let sql = "SELECT (SELECT count(*) FROM members WHERE id NOT IN
                          (SELECT ref_id FROM audit_logs WHERE type = 'member'))
                    + (SELECT count(*) FROM audit_logs WHERE type = 'member' AND action = 'created'
                          AND ref_id NOT IN (SELECT id FROM members))";
    assert_eq!(connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a count"), 0);
}

/// Invites one user after another until the server is killed; returns those answered with 200.
async fn invite_until_the_end(url: String, next: Arc<AtomicUsize>, answered: Arc<AtomicUsize>) -> Vec<Uuid> {
    let http = reqwest::Client::new();
    let mut kept = Vec::new();
    loop {
        let user = user_id(next.fetch_add(1, Ordering::Relaxed) % USERS);
        let body = json!({ "userIds": [user], "groupIds": [seed::EDITORS] });
        let call = http.post(format!("{url}{}", seed::members_path(seed::PRICING)));
        let Ok(answer) = call.header("authorization", seed::OWNER_PAT).json(&body).send().await else {
            return kept;
        };
        if answer.status() == 200 {
            kept.push(user);
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_membership_survives_a_killed_server() {
    of_sqlite_alone!("it kills a server that writes into a file");
    let folder = tempfile::tempdir().expect("a folder");
    let seed_file = large_seed(&folder);
    let next = Arc::new(AtomicUsize::new(0));
    let mut kept: Vec<Uuid> = Vec::new();
    for round in 0..ROUNDS {
        let mut serving = Serving::start(folder.path(), &["--seed", &seed_file]);
        let answered = Arc::new(AtomicUsize::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(invite_until_the_end(
                serving.url.clone(),
                Arc::clone(&next),
                Arc::clone(&answered),
            ));
        }
        let wanted = ANSWERS_MIN + round * 7;
        tokio::task::block_in_place(|| {
            wait_for("enough answers", || (answered.load(Ordering::Relaxed) >= wanted).then_some(()));
        });
        serving.child.kill().expect("SIGKILL");
        serving.child.wait().expect("it is gone");
        kept.extend(callers.join_all().await.into_iter().flatten());

        // The next process finds the file and its write-ahead log as the killed one left them.
        let again = Serving::start(folder.path(), &[]);
        let connection = sound(&folder.path().join("test.db"));
        let lost: Vec<&Uuid> = kept.iter().filter(|user| !is_member(&connection, **user)).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} of {}", kept.len());
        check_nothing_is_half_done(&connection);
        drop(again);
    }
    assert!(kept.len() >= ROUNDS * ANSWERS_MIN);
}

/// Without this lock, some versions of SQLite delete the write-ahead log of a running server when another process closes the
/// file, and later writes are lost. The system releases it when a process closes any of its handles of the file.
#[cfg(target_os = "linux")]
#[test]
fn a_server_keeps_the_lock_that_sqlite_holds_on_the_file() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let file = std::fs::metadata(folder.path().join("test.db")).expect("the file").ino();
    let held = std::fs::read_to_string("/proc/locks").expect("the locks of this machine");
    let (process, file) = (serving.child.id().to_string(), format!(":{file}"));
    let is_it = |words: &[&str]| words[1] == "POSIX" && words[4] == process && words[5].ends_with(&file);
    let locks: Vec<Vec<&str>> = held.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(locks.iter().any(|words| words.len() > 5 && is_it(words)), "{held}");
}

async fn invite(server: &TestServer, user: Uuid) -> u16 {
    let body = json!({ "userIds": [user], "groupIds": [seed::EDITORS] });
    let path = seed::members_path(seed::PRICING);
    server.post(&path).caller(seed::OWNER_PAT).json(&body).send().await.status
}

/// A seeded file that is nearly at its size limit, and that limit.
async fn nearly_full() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let seed_file = large_seed(&folder);
    let folder = TestServer::start_in(folder, &["--seed", &seed_file]).await.stop().await;
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).expect("the file opens");
    let ballast = "CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(400000));
                   PRAGMA wal_checkpoint(TRUNCATE)";
    connection.execute_batch(ballast).expect("ballast");
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = connection.query_row(sql, [], |row| row.get(0)).expect("a size");
    (folder, (bytes + 3 * 4096).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_503_leaves_nothing_half_done_and_recovers() {
    of_sqlite_alone!("the size limit is one of its file");
    let (folder, size_max) = nearly_full().await;
    let server = TestServer::start_in(folder, &["--database-size-max", &size_max]).await;
    let mut kept = Vec::new();
    let mut next = 0;
    let refused = loop {
        assert!(next < USERS, "it never got full");
        let user = user_id(next);
        next += 1;
        // The client checks that every 503 has Retry-After.
        match invite(&server, user).await {
            200 => kept.push(user),
            status => break (status, user),
        }
    };
    assert_eq!(refused.0, 503);
    assert!(!kept.is_empty(), "there was some room");
    let connection = sound(&server.database());
    assert!(!is_member(&connection, refused.1));
    check_nothing_is_half_done(&connection);

    server.get("/api/health").expect(503).await;
    server.get("/invitations/accept").expect(200).await;
    let path = seed::members_path(seed::PRICING);
    let unknown = json!({ "userIds": [seed::UNKNOWN_ID] });
    let answer = server.post(&path).caller(seed::OWNER_PAT).json(&unknown).expect(404).await;
    assert_eq!(answer.places(), ["/userIds/0"], "what needs no room is answered as ever");
    server.post(&path).json(&unknown).expect(401).await;

    server.sqlite().execute_batch("DELETE FROM ballast").expect("room is made");
    for user in [refused.1, user_id(next)] {
        assert_eq!(invite(&server, user).await, 200);
        kept.push(user);
    }
    let connection = sound(&server.database());
    assert!(kept.iter().all(|user| is_member(&connection, *user)));
    check_nothing_is_half_done(&connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_leaves_an_invitation_and_its_link_unchanged() {
    of_sqlite_alone!("the size limit is one of its file");
    let (folder, size_max) = nearly_full().await;
    let server =
        TestServer::start_in(folder, &["--database-size-max", &size_max, "--invitation-sends-max", "1000"])
            .await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    // Fills the remaining space through the server itself.
    let mut next = 0;
    while invite(&server, user_id(next)).await == 200 {
        next += 1;
    }
    let path = seed::invitation_path(seed::IAN);
    let state = "SELECT (SELECT sum(updated_at + expires_at) FROM invitations)
                      + (SELECT count(*) FROM invitation_secrets) + (SELECT count(*) FROM audit_logs)";
    // A row or two may still fit in a page with free space.
    for sends in 0.. {
        assert!(sends < 1000, "it never got full");
        let before = server.count(state);
        let status = server.post(&path).caller(seed::OWNER_SES).send().await.status;
        if status == 503 {
            assert_eq!(server.count(state), before, "nothing was changed");
            break;
        }
        assert_eq!(status, 200);
    }
    server.sqlite().execute_batch("DELETE FROM ballast").expect("room is made");
    let body = json!({ "secret": code });
    server.post("/invitations/accept").json(&body).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_during_a_long_read_delays_no_write() {
    of_sqlite_alone!("it is about the checkpoints of its log");
    let server = TestServer::start().await;
    assert_eq!(invite(&server, seed::NINA.parse().expect("an id")).await, 200);
    // For example a backup: it reads one snapshot, beyond which the log cannot be checkpointed.
    let reader = server.sqlite();
    reader.execute_batch("BEGIN; SELECT count(*) FROM users").expect("a reader");
    assert_eq!(invite(&server, seed::OTTO.parse().expect("an id")).await, 200);
    let database = server.database().display().to_string();
    let begun = Instant::now();
    tokio::task::block_in_place(|| run_well(&["mailbox", "list", "--database", &database]));
    assert!(begun.elapsed() < Duration::from_secs(4), "the command waited {:?}", begun.elapsed());
    reader.execute_batch("COMMIT").expect("they end");
}
