//! The environment: files and folders that cannot be written, ports, and leftovers of earlier processes. FR-02,
//! FR-06, FR-07, FR-11 to FR-15, FR-17.
//!
//! Of SQLite alone: it is all about its file.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;
use tempfile::TempDir;

use crate::backups::{count, refused, run_in, seeded, well};
use crate::processes::{ready, serve_refused, start, wait_for};
use crate::restoring::first_step;
use crate::support::disk::FaultyDisk;
use crate::support::program::{Serving, brms};
use crate::support::{Call, seed};

/// An unprivileged user of the system who owns no files.
pub const STRANGER: u32 = 65_534;
/// The number of users in the example seed.
pub const PEOPLE: i64 = 12;

pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("the file").mode() & 0o777
}

pub fn is_root() -> bool {
    tempfile::tempfile().and_then(|file| file.metadata()).expect("a file").uid() == 0
}

/// brms, run as an unprivileged user: file modes do not restrict root.
pub fn as_stranger(folder: &Path) -> Command {
    if !is_root() {
        return brms();
    }
    // Where the unprivileged user can access it.
    let program = folder.join("brms-of-stranger");
    if !program.exists() {
        std::fs::hard_link(env!("CARGO_BIN_EXE_brms"), &program)
            .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_brms"), &program).map(drop))
            .expect("a copy of brms");
    }
    let mut command = Command::new(program);
    command.uid(STRANGER).gid(STRANGER).env_clear();
    command
}

