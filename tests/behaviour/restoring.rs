//! `brms restore`: replaces the database with a verified backup and keeps the previous one next to it.
//!
//! Of SQLite alone: backups are copies of its file.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::backups::{count, damage, no_leftovers, refused, seeded, sqlite, sqlite_of_others, well};
use crate::processes::call;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::Serving;
use crate::support::seed;

const MEMBERS: &str = "SELECT count(*) FROM members";
const USERS: &str = "SELECT count(*) FROM users";

/// A folder with a database and a backup of it; a member was removed since the backup.
fn backed_up() -> TempDir {
    let folder = seeded();
    well(folder.path(), &["backup", "copy.db"]);
    sqlite(&folder.path().join("test.db"))
        .execute_batch("DELETE FROM member_groups; DELETE FROM members")
        .expect("an accident");
    folder
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("the file")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_can_be_served_and_the_old_one_is_kept() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = backed_up();
    let (database, backup) = (folder.path().join("test.db"), folder.path().join("copy.db"));
    let before = bytes(&backup);
    let said = well(folder.path(), &["restore", "copy.db"]);
    assert!(
        said.contains("restored test.db from copy.db") && said.contains("test.db.before-restore"),
        "{said}"
    );
    let kept = folder.path().join("test.db.before-restore");
    assert_eq!(count(&kept, MEMBERS), 0);
    assert_eq!(count(&database, MEMBERS), count(&backup, MEMBERS));
    assert_eq!(bytes(&backup), before, "the backup stays as it is");
    #[cfg(unix)]
    for file in [&database, &kept] {
        assert_eq!(crate::backups::mode(file), 0o600);
    }
    no_leftovers(folder.path());
    let serving = Serving::start(folder.path(), &[]);
    let path = seed::members_path(seed::PRICING);
    let members = call(&serving, "GET", &path).caller(seed::OWNER_PAT).expect(200).await;
    assert_eq!(members.json()["results"].as_array().map(Vec::len), Some(3));
    drop(serving);
    // A second time keeps both.
    let said = well(folder.path(), &["restore", "copy.db"]);
    assert!(said.contains("test.db.before-restore-2"), "{said}");
    assert_eq!(count(&kept, MEMBERS), 0);
}

#[test]
fn a_missing_database_is_created_from_the_backup() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = backed_up();
    let said = well(folder.path(), &["restore", "copy.db", "--database", "new.db"]);
    assert!(!said.contains("kept"), "{said}");
    assert!(count(&folder.path().join("new.db"), MEMBERS) > 0);
    assert!(!folder.path().join("new.db.before-restore").exists());
}

