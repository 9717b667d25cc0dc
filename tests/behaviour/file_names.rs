//! The names of a served file: another file under its name, a second name of it, a link that is pointed elsewhere;
//! and a file that is removed when there is no room for a copy. FR-04, FR-09.
//!
//! Of SQLite alone: it is all about its file.

use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::backups::{refused, run_in, seeded, well};
use crate::durability::sound;
use crate::file_changes::{Scene, bytes, is_member};
use crate::log_changes::wait_for_empty_log;
use crate::processes::{call, log, serve_refused, stop, wait_for};
use crate::support::disk::FaultyDisk;
use crate::support::inside::onlooker;
use crate::support::program::Serving;
use crate::support::seed;

#[tokio::test(flavor = "multi_thread")]
async fn fr_09_a_command_refuses_a_file_that_took_the_place_of_the_served_one() {
    let mut scene = Scene::new();
    well(scene.folder.path(), &["backup", "copy.db"]);
    wait_for_empty_log(&scene);
    assert_eq!(scene.invite(seed::NINA).await, 200);
    std::fs::rename(scene.at("copy.db"), scene.at("test.db")).expect("it is replaced");
    let before = bytes(&scene.at("test.db"));
    for arguments in [
        &["token", "create", "--user", "owner@acme.test", "--kind", "internal"][..],
        &["token", "list"],
        &["backup", "second.db"],
        &["check"],
    ] {
        let said = refused(scene.folder.path(), arguments);
        assert!(said.contains("a server") && said.contains("test.db.rescued"), "{arguments:?}: {said}");
    }
    assert_eq!(bytes(&scene.at("test.db")), before, "a command wrote into the file");
    assert_eq!(scene.invite(seed::OTTO).await, 503);
    scene.ends();
    assert!(is_member(&scene.at("test.db.rescued"), seed::NINA), "an acknowledged write is lost");
}