/// Gives a folder and its content to the unprivileged user, if root runs the tests.
fn hand_over(folder: &Path) {
    if is_root() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            chown(entry.expect("an entry").path(), Some(STRANGER), Some(STRANGER)).expect("an owner");
        }
        chown(folder, Some(STRANGER), Some(STRANGER)).expect("an owner");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn fr_02_an_unwritable_file_is_rejected_at_start_naming_owner_and_mode() {
    let folder = seeded();
    let database = folder.path().join("test.db");
    set_mode(&database, 0o444);
    let text = serve_refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    let owner = format!("owner {}:", database.metadata().expect("the file").uid());
    for part in ["test.db", "mode 0444", &owner, "cannot write"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Commands that only read still work.
    well(folder.path(), &["mailbox", "list"]);
    let written =
        refused(folder.path(), &["token", "create", "--user", "owner@acme.test", "--kind", "internal"]);
    assert!(written.contains("read-only"), "{written}");
}

#[test]
fn fr_02_a_file_or_log_of_another_owner_is_rejected_at_start() {
    if !is_root() {
        // Only root can create files of other users.
        return;
    }
    let place = tempfile::tempdir().expect("a folder");
    set_mode(place.path(), 0o755);
    for foreign in ["test.db", "test.db-shm"] {
        let folder = seeded();
        drop(Serving::start(folder.path(), &[]));
        hand_over(folder.path());
        chown(folder.path().join(foreign), Some(0), Some(0)).expect("an owner");
        let mode = if foreign == "test.db" { 0o644 } else { 0o600 };
        set_mode(&folder.path().join(foreign), mode);
        let mut command = as_stranger(place.path());
        command.current_dir(&folder).args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db"]);
        let output = command.output().expect("brms runs");
        assert_eq!(output.status.code(), Some(1), "{foreign}");
        for part in [foreign, "owner 0:0", &format!("mode {mode:04o}"), &format!("user {STRANGER}")] {
            assert!(said(&output).contains(part), "{foreign}: {part}: {}", said(&output));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_06_fr_11_variables_of_kubernetes_and_empty_ones_are_tolerated() {
    let folder = tempfile::tempdir().expect("a folder");
    let environment = [
        ("BRMS_PORT", "tcp://10.0.0.7:80"),
        ("BRMS_PORT_80_TCP_ADDR", "10.0.0.7"),
        ("BRMS_SERVICE_HOST", "10.0.0.7"),
        ("BRMS_SERVICE_PORT_HTTP", "80"),
    ];
    let help = crate::support::program::run_well(&["serve", "--help"]);
    let settings: Vec<&str> = help
        .match_indices("[env: BRMS_")
        .map(|(at, _)| help[at + "[env: ".len()..].split(['=', ']']).next().expect("a name"))
        .collect();
    assert!(settings.len() > 30, "{settings:?}");
    let _child = start(folder.path(), |command| {
        command.envs(environment).envs(settings.iter().map(|name| (name, "")));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db"]);
        command.args(["--seed", seed::FILE, "--ready-file", "ready.json"]);
    });
    let url = ready(folder.path());
    Call::new(&reqwest::Client::new(), "GET", &url, "/readyz").expect(200).await;
    let address = url.trim_start_matches("http://");
    let health =
        brms().envs(environment).env("BRMS_LISTEN", address).arg("health").output().expect("brms runs");
    assert!(health.status.success(), "{health:?}");
}

#[test]
fn fr_07_leftover_copies_of_a_killed_process_are_removed_unless_in_use() {
    let folder = seeded();
    let (left, held) =
        (folder.path().join(".brms-copy-left01.tmp"), folder.path().join(".brms-copy-held01.tmp"));
    let holder = std::fs::File::create(&held).expect("a file");
    holder.lock().expect("a lock");
    for begin in ["serve", "backup"] {
        std::fs::write(&left, "half a copy").expect("a file");
        match begin {
            "serve" => drop(Serving::start(folder.path(), &[])),
            _ => drop(well(folder.path(), &["backup", "copy.db"])),
        }
        assert!(!left.exists(), "{begin}");
        assert!(held.exists(), "{begin}: that of a living process is gone");
    }
}

#[test]
fn fr_07_a_start_killed_during_its_copy_leaves_nothing_permanently() {
    let folder = tempfile::tempdir().expect("a folder");
    first_step(&folder.path().join("test.db"));
    let is_copy = |name: &String| name.starts_with(".brms-copy-");
    let disk = FaultyDisk::of(folder.path());
    disk.hang(".brms-copy-");
    let mut child = start(folder.path(), |command| {
        disk.attach(command);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db"]);
    });
    wait_for("the copy is begun", || names(folder.path()).iter().any(is_copy).then_some(()));
    child.0.kill().expect("SIGKILL");
    child.ended();
    disk.mend();
    assert!(names(folder.path()).iter().any(is_copy), "there is nothing to sweep");
    drop(Serving::start(folder.path(), &[]));
    assert!(!names(folder.path()).iter().any(is_copy), "{:?}", names(folder.path()));
}

/// A folder with a database after a graceful shutdown, with permission for reading only.
fn snapshot() -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a folder");
    set_mode(place.path(), 0o755);
    let folder = place.path().join("snapshot ä?%");
    std::fs::create_dir(&folder).expect("a folder");
    let serving = Serving::start(&folder, &["--seed", seed::FILE]);
    let mut serving = serving;
    crate::processes::stop(&mut serving);
    drop(serving);
    for name in names(&folder) {
        if name != "test.db" {
            std::fs::remove_file(folder.join(name)).expect("only the file");
        }
    }
    set_mode(&folder.join("test.db"), 0o444);
    set_mode(&folder, 0o555);
    (place, folder)
}

#[test]
fn fr_12_a_read_only_snapshot_can_be_read_backed_up_exported_and_restored_from() {
    let (place, folder) = snapshot();
    let out = place.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    hand_over(&out);
    let run = |arguments: &[&str]| {
        let mut command = as_stranger(place.path());
        command.current_dir(&out).args(arguments).env("BRMS_DATABASE", folder.join("test.db"));
        command.output().expect("brms runs")
    };
    let well = |arguments: &[&str]| {
        let output = run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    well(&["backup", "copy.db"]);
    assert_eq!(count(&out.join("copy.db"), "SELECT count(*) FROM users"), PEOPLE);
    well(&["export", "seed.json"]);
    assert!(well(&["token", "list"]).contains("owner@acme.test"));
    assert!(well(&["project", "list"]).contains("pricing"));
    let written = run(&["token", "create", "--user", "owner@acme.test", "--kind", "internal"]);
    assert!(!written.status.success() && said(&written).contains("read-only"), "{}", said(&written));
    let mut restore = as_stranger(place.path());
    let restored =
        restore.current_dir(&out).arg("restore").arg(folder.join("test.db")).output().expect("brms runs");
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(count(&out.join("brms.db"), "SELECT count(*) FROM users"), PEOPLE);
    assert_eq!(names(&folder), ["test.db"], "nothing is left in the snapshot");

    // With a write-ahead log next to it, the file alone is incomplete.
    set_mode(&folder, 0o755);
    std::fs::write(folder.join("test.db-wal"), "the newest writes").expect("a log");
    set_mode(&folder, 0o555);
    let refused = run(&["export", "other.json"]);
    assert!(!refused.status.success() && said(&refused).contains("test.db-wal"), "{}", said(&refused));
    set_mode(&folder, 0o755);
}

#[test]
fn fr_13_the_lock_file_is_private_also_one_of_an_older_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = folder.path().join("test.db.lock");
    let serving = Serving::start_as(folder.path(), &[], |command| {
        // As created with `umask 0`.
        let wrapped = command.get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(wrapped);
        *command = shell;
    });
    assert_eq!(mode(&lock), 0o600);
    drop(serving);
    set_mode(&lock, 0o644);
    let _serving = Serving::start(folder.path(), &[]);
    assert_eq!(mode(&lock), 0o600);
}

#[test]
fn fr_13_a_pipe_in_place_of_the_database_or_its_lock_is_rejected_at_once() {
    for name in ["test.db.lock", "test.db"] {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("mkfifo").arg(folder.path().join(name)).status();
        assert!(made.expect("mkfifo").success());
        let refused = serve_refused(folder.path(), &["--listen", "127.0.0.1:0"]);
        assert!(refused.contains(name) && refused.contains("regular file"), "{refused}");
    }
}

#[test]
fn a_backup_never_replaces_a_kept_database() {
    let folder = seeded();
    for name in ["test.db.rescued", "test.db.rescued-2", "test.db.log-of-damaged", "test.db.before-restore"] {
        std::fs::write(folder.path().join(name), "kept").expect("a file");
        let said = refused(folder.path(), &["backup", name, "--force"]);
        assert!(said.contains("was kept"), "{said}");
        assert_eq!(std::fs::read(folder.path().join(name)).expect("the file"), b"kept");
    }
}

#[test]
fn a_backup_or_ready_file_never_replaces_a_file_of_a_database() {
    let folder = seeded();
    for name in ["test.db", "test.db-wal", "test.db-shm", "test.db-journal", "test.db.lock"] {
        let before = std::fs::read(folder.path().join(name)).ok();
        if name != "test.db" {
            let said = refused(folder.path(), &["backup", name, "--force"]);
            assert!(said.contains("belongs to the database") && said.contains("name another file"), "{said}");
        }
        let said = serve_refused(folder.path(), &["--listen", "127.0.0.1:0", "--ready-file", name]);
        assert!(said.contains("belongs to the database") && said.contains("name another file"), "{said}");
        assert_eq!(std::fs::read(folder.path().join(name)).ok(), before, "{name}");
    }
}

#[test]
fn fr_14_the_error_for_a_lost_header_says_how_to_recover_the_file() {
    let folder = seeded();
    let path = folder.path().join("test.db");
    let lost = "PRAGMA journal_mode = DELETE; PRAGMA application_id = 0; PRAGMA user_version = 0";
    rusqlite::Connection::open(&path).expect("the file").execute_batch(lost).expect("lost");
    let text = serve_refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    let found = text.split("sqlite3 test.db '").nth(1).and_then(|rest| rest.split('\'').next());
    let statements = found.unwrap_or_else(|| panic!("no way out: {text}"));
    rusqlite::Connection::open(&path).expect("the file").execute_batch(statements).expect("the way out");
    drop(Serving::start(folder.path(), &[]));
    // A file of another program gets no such advice.
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .expect("a file")
        .execute_batch("CREATE TABLE users (a)")
        .expect("a table");
    let text = refused(folder.path(), &["mailbox", "list", "--database", "other.db"]);
    assert!(text.contains("not a brms database") && !text.contains("PRAGMA"), "{text}");
    std::fs::write(folder.path().join("other.db-wal"), "").expect("a log");
    let text = refused(folder.path(), &["mailbox", "list", "--database", "other.db"]);
    assert!(text.contains("other.db-wal") && text.contains("away and try again"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_15_an_ipv4_address_is_logged_as_such_whatever_the_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let _child = start(folder.path(), |command| {
        command.args(["serve", "--listen", "[::]:0", "--database", "test.db", "--ready-file", "ready.json"]);
        command.args(["--seed", seed::FILE, "--allow-seeded-secrets", "--public-url", "http://b.test"]);
    });
    let port = ready(folder.path()).rsplit(':').next().expect("a port").to_owned();
    let (url, path) = (format!("http://127.0.0.1:{port}"), seed::members_path(seed::PRICING));
    let call = Call::new(&reqwest::Client::new(), "POST", &url, &path).caller(seed::OWNER_PAT);
    call.json(&json!({ "userIds": [seed::NINA] })).expect(200).await;
    let rows = "SELECT count(*) FROM audit_logs WHERE ip_address = '127.0.0.1'";
    assert_eq!(count(&folder.path().join("test.db"), rows), 1);
    let health = run_in(folder.path(), &["health", "--listen", &format!("[::]:{port}")]);
    assert!(health.status.success(), "{health:?}");
}

#[test]
fn fr_17_a_first_start_killed_before_its_credentials_were_stored_is_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let credentials = folder.path().join("test.db.credentials");
    std::fs::write(
        &credentials,
        r#"{ "personalAccessToken": "brms_pat_of_a_killed_start", "unused": true }"#,
    )
    .expect("a file");
    drop(Serving::start(folder.path(), &[]));
    let text = std::fs::read_to_string(&credentials).expect("the file");
    assert!(!text.contains("unused") && !text.contains("brms_pat_of_a_killed_start"), "{text}");
    assert_eq!(mode(&credentials), 0o600);
}

#[test]
fn fr_12_a_reader_leaves_nothing_next_to_a_file_of_another_user() {
    if !is_root() {
        // Only root can create files of other users.
        return;
    }
    let folder = seeded();
    hand_over(folder.path());
    chown(folder.path().join("test.db"), Some(0), Some(0)).expect("an owner");
    set_mode(&folder.path().join("test.db"), 0o444);
    let mut command = as_stranger(folder.path());
    let output = command.current_dir(&folder).args(["token", "list", "--database", "test.db"]).output();
    let output = output.expect("brms runs");
    assert!(output.status.success(), "{}", said(&output));
    let left: Vec<String> =
        names(folder.path()).into_iter().filter(|name| name.starts_with("test.db-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn fr_17_a_failed_start_leaves_nothing_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let broken = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(broken.path(), "{").expect("half a seed");
    let broken = broken.path().display().to_string();
    let free = "127.0.0.1:0";
    for flags in [
        &["--listen", &address, "--ready-file", "ready.json"][..],
        &["--listen", free, "--seed", &broken],
        &["--listen", "0.0.0.0:0", "--seed", seed::FILE],
        &["--listen", "0.0.0.0:0", "--public-url", "http://b.test", "--seed", seed::FILE],
        &["--listen", free, "--credentials-file", "log"],
        &["--listen", free, "--ready-file", "/tmp"],
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = serve_refused(folder.path(), flags);
        assert_eq!(names(folder.path()), ["log"], "{flags:?}: {text}");
    }
    // Existing files are unchanged.
    let folder = seeded();
    let before = std::fs::read(folder.path().join("test.db")).expect("the file");
    serve_refused(folder.path(), &["--listen", "0.0.0.0:0", "--public-url", "http://b.test"]);
    assert_eq!(std::fs::read(folder.path().join("test.db")).expect("the file"), before);
}
