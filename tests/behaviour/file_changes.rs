//! The database file changes while it is served: deleted, replaced, truncated, overwritten, damaged, used by other
//! processes; or its disk is full, fails or is read-only. A write is answered with 200 only if it is in the file that
//! the server was started with. FR-04, FR-05, FR-08, FR-09, FR-16.
//!
//! Of SQLite alone: it is all about its file.

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::backups::{run_in, seeded, well};
use crate::durability::sound;
use crate::processes::{call, log, serve_refused, stop, wait_for};
use crate::support::disk::FaultyDisk;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::Serving;
use crate::support::{TestServer, inside, seed};

pub struct Scene {
    pub folder: TempDir,
    pub disk: FaultyDisk,
    pub serving: Serving,
}

impl Scene {
    pub fn new() -> Self {
        let folder = seeded();
        let disk = FaultyDisk::of(folder.path());
        let serving = Serving::start_as(folder.path(), &[], |command| disk.attach(command));
        Self { folder, disk, serving }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn invite(&self, user: &str) -> u16 {
        let path = seed::members_path(seed::PRICING);
        let asked = call(&self.serving, "POST", &path).caller(seed::OWNER_PAT);
        asked.json(&json!({ "userIds": [user] })).send().await.status
    }

    async fn status(&self, path: &str) -> u16 {
        call(&self.serving, "GET", path).send().await.status
    }

    /// Whether all health checks agree with this status of a write.
    pub async fn all_say(&self, status: u16) {
        // A readiness result is cached for a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        for path in ["/readyz", "/api/health"] {
            assert_eq!(self.status(path).await, status, "{path}");
        }
        let address = self.serving.url.trim_start_matches("http://");
        let health = run_in(self.folder.path(), &["health", "--listen", address]);
        assert_eq!(health.status.success(), status == 200, "{health:?}");
        assert_eq!(self.status("/livez").await, 200, "a new start would not help");
    }

    /// The process exits by itself with an error.
    pub fn ends(&mut self) {
        let status = wait_for("the server ends", || self.serving.child.try_wait().expect("it can be asked"));
        assert_eq!(status.code(), Some(1), "{}", log(self.folder.path()));
        assert!(log(self.folder.path()).contains("moved, removed or replaced"));
        assert!(!self.at("ready.json").exists());
    }
}

pub fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("the file")
}