/// A server whose temporary files go to a folder of their own.
fn scene_with_temporary_folder(prepare: impl FnOnce(&Path)) -> (Scene, TempDir) {
    let (folder, elsewhere) = (seeded(), tempfile::tempdir().expect("a folder"));
    prepare(&folder.path().join("test.db"));
    let disk = FaultyDisk::of(folder.path());
    let serving = Serving::start_as(folder.path(), &[], |command| {
        disk.attach(command);
        command.env("TMPDIR", elsewhere.path());
    });
    (Scene { folder, disk, serving }, elsewhere)
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_file_deleted_on_a_full_disk_is_reported_and_its_data_is_kept() {
    let (mut scene, _elsewhere) = scene_with_temporary_folder(|file| {
        // Pages for what is written later: the file itself need not grow.
        let ballast = "CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(1000000)); DROP TABLE ballast";
        rusqlite::Connection::open(file).expect("the file").execute_batch(ballast).expect("free pages");
    });
    assert_eq!(scene.invite(seed::NINA).await, 200);
    scene.disk.fill_until_empty("test.db-wal");
    let mut number = 0;
    let mut write = async || {
        number += 10;
        let emails: Vec<String> =
            (number..number + 10).map(|number| format!("u{number}@acme.test")).collect();
        let asked = call(&scene.serving, "POST", "/api/users").caller(seed::OWNER_SES);
        asked.json(&json!({ "emails": emails })).send().await
    };
    let mut answer = write().await;
    for _ in 0..100 {
        if answer.status != 200 {
            break;
        }
        answer = write().await;
    }
    assert!(answer.status == 503 && answer.text().contains("disk"), "{}", answer.text());
    std::fs::remove_file(scene.at("test.db")).expect("it is removed");
    let gone = write().await;
    assert!(gone.status == 503 && gone.text().contains("moved, removed or replaced"), "{}", gone.text());
    scene.ends();
    let said = log(scene.folder.path());
    assert!(is_member(&scene.at("test.db.rescued"), seed::NINA), "an acknowledged write is lost: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_without_any_room_beside_it_the_data_is_kept_in_the_temporary_folder() {
    let (mut scene, elsewhere) = scene_with_temporary_folder(|_| ());
    assert_eq!(scene.invite(seed::NINA).await, 200);
    scene.disk.fail("write", 28);
    std::fs::remove_file(scene.at("test.db")).expect("it is removed");
    assert_eq!(scene.invite(seed::OTTO).await, 503);
    scene.ends();
    let kept: Vec<_> = std::fs::read_dir(elsewhere.path()).expect("the folder").flatten().collect();
    assert_eq!(kept.len(), 1, "{}", log(scene.folder.path()));
    assert!(log(scene.folder.path()).contains(&*kept[0].path().to_string_lossy()), "nothing names it");
    assert!(is_member(&kept[0].path(), seed::NINA), "an acknowledged write is lost");
    scene.disk.mend();
    let refused = serve_refused(scene.folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(refused.contains("test.db.rescued") && refused.contains("rename"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_09_a_second_name_that_is_made_while_the_file_is_served_is_in_the_log() {
    let scene = Scene::new();
    assert_eq!(scene.invite(seed::NINA).await, 200);
    assert!(!log(scene.folder.path()).contains("hard link"));
    std::fs::hard_link(scene.at("test.db"), scene.at("other.db")).expect("a second name");
    for user in [seed::OTTO, seed::IAN] {
        assert_eq!(scene.invite(user).await, 200);
    }
    let said = log(scene.folder.path());
    assert_eq!(said.matches("hard link").count(), 1, "{said}");
    scene.all_say(200).await;
}

#[test]
fn fr_09_a_start_on_a_file_with_the_log_of_another_name_is_refused() {
    let folder = seeded();
    let at = |name: &str| folder.path().join(name);
    std::fs::hard_link(at("test.db"), at("other.db")).expect("a second name");
    let other = rusqlite::Connection::open(at("other.db")).expect("the file");
    other.execute_batch("PRAGMA journal_mode = WAL; UPDATE users SET first_name = 'H'").expect("a write");
    // As after a crash of that program: no checkpoint.
    let (log_of_other, kept) = (at("other.db-wal"), at("kept"));
    std::fs::copy(&log_of_other, &kept).expect("a copy");
    drop(other);
    std::fs::copy(&kept, &log_of_other).expect("the log");
    let said = serve_refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("other.db-wal") && said.contains("hard link"), "{said}");
    let said = refused(folder.path(), &["token", "list"]);
    assert!(said.contains("other.db-wal") && said.contains("hard link"), "{said}");
    assert!(run_in(folder.path(), &["token", "list", "--database", "other.db"]).status.success());
    // Which has emptied that log, and removed it.
    assert!(!log_of_other.exists());
    drop(Serving::start(folder.path(), &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_09_a_log_of_a_second_name_is_not_replayed_into_a_file_that_was_written_since() {
    let mut scene = Scene::new();
    std::fs::hard_link(scene.at("test.db"), scene.at("other.db")).expect("a second name");
    let other = onlooker(&scene.at("other.db"));
    other.execute_batch("UPDATE users SET first_name = 'H'").expect("a write");
    drop(other);
    assert!(!bytes(&scene.at("other.db-wal")).is_empty(), "it was left as after a crash");
    for user in [seed::NINA, seed::OTTO] {
        assert_eq!(scene.invite(user).await, 200);
    }
    stop(&mut scene.serving);
    for arguments in [&["check", "--database", "other.db"][..], &["user", "list", "--database", "other.db"]] {
        let said = refused(scene.folder.path(), arguments);
        assert!(said.contains("other.db-wal") && said.contains("second name"), "{arguments:?}: {said}");
    }
    assert!(is_member(&scene.at("test.db"), seed::OTTO), "an acknowledged write is lost");
    sound(&scene.at("test.db"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_link_that_is_pointed_elsewhere_is_noticed_like_a_replaced_file() {
    for writes in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for version in ["v1", "v2"] {
            std::fs::create_dir(at(version)).expect("a folder");
        }
        std::fs::rename(seeded().path().join("test.db"), at("v1/test.db")).expect("the file");
        symlink("v1/test.db", at("test.db")).expect("a link");
        let disk = FaultyDisk::of(folder.path());
        let serving = Serving::start_as(folder.path(), &[], |command| disk.attach(command));
        let mut scene = Scene { folder, disk, serving };
        assert_eq!(scene.invite(seed::NINA).await, 200);
        std::fs::remove_file(scene.at("test.db")).expect("the link is removed");
        symlink("v2/test.db", scene.at("test.db")).expect("a new link");
        scene.all_say(503).await;
        if writes {
            assert_eq!(scene.invite(seed::OTTO).await, 503);
            let ended = || scene.serving.child.try_wait().expect("it can be asked");
            assert_eq!(wait_for("the server ends", ended).code(), Some(1));
        } else {
            assert_eq!(stop(&mut scene.serving).code(), Some(1));
        }
        let said = log(scene.folder.path());
        assert!(said.contains("no longer leads to it") && said.contains("v1/test.db"), "{said}");
        sound(&scene.at("v1/test.db"));
        assert!(is_member(&scene.at("v1/test.db"), seed::NINA), "an acknowledged write is lost");
        assert!(!scene.at("v2/test.db").exists());
    }
}
