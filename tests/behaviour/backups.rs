//! `brms backup`: a consistent snapshot of a database that may be in use, verified, complete or absent.
//!
//! Of SQLite alone: backups are copies of its file.

use std::path::Path;
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;

use crate::processes::call;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::{Serving, brms};
use crate::support::seed;

/// Runs it on the database `test.db` of a folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    brms().current_dir(folder).env("BRMS_DATABASE", "test.db").args(arguments).output().expect("brms runs")
}

/// Runs it successfully and returns its output.
pub fn well(folder: &Path, arguments: &[&str]) -> String {
    let output = run_in(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Runs it, expects it to fail, and returns its error. No partial copy is left.
pub fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run_in(folder, arguments);
    // A check has another exit code for what it has found.
    let code = if arguments.first() == Some(&"check") { 3 } else { 1 };
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    no_leftovers(folder);
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// Checks that no temporary copy is left.
pub fn no_leftovers(folder: &Path) {
    let names =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".brms-copy")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A folder with the example seed in `test.db`.
pub fn seeded() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    well(folder.path(), &["seed", seed::FILE]);
    folder
}

/// A file as another program would open it.
pub fn sqlite(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)
        .expect("it opens")
}

/// One number from a file that has to be intact.
pub fn count(path: &Path, sql: &str) -> i64 {
    let connection = sqlite(path);
    let whole: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("the check runs");
    assert_eq!(whole, "ok", "{}", path.display());
    connection.query_row(sql, [], |row| row.get(0)).expect("a count")
}

/// Overwrites the middle of a file.
pub fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).expect("the file");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    std::fs::write(path, bytes).expect("the damaged file");
}

#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("the file").permissions().mode() & 0o777
}

const MEMBERS: &str = "SELECT count(*) FROM members";

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_is_complete_private_and_does_not_disturb_it() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let copy = folder.path().join("copy.db");
    let before = count(&folder.path().join("test.db"), MEMBERS);
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA] });
    call(&serving, "POST", &path).caller(seed::OWNER_PAT).json(&body).expect(200).await;

    let said = well(folder.path(), &["backup", "copy.db"]);
    let length = std::fs::metadata(&copy).expect("the copy").len();
    assert!(said.contains("test.db") && said.contains("copy.db"), "{said}");
    assert!(said.contains(&format!("{length} bytes")), "{said}");
    #[cfg(unix)]
    assert_eq!(mode(&copy), 0o600);
    // A single file, which contains the latest writes and needs no other file.
    assert_eq!(count(&copy, MEMBERS), before + 1);
    for companion in ["copy.db-wal", "copy.db-shm", "copy.db-journal"] {
        assert!(!folder.path().join(companion).exists(), "{companion}");
    }
    no_leftovers(folder.path());
    let body = json!({ "userIds": [seed::OTTO] });
    call(&serving, "POST", &path).caller(seed::OWNER_PAT).json(&body).expect(200).await;
    assert_eq!(count(&copy, MEMBERS), before + 1, "a copy is a copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_during_many_writes_never_contain_half_a_transaction() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let (http, url) = (reqwest::Client::new(), serving.url.clone());
    let writing = tokio::spawn(async move {
        for written in 0.. {
            let body = json!({ "emails": [format!("new{written}@acme.test")] });
            let call =
                http.post(format!("{url}/api/users")).header("authorization", seed::OWNER_SES).json(&body);
            let ended = match call.send().await {
                Ok(answer) if answer.status() == 200 => continue,
                Ok(answer) => format!("{}: {:?}", answer.status(), answer.text().await),
                Err(cause) => format!("{cause:?}"),
            };
            return (written, ended);
        }
        unreachable!("the server ends before the numbers do")
    });
    for round in 0..5 {
        let copy = format!("copy{round}.db");
        let place = folder.path().to_owned();
        let name = copy.clone();
        tokio::task::spawn_blocking(move || well(&place, &["backup", &name])).await.expect("a backup");
        // Each call adds a user, an invitation, a secret and a mail, or nothing.
        let halves = "SELECT count(*) FROM users WHERE type = 'invited' AND email LIKE 'new%' AND id NOT IN
                      (SELECT user_id FROM invitations JOIN mails ON invitation_id = invitations.id
                       WHERE invitations.id IN (SELECT invitation_id FROM invitation_secrets))";
        assert_eq!(count(&folder.path().join(&copy), halves), 0);
    }
    drop(serving);
    let (written, ended) = writing.await.expect("the writer ends");
    assert!(written > 0, "nothing was written meanwhile: {ended}");
}

