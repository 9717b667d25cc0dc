//! The write-ahead log changes while it is served, or the file does while the log contains the latest writes; and
//! legitimate use by other processes, which must not be mistaken for damage. FR-04, FR-05, FR-09, FR-10.
//!
//! Of SQLite alone: it is all about its file.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::backups::{run_in, well};
use crate::file_changes::{Scene, bytes, is_member};
use crate::processes::{call, log, serve_refused, stop, wait_for};
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::Serving;
use crate::support::seed;

/// Waits until the log is empty, as it is three seconds after the last write.
pub fn wait_for_empty_log(scene: &Scene) {
    let log = scene.at("test.db-wal");
    let look = || (log.metadata().ok()?.len() == 0).then_some(());
    tokio::task::block_in_place(|| wait_for("the log is emptied", look));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_write_after_the_log_was_truncated_or_overwritten_is_503() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let cut: fn(&Path) = |log| {
        let file = std::fs::OpenOptions::new().write(true).open(log).expect("the log");
        file.set_len(file.metadata().expect("its length").len() - 100).expect("it is cut");
    };
    let emptied: fn(&Path) = |log| std::fs::write(log, "").expect("it is emptied");
    let overwritten: fn(&Path) = |log| {
        let mut file = std::fs::OpenOptions::new().write(true).open(log).expect("the log");
        file.seek(SeekFrom::Start(500)).expect("a frame");
        file.write_all(&[0; 5000]).expect("it is overwritten");
    };
    for damage in [cut, emptied, overwritten] {
        let scene = Scene::new();
        wait_for_empty_log(&scene);
        assert_eq!(scene.invite(seed::NINA).await, 200);
        damage(&scene.at("test.db-wal"));
        assert_eq!(scene.invite(seed::OTTO).await, 503);
        scene.all_say(503).await;
        assert!(log(scene.folder.path()).contains("truncated or overwritten the write-ahead log"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_an_older_copy_over_the_file_is_detected_although_the_log_hides_it() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let scene = Scene::new();
    wait_for_empty_log(&scene);
    let old = bytes(&scene.at("test.db"));
    assert_eq!(scene.invite(seed::NINA).await, 200);
    wait_for_empty_log(&scene);
    // The log contains the first page and the latest rows, so checking only some of them would find no error.
    assert_eq!(scene.invite(seed::OTTO).await, 200);
    std::fs::write(scene.at("test.db"), old).expect("it is overwritten");
    assert_eq!(scene.invite(seed::IAN).await, 503);
    scene.all_say(503).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_server_of_an_overwritten_file_exits_with_an_error_and_damages_nothing() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let mut scene = Scene::new();
    well(scene.folder.path(), &["backup", "copy.db"]);
    assert_eq!(scene.invite(seed::NINA).await, 200);
    std::fs::write(scene.at("test.db"), bytes(&scene.at("copy.db"))).expect("it is overwritten");
    assert_eq!(stop(&mut scene.serving).code(), Some(1));
    assert_eq!(bytes(&scene.at("test.db")), bytes(&scene.at("copy.db")));
    // The log of the previous file is not applied to the new one.
    assert!(scene.at("test.db.log-of-damaged").exists() && !scene.at("test.db-wal").exists());
    drop(Serving::start(scene.folder.path(), &[]));
    assert!(!is_member(&scene.at("test.db"), seed::NINA), "it is the copy that is served");
    assert!(log(scene.folder.path()).contains("test.db.log-of-damaged"), "the start says nothing of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_touched_or_identically_rewritten_file_causes_no_failure() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let touched: fn(&Path) = |file| {
        let file = std::fs::OpenOptions::new().write(true).open(file).expect("the file");
        file.set_modified(std::time::SystemTime::now()).expect("its time is changed");
    };
    // Without truncating it first: the server may be about to record its length.
    let rewritten: fn(&Path) = |file| {
        let same = bytes(file);
        let mut file = std::fs::OpenOptions::new().write(true).open(file).expect("the file");
        file.write_all(&same).expect("it is rewritten");
    };
    for is_log_empty in [true, false] {
        let mut scene = Scene::new();
        for change in [touched, rewritten, touched] {
            if is_log_empty {
                wait_for_empty_log(&scene);
            }
            change(&scene.at("test.db"));
            assert_eq!(scene.invite(seed::NINA).await, 200);
            change(&scene.at("test.db"));
            scene.all_say(200).await;
        }
        assert!(log(scene.folder.path()).contains("its content was checked"));
        assert_eq!(stop(&mut scene.serving).code(), Some(0));
        assert!(is_member(&scene.at("test.db"), seed::NINA));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_an_emptied_or_restored_file_is_not_served_without_its_kept_log() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let emptied: fn(&Scene) = |scene| std::fs::write(scene.at("test.db"), "").expect("it is emptied");
    let moved: fn(&Scene) =
        |scene| std::fs::rename(scene.at("test.db"), scene.at("old.db")).expect("it is moved");
    for (taken_away, kept) in [(emptied, "test.db.log-of-damaged"), (moved, "test.db.rescued")] {
        let mut scene = Scene::new();
        assert_eq!(scene.invite(seed::NINA).await, 200);
        taken_away(&scene);
        scene.invite(seed::OTTO).await;
        assert_eq!(stop(&mut scene.serving).code(), Some(1));
        if scene.at("old.db").exists() {
            std::fs::rename(scene.at("old.db"), scene.at("test.db")).expect("it comes back");
        }
        let refused = serve_refused(scene.folder.path(), &["--listen", "127.0.0.1:0"]);
        assert!(refused.contains(kept), "{refused}");
        let is_log = kept.ends_with("log-of-damaged");
        assert_eq!(refused.contains("write-ahead log of the file that was there"), is_log, "{refused}");
        assert_eq!(refused.contains("rename it to"), !is_log, "a log is no database: {refused}");
        assert!(!scene.at("test.db.credentials").exists(), "it began anew");
        std::fs::rename(scene.at(kept), scene.at("elsewhere")).expect("the way out");
        drop(Serving::start(scene.folder.path(), &[]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_file_whose_state_cannot_be_read_is_503_temporarily_and_not_taken_for_deleted() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let scene = Scene::new();
    assert_eq!(scene.invite(seed::NINA).await, 200);
    for number in [5, 13] {
        scene.disk.fail("stat", number);
        assert_eq!(scene.invite(seed::OTTO).await, 503, "{number}");
        scene.all_say(503).await;
        scene.disk.mend();
        assert_eq!(scene.invite(seed::OTTO).await, 200, "{number}");
        scene.all_say(200).await;
    }
    assert!(!scene.at("test.db.rescued").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn use_by_other_processes_through_sqlite_causes_no_failure() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let forms = [
        "PRAGMA wal_checkpoint(PASSIVE)",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "UPDATE organisations SET updated_at = updated_at + 1; PRAGMA wal_checkpoint(TRUNCATE)",
        "VACUUM",
    ];
    for sql in forms {
        let scene = Scene::new();
        let (path, is_done) = (scene.at("test.db"), Arc::new(AtomicBool::new(false)));
        let done = Arc::clone(&is_done);
        let other = std::thread::spawn(move || {
            let other = rusqlite::Connection::open(path).expect("the file");
            other.busy_timeout(Duration::from_secs(5)).expect("a time-out");
            let mut times = 0;
            while !done.load(Ordering::Relaxed) {
                times += usize::from(other.execute_batch(sql).is_ok());
                std::thread::sleep(Duration::from_millis(5));
            }
            times
        });
        let begun = Instant::now();
        let mut number = 0;
        while begun.elapsed() < Duration::from_secs(2) {
            number += 1;
            let user = [seed::NINA, seed::OTTO][number % 2];
            assert_eq!(scene.invite(user).await, 200, "{sql}: {}", log(scene.folder.path()));
        }
        is_done.store(true, Ordering::Relaxed);
        // A statement that has returned rows counts as run.
        other.join().expect("it ends");
        scene.all_say(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_09_a_served_file_is_not_copied_under_another_path() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let scene = Scene::new();
    assert_eq!(scene.invite(seed::NINA).await, 200);
    std::fs::hard_link(scene.at("test.db"), scene.at("link.db")).expect("a second name");
    for arguments in
        [&["backup", "copy.db", "--database", "link.db"][..], &["restore", "link.db", "--database", "new.db"]]
    {
        let output = run_in(scene.folder.path(), arguments);
        assert!(!output.status.success(), "the newest writes would be missing: {arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("hard link"), "{output:?}");
    }
    assert!(
        !scene.at("link.db-wal").exists() && !scene.at("copy.db").exists() && !scene.at("new.db").exists()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_10_other_readers_and_writers_do_not_delay_shutdown() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    for begin in ["BEGIN; SELECT count(*) FROM users", "BEGIN IMMEDIATE"] {
        let mut scene = Scene::new();
        assert_eq!(scene.invite(seed::NINA).await, 200);
        let other = rusqlite::Connection::open(scene.at("test.db")).expect("the file");
        other.execute_batch(begin).expect("it begins");
        let writes: Vec<_> = (0..40)
            .map(|_| {
                let path = seed::members_path(seed::PRICING);
                let asked = crate::processes::call(&scene.serving, "POST", &path).caller(seed::OWNER_PAT);
                tokio::spawn(asked.json(&serde_json::json!({ "userIds": [seed::OTTO] })).send())
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        assert_eq!(stop(&mut scene.serving).code(), Some(0), "{begin}");
        assert!(begun.elapsed() < Duration::from_secs(9), "{begin}: {:?}", begun.elapsed());
        for write in writes {
            let status = write.await.expect("an answer").status;
            assert!(status == 200 || status == 503, "{begin}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_leaves_only_the_database_file_each_time() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    for round in 0..10 {
        let mut scene = Scene::new();
        assert_eq!(scene.invite(seed::NINA).await, 200);
        call(&scene.serving, "GET", "/api/users").caller(seed::OWNER_SES).expect(200).await;
        assert_eq!(stop(&mut scene.serving).code(), Some(0));
        for beside in ["test.db-wal", "test.db-shm"] {
            assert!(!scene.at(beside).exists(), "{beside} is left in round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_start_that_misses_its_file_leaves_the_log_of_it_in_place() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let mut scene = Scene::new();
    wait_for_empty_log(&scene);
    assert_eq!(scene.invite(seed::NINA).await, 200);
    std::fs::rename(scene.at("test.db"), scene.at("elsewhere.db")).expect("it is moved away");
    scene.serving.child.kill().expect("the server is killed");
    scene.serving.child.wait().expect("it has ended");
    let log_before = bytes(&scene.at("test.db-wal"));
    for _ in 0..2 {
        let refused = serve_refused(scene.folder.path(), &["--listen", "127.0.0.1:0"]);
        assert!(refused.contains("test.db-wal") && refused.contains("put the database back"), "{refused}");
    }
    assert_eq!(bytes(&scene.at("test.db-wal")), log_before);
    std::fs::rename(scene.at("elsewhere.db"), scene.at("test.db")).expect("it is put back");
    drop(Serving::start(scene.folder.path(), &[]));
    assert!(is_member(&scene.at("test.db"), seed::NINA), "an acknowledged write is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_an_overwritten_index_of_the_log_ends_the_server_and_loses_nothing() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    // With the next write, and with none.
    for writes in [true, false] {
        let mut scene = Scene::new();
        wait_for_empty_log(&scene);
        assert_eq!(scene.invite(seed::NINA).await, 200);
        let mut index =
            std::fs::OpenOptions::new().write(true).open(scene.at("test.db-shm")).expect("the index");
        // How many frames are in the file, and the marks of readers.
        index.seek(SeekFrom::Start(96)).expect("the part after its header");
        index.write_all(&[0xff; 40]).expect("it is overwritten");
        if writes {
            assert_eq!(scene.invite(seed::OTTO).await, 503);
        }
        let ended = || scene.serving.child.try_wait().expect("it can be asked");
        let status = tokio::task::block_in_place(|| wait_for("the server ends", ended));
        assert_eq!(status.code(), Some(1));
        assert!(log(scene.folder.path()).contains("overwritten the wal-index"));
        drop(Serving::start(scene.folder.path(), &[]));
        assert!(is_member(&scene.at("test.db"), seed::NINA), "an acknowledged write is lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_log_that_is_overwritten_while_the_server_is_idle_is_not_written_into_the_file() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let scene = Scene::new();
    wait_for_empty_log(&scene);
    assert_eq!(scene.invite(seed::NINA).await, 200);
    let before = bytes(&scene.at("test.db"));
    let path = scene.at("test.db-wal");
    let mut file = std::fs::OpenOptions::new().write(true).open(path).expect("the log");
    file.seek(SeekFrom::End(-3000)).expect("its last frame");
    file.write_all(&[0; 2000]).expect("it is overwritten");
    // It would be folded after three seconds.
    let says_so =
        || log(scene.folder.path()).contains("truncated or overwritten the write-ahead log").then_some(());
    tokio::task::block_in_place(|| wait_for("the damage is found", says_so));
    scene.all_say(503).await;
    assert_eq!(scene.invite(seed::OTTO).await, 503);
    assert_eq!(bytes(&scene.at("test.db")), before, "the damage went into the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_content_that_another_program_replaces_through_sqlite_is_found() {
    of_sqlite_alone!("it is about changes to the log beside its file");
    let scene = Scene::new();
    assert_eq!(scene.invite(seed::NINA).await, 200);
    // What `.restore` of the sqlite3 shell does to the newest rows.
    let other = rusqlite::Connection::open(scene.at("test.db")).expect("the file");
    let newest = "DELETE FROM audit_logs WHERE id = (SELECT max(id) FROM audit_logs)";
    assert_eq!(other.execute(newest, ()).expect("it is removed"), 1);
    assert_eq!(scene.invite(seed::OTTO).await, 503);
    scene.all_say(503).await;
    assert!(log(scene.folder.path()).contains("replaced the content of the database"));
}