#[test]
fn nothing_is_restored_while_a_server_or_another_program_uses_the_database() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = backed_up();
    let database = folder.path().join("test.db");
    let serving = Serving::start(folder.path(), &[]);
    let error = refused(folder.path(), &["restore", "copy.db"]);
    assert!(error.contains("another `brms serve`") && error.contains("test.db"), "{error}");
    drop(serving);
    assert_eq!(count(&database, MEMBERS), 0);

    let other = sqlite(&database);
    other.execute_batch("BEGIN; SELECT * FROM users").expect("a reader");
    let error = refused(folder.path(), &["restore", "copy.db"]);
    assert!(error.contains("another program has it open"), "{error}");
    other.execute_batch("COMMIT").expect("they end");
    drop(other);
    assert_eq!(count(&database, MEMBERS), 0);
    assert!(!folder.path().join("test.db.before-restore").exists());
    well(folder.path(), &["restore", "copy.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_in_the_log_of_a_killed_server_are_kept_with_the_old_file() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = seeded();
    well(folder.path(), &["backup", "copy.db"]);
    let backup = folder.path().join("copy.db");
    let serving = Serving::start(folder.path(), &[]);
    let body = json!({ "emails": ["late@acme.test"] });
    call(&serving, "POST", "/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await;
    drop(serving);
    assert!(std::fs::metadata(folder.path().join("test.db-wal")).expect("a log").len() > 0, "it was killed");
    well(folder.path(), &["restore", "copy.db"]);
    // The log of the old file must not be applied to the new one.
    assert_eq!(count(&folder.path().join("test.db"), USERS), count(&backup, USERS));
    assert_eq!(count(&folder.path().join("test.db.before-restore"), USERS), count(&backup, USERS) + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_killed_server_whose_file_was_deleted_is_kept_too() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = seeded();
    let at = |name: &str| folder.path().join(name);
    well(folder.path(), &["backup", "copy.db"]);
    let serving = Serving::start(folder.path(), &[]);
    let body = json!({ "emails": ["late@acme.test"] });
    call(&serving, "POST", "/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await;
    drop(serving);
    let log = bytes(&at("test.db-wal"));
    assert!(!log.is_empty(), "it was killed");
    std::fs::rename(at("test.db"), at("away.db")).expect("the move");
    let said = well(folder.path(), &["restore", "copy.db"]);
    assert!(said.contains("kept as test.db.before-restore-wal"), "{said}");
    // The log is not applied to the backup, and none of it is lost.
    assert!(!at("test.db-wal").exists());
    assert_eq!(count(&at("test.db"), USERS), count(&at("copy.db"), USERS));
    assert_eq!(bytes(&at("test.db.before-restore-wal")), log);
    // Nor to the next file that is kept.
    let said = well(folder.path(), &["restore", "copy.db"]);
    assert!(said.contains("test.db.before-restore-2"), "{said}");
    assert_eq!(count(&at("test.db.before-restore-2"), USERS), count(&at("copy.db"), USERS));
    std::fs::rename(at("test.db.before-restore-wal"), at("away.db-wal")).expect("they belong together");
    assert_eq!(count(&at("away.db"), USERS), count(&at("copy.db"), USERS) + 1);
}

#[test]
fn an_unreadable_database_is_replaced_and_kept_with_its_log() {
    of_sqlite_alone!("backups are copies of its file");
    for ruin in [ruin_header as fn(&Path), |path| std::fs::write(path, "").expect("an empty file")] {
        let folder = backed_up();
        let database = folder.path().join("test.db");
        std::fs::write(folder.path().join("test.db-wal"), "the rest of a log").expect("a log");
        ruin(&database);
        let ruined = bytes(&database);
        well(folder.path(), &["restore", "copy.db"]);
        assert!(count(&database, MEMBERS) > 0);
        assert_eq!(bytes(&folder.path().join("test.db.before-restore")), ruined);
    }
}

fn ruin_header(path: &Path) {
    let mut bytes = bytes(path);
    bytes[..100].fill(0);
    std::fs::write(path, bytes).expect("the ruined file");
}

#[test]
fn an_invalid_backup_is_rejected_and_the_database_is_unchanged() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = backed_up();
    let place = folder.path();
    let database = place.join("test.db");
    // Checkpoints the log, so that from here on only a restore could change the file.
    drop(sqlite(&database));
    let before = bytes(&database);
    std::fs::write(place.join("text.db"), "a diary, ".repeat(2000)).expect("a file");
    std::fs::write(place.join("empty.db"), "").expect("an empty file");
    sqlite_of_others(&place.join("other.db"));
    for name in ["damaged.db", "newer.db", "dangling.db"] {
        std::fs::copy(place.join("copy.db"), place.join(name)).expect("a copy");
    }
    damage(&place.join("damaged.db"));
    sqlite(&place.join("newer.db")).execute_batch("PRAGMA user_version = 99").expect("a newer one");
    sqlite(&place.join("dangling.db"))
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM organisations")
        .expect("a broken one");
    for (backup, words) in [
        ("text.db", "cannot be read as a database"),
        ("empty.db", "no backup"),
        ("other.db", "not a brms database"),
        ("damaged.db", "damaged"),
        ("newer.db", "newer brms"),
        ("dangling.db", "refers to a missing one"),
        ("missing.db", "there is no backup"),
        ("test.db", "the database itself"),
    ] {
        let error = refused(place, &["restore", backup]);
        assert!(error.contains(words) && error.contains(backup), "{backup}: {error}");
        assert_eq!(bytes(&database), before, "{backup}");
        assert!(!place.join("test.db.before-restore").exists(), "{backup}");
    }
    // Files of other programs are not moved aside.
    let error = refused(place, &["restore", "copy.db", "--database", "other.db"]);
    assert!(error.contains("not a brms database"), "{error}");
    assert!(refused(place, &["restore", "copy.db", "--database", "nowhere/test.db"]).contains("nowhere"));
}

/// A database of the first version of brms.
pub fn first_step(path: &Path) {
    let old = rusqlite::Connection::open(path).expect("a database");
    let first = concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/migrations/sqlite/0001_people_and_access.sql");
    old.execute_batch(&std::fs::read_to_string(first).expect("the first step")).expect("it runs");
    old.execute_batch(&format!("PRAGMA application_id = {}; PRAGMA user_version = 1", 0x4252_4d53))
        .expect("its number");
}

#[test]
fn an_older_backup_is_migrated_when_it_is_served() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = tempfile::tempdir().expect("a folder");
    first_step(&folder.path().join("copy.db"));
    let said = well(folder.path(), &["restore", "copy.db"]);
    assert!(said.contains("schema step 1"), "{said}");
    drop(Serving::start(folder.path(), &["--seed", seed::FILE]));
    let before = folder.path().join("test.db.before-step-2");
    assert_eq!(count(&before, "SELECT count(*) FROM pragma_table_info('roles')"), 0);
    #[cfg(unix)]
    assert_eq!(crate::backups::mode(&before), 0o600, "it holds what the database holds");
}

/// Files that root creates for an unprivileged server: the database, its lock, its copies.
#[cfg(unix)]
mod by_root {
    use std::os::unix::fs::{MetadataExt, chown};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;
    use crate::support::program::without_settings;

    /// An arbitrary unprivileged user id.
    const SERVICE: u32 = 54_321;

    /// Whether the test is skipped because it does not run as root; prints a note if so.
    #[expect(clippy::print_stderr, reason = "the output of a test run must show what was skipped")]
    fn is_skipped(folder: &Path) -> bool {
        let is_skipped = std::fs::metadata(folder).expect("the folder").uid() != 0;
        if is_skipped {
            eprintln!("skipped: only root can create files for another user");
        }
        is_skipped
    }

    fn owner(path: &Path) -> (u32, u32) {
        let metadata = std::fs::metadata(path).expect("the file");
        (metadata.uid(), metadata.gid())
    }

    /// A folder of the unprivileged user, with a backup made by root in another folder.
    fn folders() -> (TempDir, TempDir) {
        let (place, of_root) = (tempfile::tempdir().expect("a folder"), seeded());
        well(of_root.path(), &["backup", "copy.db"]);
        (place, of_root)
    }

    /// The program as the unprivileged user, who may not be able to reach the folder that it was built in.
    fn brms_of_service(place: &Path) -> Command {
        let program = place.join("brms");
        // By another process: a program that this one has open for writing while it starts another test's cannot be run.
        let mut copy = Command::new("cp");
        copy.arg(env!("CARGO_BIN_EXE_brms")).arg(&program);
        assert!(copy.status().expect("cp runs").success());
        let mut command = without_settings(Command::new(program));
        command.uid(SERVICE).gid(SERVICE);
        command
    }

    /// The unprivileged user can write to the files.
    fn check_served(place: &Path) {
        let mut command = brms_of_service(place);
        command.current_dir(place).args(["project", "list", "--database", "test.db"]);
        let output = command.output().expect("brms runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        drop(Serving::start_as(place, &[], |command| *command = brms_of_service(place)));
    }

    #[test]
    fn a_restored_file_belongs_to_the_user_of_the_server() {
        of_sqlite_alone!("backups are copies of its file");
        let (place, of_root) = folders();
        if is_skipped(place.path()) {
            return;
        }
        chown(place.path(), Some(SERVICE), Some(SERVICE)).expect("root may");
        let copy = of_root.path().join("copy.db").display().to_string();
        // First without a previous file, then replacing one.
        for name in ["test.db", "test.db.before-restore"] {
            well(place.path(), &["restore", &copy]);
            for file in ["test.db", "test.db.lock", name] {
                assert_eq!(owner(&place.path().join(file)), (SERVICE, SERVICE), "{file}");
            }
            assert_eq!(crate::backups::mode(&place.path().join("test.db")), 0o600);
            check_served(place.path());
        }
        assert_eq!(owner(&of_root.path().join("copy.db")).0, 0, "the backup stays root's");
    }

    #[test]
    fn a_seeded_file_belongs_to_the_owner_of_the_folder() {
        of_sqlite_alone!("backups are copies of its file");
        let place = tempfile::tempdir().expect("a folder");
        if is_skipped(place.path()) {
            return;
        }
        chown(place.path(), Some(SERVICE), Some(SERVICE)).expect("root may");
        well(place.path(), &["seed", seed::FILE]);
        assert_eq!(owner(&place.path().join("test.db")), (SERVICE, SERVICE));
        check_served(place.path());
    }

    #[test]
    fn the_owner_of_existing_files_is_not_changed() {
        of_sqlite_alone!("backups are copies of its file");
        let (place, of_root) = folders();
        if is_skipped(place.path()) {
            return;
        }
        chown(place.path(), Some(SERVICE), Some(SERVICE)).expect("root may");
        // Something that the owner of the folder could create there.
        for of_system in ["exists", "missing"] {
            let of_system = of_root.path().join(of_system);
            if of_system.ends_with("exists") {
                std::fs::write(&of_system, "root's").expect("a file of root's");
            }
            std::os::unix::fs::symlink(&of_system, place.path().join("test.db.lock")).expect("a link");
            let copy = of_root.path().join("copy.db").display().to_string();
            crate::backups::run_in(place.path(), &["restore", &copy]);
            assert!(!of_system.exists() || owner(&of_system).0 == 0, "{}", of_system.display());
            std::fs::remove_file(place.path().join("test.db.lock")).expect("the link");
        }
    }
}