#[test]
fn an_existing_file_is_replaced_only_with_force() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = seeded();
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "mine").expect("a file");
    let error = refused(folder.path(), &["backup", "copy.db"]);
    assert!(error.contains("copy.db already") && error.contains("--force"), "{error}");
    assert_eq!(std::fs::read(&copy).expect("the file"), b"mine");
    well(folder.path(), &["backup", "copy.db", "--force"]);
    assert!(count(&copy, MEMBERS) > 0);
    #[cfg(unix)]
    assert_eq!(mode(&copy), 0o600);
}

#[test]
fn the_write_ahead_log_of_another_database_is_not_applied_to_the_backup() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = seeded();
    let copy = folder.path().join("copy.db");
    for companion in ["copy.db-wal", "copy.db-journal", "copy.db-shm"] {
        let companion = folder.path().join(companion);
        std::fs::write(&companion, "the rest of a log").expect("a leftover");
        let error = refused(folder.path(), &["backup", "copy.db"]);
        assert!(error.contains("exists beside copy.db") && error.contains("another file"), "{error}");
        assert!(!copy.exists());
        std::fs::write(&copy, "mine").expect("a file");
        refused(folder.path(), &["backup", "copy.db", "--force"]);
        assert_eq!(std::fs::read(&copy).expect("the file"), b"mine");
        assert_eq!(std::fs::read(&companion).expect("the leftover"), b"the rest of a log");
        std::fs::remove_file(&companion).and_then(|()| std::fs::remove_file(&copy)).expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn force_does_not_replace_a_database_that_is_served_or_open() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = seeded();
    let place = tempfile::tempdir().expect("a folder");
    let served = place.path().join("test.db");
    let target = served.display().to_string();
    let serving = Serving::start(place.path(), &["--seed", seed::FILE]);
    let error = refused(folder.path(), &["backup", &target, "--force"]);
    assert!(error.contains(&target) && error.contains("another file"), "{error}");
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA] });
    call(&serving, "POST", &path).caller(seed::OWNER_PAT).json(&body).expect(200).await;
    drop(serving);
    let other = sqlite(&served);
    assert!(other.query_row(MEMBERS, [], |row| row.get::<_, i64>(0)).expect("a count") > 0);
    refused(folder.path(), &["backup", &target, "--force"]);
    drop(other);
    // A process that holds the lock of a file is serving it, with or without a write-ahead log.
    let lock = std::fs::File::open(place.path().join("test.db.lock")).expect("the lock file");
    lock.lock().expect("a server of its own");
    let error = refused(folder.path(), &["backup", &target, "--force"]);
    assert!(error.contains("a server is serving"), "{error}");
    drop(lock);
    well(folder.path(), &["backup", &target, "--force"]);
}

#[test]
fn a_failed_backup_gives_its_reason_and_creates_nothing() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = seeded();
    let place = folder.path();
    std::os::unix::fs::symlink("test.db", place.join("link.db")).expect("a link");
    for target in ["test.db", "./test.db", "link.db"] {
        for force in [&["backup", target][..], &["backup", target, "--force"]] {
            assert!(refused(place, force).contains("the database itself"), "{target}");
        }
    }
    assert!(refused(place, &["backup", "nowhere/copy.db"]).contains("nowhere/copy.db"));

    std::fs::write(place.join("text.db"), "a diary, ".repeat(2000)).expect("a file");
    sqlite_of_others(&place.join("other.db"));
    std::fs::write(place.join("empty.db"), "").expect("an empty file");
    std::fs::copy(place.join("test.db"), place.join("damaged.db")).expect("a copy");
    damage(&place.join("damaged.db"));
    for (database, words) in [
        ("text.db", "cannot be read as a database"),
        ("other.db", "not a brms database"),
        ("empty.db", "is empty"),
        ("damaged.db", "malformed"),
        ("missing.db", "no such file"),
    ] {
        let error = refused(place, &["backup", "copy.db", "--database", database]);
        assert!(
            error.contains(words) && error.contains(database) || words == "malformed",
            "{database}: {error}"
        );
        assert!(error.contains(words), "{database}: {error}");
        assert!(!place.join("copy.db").exists(), "{database}");
    }
}

/// A database of another program.
pub fn sqlite_of_others(path: &Path) {
    let other = rusqlite::Connection::open(path).expect("a database");
    other.execute_batch("CREATE TABLE recipes (name TEXT)").expect("a table");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_partial_backup() {
    of_sqlite_alone!("backups are copies of its file");
    let folder = seeded();
    // A limit on the file size makes a write fail like a full disk.
    let script =
        format!("ulimit -f 100; exec {} backup copy.db --database test.db", env!("CARGO_BIN_EXE_brms"));
    let mut shell = std::process::Command::new("bash");
    let output =
        shell.current_dir(&folder).args(["-c", &format!("trap '' XFSZ; {script}")]).output().expect("bash");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!folder.path().join("copy.db").exists());
    no_leftovers(folder.path());
}