pub fn is_member(path: &Path, user: &str) -> bool {
    let sql = "SELECT count(*) FROM members WHERE user_id = ?1 AND project_id = ?2";
    let ids = [inside::id(user), inside::id(seed::PRICING)];
    sound(path).query_row(sql, ids, |row| row.get::<_, i64>(0)).expect("a count") == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_write_to_a_deleted_file_is_503_and_earlier_writes_are_kept() {
    let mut scene = Scene::new();
    assert_eq!(scene.invite(seed::NINA).await, 200);
    std::fs::remove_file(scene.at("test.db")).expect("it is removed");
    scene.all_say(503).await;
    assert_eq!(scene.invite(seed::OTTO).await, 503);
    scene.ends();
    assert!(is_member(&scene.at("test.db.rescued"), seed::NINA), "an acknowledged write is lost");
    assert!(!scene.at("test.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_write_to_a_replaced_file_is_503_and_the_new_file_is_unchanged() {
    let mut scene = Scene::new();
    well(scene.folder.path(), &["backup", "copy.db"]);
    assert_eq!(scene.invite(seed::NINA).await, 200);
    std::fs::rename(scene.at("copy.db"), scene.at("test.db")).expect("it is replaced");
    let before = std::fs::read(scene.at("test.db")).expect("the new file");
    assert_eq!(scene.invite(seed::OTTO).await, 503);
    scene.ends();
    assert!(is_member(&scene.at("test.db.rescued"), seed::NINA), "an acknowledged write is lost");
    assert_eq!(std::fs::read(scene.at("test.db")).expect("the new file"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_file_deleted_before_shutdown_is_kept_and_not_replaced_by_an_empty_one() {
    let mut scene = Scene::new();
    assert_eq!(scene.invite(seed::NINA).await, 200);
    std::fs::remove_file(scene.at("test.db")).expect("it is removed");
    assert_eq!(stop(&mut scene.serving).code(), Some(1), "{}", log(scene.folder.path()));
    assert!(is_member(&scene.at("test.db.rescued"), seed::NINA), "an acknowledged write is lost");
    let refused = serve_refused(scene.folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(refused.contains("test.db.rescued") && refused.contains("rename"), "{refused}");
    assert!(!scene.at("test.db").exists());
    std::fs::rename(scene.at("test.db.rescued"), scene.at("test.db")).expect("the way out");
    drop(Serving::start(scene.folder.path(), &[]));
    assert!(is_member(&scene.at("test.db"), seed::NINA));
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_by_other_processes_cause_no_failure() {
    of_sqlite_alone!("it is about changes to its file");
    let scene = Scene::new();
    let (path, done) = (scene.at("test.db"), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let is_done = std::sync::Arc::clone(&done);
    let folding = std::thread::spawn(move || {
        let other = rusqlite::Connection::open(path).expect("the file");
        let mut folds = 0;
        while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
            let fold = "PRAGMA wal_checkpoint(PASSIVE)";
            let folded: i64 = other.query_row(fold, [], |row| row.get(2)).expect("a fold");
            folds += i64::from(folded > 0);
        }
        folds
    });
    for round in 0..60 {
        let emails: Vec<String> = (0..10).map(|number| format!("u{round}-{number}@acme.test")).collect();
        let asked = call(&scene.serving, "POST", "/api/users").caller(seed::OWNER_SES);
        asked.json(&json!({ "emails": emails })).expect(200).await;
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(folding.join().expect("it ends") > 10, "there was nothing to fold");
    scene.all_say(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_checkpoint_by_another_process_an_unknown_token_is_401_at_once() {
    let scene = Scene::new();
    for round in 0..10 {
        let email = json!({ "emails": [format!("u{round}@acme.test")] });
        call(&scene.serving, "POST", "/api/users").caller(seed::OWNER_SES).json(&email).expect(200).await;
        let other = rusqlite::Connection::open(scene.at("test.db")).expect("the file");
        other.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).expect("a fold");
        let stranger = format!("Internal brms_ses_{}", "_".repeat(43));
        call(&scene.serving, "GET", "/api/users").caller(&stranger).expect(401).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_readers_never_see_a_file_that_replaced_theirs() {
    let scene = Scene::new();
    let other = tempfile::tempdir().expect("a folder");
    drop(Serving::start(other.path(), &[]));
    well(other.path(), &["backup", "copy.db"]);
    std::fs::copy(other.path().join("copy.db"), scene.at("copy.db")).expect("a copy");
    std::fs::rename(scene.at("copy.db"), scene.at("test.db")).expect("it is replaced");
    // More concurrent reads than open connections.
    let asked: Vec<_> = (0..40)
        .map(|_| tokio::spawn(call(&scene.serving, "GET", "/api/users").caller(seed::OWNER_SES).send()))
        .collect();
    for asked in asked {
        let answer = asked.await.expect("an answer");
        let is_own = answer.status == 200 && answer.text().contains(seed::IVY_EMAIL);
        assert!(is_own || answer.status == 503, "{}: {}", answer.status, answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_write_whose_log_was_deleted_is_503() {
    for suffix in ["wal", "shm"] {
        let mut scene = Scene::new();
        assert_eq!(scene.invite(seed::NINA).await, 200);
        std::fs::remove_file(scene.at(&format!("test.db-{suffix}"))).expect("it is removed");
        scene.all_say(503).await;
        assert_eq!(scene.invite(seed::OTTO).await, 503, "{suffix}");
        scene.ends();
        assert!(is_member(&scene.at("test.db"), seed::NINA), "{suffix}: an acknowledged write is lost");
        assert!(!log(scene.folder.path()).contains("rescued"), "all of it is in the file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_write_to_a_truncated_file_is_503() {
    for share in [0, 2] {
        let scene = Scene::new();
        assert_eq!(scene.invite(seed::NINA).await, 200);
        let file = std::fs::OpenOptions::new().write(true).open(scene.at("test.db")).expect("the file");
        let length = file.metadata().expect("its length").len();
        file.set_len(length * share / 4 / 4096 * 4096).expect("it is cut");
        assert_eq!(scene.invite(seed::OTTO).await, 503, "{share}");
        scene.all_say(503).await;
        assert_eq!(scene.invite(seed::OTTO).await, 503, "{share}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_backup_copied_over_the_live_file_makes_every_request_503_with_a_remedy() {
    of_sqlite_alone!("it is about changes to its file");
    for is_idle in [false, true] {
        let scene = Scene::new();
        well(scene.folder.path(), &["backup", "copy.db"]);
        assert_eq!(scene.invite(seed::NINA).await, 200);
        if is_idle {
            // The write-ahead log is checkpointed, so that only the file is read.
            tokio::task::block_in_place(|| {
                wait_for("the log is emptied", || {
                    let log = scene.at("test.db-wal").metadata().expect("the log").len();
                    (log == 0).then_some(())
                });
            });
        }
        let mut copy = std::process::Command::new("cp");
        copy.args(["copy.db", "test.db"]).current_dir(&scene.folder);
        assert!(copy.status().expect("cp").success());
        assert_eq!(scene.invite(seed::OTTO).await, 503, "{is_idle}");
        let answer = call(&scene.serving, "GET", "/api/users").caller(seed::OWNER_SES).expect(503).await;
        assert!(answer.text().contains("brms restore"), "{}", answer.text());
        scene.all_say(503).await;
        // Shutting down does not damage the copied file.
        let mut scene = scene;
        stop(&mut scene.serving);
        assert_eq!(bytes(&scene.at("test.db")), bytes(&scene.at("copy.db")), "{is_idle}");
        let said = well(scene.folder.path(), &["restore", "copy.db"]);
        assert!(said.contains("restored"), "{said}");
        sound(&scene.at("test.db"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_an_overwritten_file_never_makes_a_valid_token_unknown() {
    let scene = Scene::new();
    let other = tempfile::tempdir().expect("a folder");
    drop(Serving::start(other.path(), &[]));
    well(other.path(), &["backup", "copy.db"]);
    tokio::task::block_in_place(|| {
        wait_for("the log is emptied", || {
            (scene.at("test.db-wal").metadata().ok()?.len() == 0).then_some(())
        });
    });
    std::fs::write(scene.at("test.db"), std::fs::read(other.path().join("copy.db")).expect("a file"))
        .expect("written");
    for _ in 0..3 {
        call(&scene.serving, "GET", "/api/users").caller(seed::OWNER_SES).expect(503).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_damaged_pages_are_a_permanent_503() {
    let scene = Scene::new();
    let mut file = std::fs::OpenOptions::new().write(true).open(scene.at("test.db")).expect("the file");
    let length = file.metadata().expect("its length").len();
    // All pages but the first.
    file.seek(std::io::SeekFrom::Start(4096)).expect("the second page");
    file.write_all(&vec![0x5a; usize::try_from(length - 4096).expect("a length")]).expect("damage");
    drop(file);
    for _ in 0..3 {
        call(&scene.serving, "GET", "/api/users?search=nobody").caller(seed::OWNER_SES).expect(503).await;
    }
    scene.all_say(503).await;
    let log = log(scene.folder.path());
    assert!(log.contains("malformed") || log.contains("no longer consistent"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn legitimate_use_of_the_file_by_other_processes_causes_no_failure() {
    of_sqlite_alone!("it is about changes to its file");
    let scene = Scene::new();
    // Reads, backups, checkpoints, even a VACUUM, as long as they go through SQLite.
    for sql in
        ["PRAGMA wal_checkpoint(PASSIVE)", "CREATE TABLE ballast (b BLOB)", "DROP TABLE ballast; VACUUM"]
    {
        let other = rusqlite::Connection::open(scene.at("test.db")).expect("the file");
        other.busy_timeout(Duration::from_secs(5)).expect("a time-out");
        other.execute_batch(sql).unwrap_or_else(|error| assert!(sql.starts_with("PRAGMA"), "{error}"));
        assert_eq!(scene.invite(seed::NINA).await, 200, "{sql}");
    }
    well(scene.folder.path(), &["backup", "copy.db"]);
    well(scene.folder.path(), &["token", "create", "--user", "owner@acme.test", "--kind", "internal"]);
    for _ in 0..2 {
        tokio::task::block_in_place(|| {
            wait_for("the log is emptied", || {
                (scene.at("test.db-wal").metadata().ok()?.len() == 0).then_some(())
            });
        });
        assert_eq!(scene.invite(seed::OTTO).await, 200);
    }
    scene.all_say(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_02_fr_16_a_disk_error_is_503_and_reported_until_writes_succeed_again() {
    of_sqlite_alone!("it is about changes to its file");
    // Disk full, quota exceeded, I/O error, read-only file system.
    for number in [28, 122, 5, 30] {
        let scene = Scene::new();
        scene.disk.fail("write", number);
        assert_eq!(scene.invite(seed::NINA).await, 503, "{number}");
        scene.all_say(503).await;
        assert_eq!(scene.status("/docs").await, 200, "{number}");
        scene.disk.mend();
        scene.all_say(200).await;
        assert_eq!(scene.invite(seed::NINA).await, 200, "{number}");
        assert!(is_member(&scene.at("test.db"), seed::NINA));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_sync_failed_is_503_and_absent_after_a_crash() {
    let mut scene = Scene::new();
    assert_eq!(scene.invite(seed::OTTO).await, 200);
    scene.disk.fail("fsync", 5);
    assert_eq!(scene.invite(seed::NINA).await, 503);
    scene.all_say(503).await;
    scene.serving.child.kill().expect("SIGKILL");
    scene.serving.child.wait().expect("it is gone");
    scene.disk.mend();
    let again = Serving::start(scene.folder.path(), &[]);
    assert!(is_member(&scene.at("test.db"), seed::OTTO));
    assert!(!is_member(&scene.at("test.db"), seed::NINA), "the 503 stated that nothing was changed");
    drop(again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_during_a_long_write_of_another_process_is_503() {
    of_sqlite_alone!("it is about changes to its file");
    let scene = Scene::new();
    let other = rusqlite::Connection::open(scene.at("test.db")).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("it begins to write");
    assert_eq!(scene.invite(seed::NINA).await, 503);
    other.execute_batch("ROLLBACK").expect("it ends");
    assert!(!is_member(&scene.at("test.db"), seed::NINA));
    assert_eq!(scene.invite(seed::NINA).await, 200);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn fr_02_a_file_that_becomes_read_only_rejects_writes_and_health_reports_it() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let mode = |mode| std::fs::set_permissions(scene.at("test.db"), std::fs::Permissions::from_mode(mode));
    mode(0o444).expect("read-only");
    assert_eq!(scene.invite(seed::NINA).await, 503);
    scene.all_say(503).await;
    call(&scene.serving, "GET", "/api/users").caller(seed::OWNER_SES).expect(200).await;
    mode(0o600).expect("writable again");
    scene.all_say(200).await;
    assert_eq!(scene.invite(seed::NINA).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_08_readiness_checks_keep_no_secret_in_the_log() {
    of_sqlite_alone!("it is about changes to its file");
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let log = server.folder.path().join("test.db-wal");
    let holds_code = || {
        let bytes = std::fs::read(&log).expect("the log");
        bytes.windows(code.len()).any(|part| part == code.as_bytes())
    };
    assert!(holds_code());
    for _ in 0..60 {
        server.get("/readyz").expect(200).await;
        server.get("/api/health").expect(200).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!holds_code(), "the code of a mail stays in the log");
    assert_eq!(log.metadata().expect("the log").len(), 0, "asking writes");
}

#[test]
fn fr_09_a_file_has_one_server_whatever_its_path() {
    let folder = seeded();
    std::fs::hard_link(folder.path().join("test.db"), folder.path().join("other.db")).expect("a second name");
    let mut serving = Serving::start(folder.path(), &[]);
    let beside = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(folder.path().join("other.db"), beside.path().join("test.db"))
        .expect("a link");
    let refused = serve_refused(beside.path(), &["--listen", "127.0.0.1:0"]);
    assert!(refused.contains("other.db") && refused.contains("hard link"), "{refused}");
    let command = run_in(folder.path(), &["mailbox", "list", "--database", "other.db"]);
    assert!(!command.status.success(), "a command under the other name has another log: {command:?}");
    assert!(String::from_utf8_lossy(&command.stderr).contains("hard link"), "{command:?}");
    well(folder.path(), &["mailbox", "list"]);
    // A server that was killed would leave its log by that name.
    stop(&mut serving);
    well(folder.path(), &["mailbox", "list", "--database", "other.db"]);
}
