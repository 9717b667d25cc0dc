//! Starting and stopping the program: first start, seeds, a second server on the same file, listen addresses, the
//! log, and graceful shutdown.
//!
//! Of SQLite alone: its file and its schema step.

use std::path::Path;
use std::time::Duration;

use brms::clock::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::backups::{refused, sqlite_of_others, well};
use crate::processes::{call, log, ready, serve_refused, start, status_of};
use crate::restoring::first_step;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::{Serving, run_well};
use crate::support::{Call, seed};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn sqlite(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("test.db")).expect("the database opens")
}

fn count(folder: &Path, sql: &str) -> i64 {
    sqlite(folder).query_row(sql, [], |row| row.get(0)).expect("a count")
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_creates_one_owner_whose_credentials_are_valid() {
    let folder = folder();
    let flags = ["--organisation", "Ä & Co", "--owner-email", "Boss@co.test"];
    let serving = Serving::start(folder.path(), &flags);
    let file = folder.path().join("test.db.credentials");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in ["test.db.credentials", "test.db", "test.db-wal"] {
            let mode = std::fs::metadata(folder.path().join(name)).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
    let credentials = json_file(&file);
    assert_eq!(
        (&credentials["organisation"], &credentials["email"]),
        (&json!("Ä & Co"), &json!("Boss@co.test"))
    );
    for (scheme, field) in [("Bearer", "personalAccessToken"), ("Internal", "internalToken")] {
        let secret = credentials[field].as_str().expect("a secret");
        // Authenticated, so the project is looked up; there is none.
        assert_eq!(status_of(&serving, &format!("{scheme} {secret}")).await, 404, "{scheme}");
        assert_eq!(status_of(&serving, &format!("{scheme} {secret}x")).await, 401, "{scheme}");
        assert!(!log(folder.path()).contains(secret), "secrets never land in the log");
    }
    let owner = "SELECT count(*) FROM users WHERE type = 'owner' AND status = 'active'";
    assert_eq!((count(folder.path(), owner), count(folder.path(), "SELECT count(*) FROM users")), (1, 1));
    assert_eq!(count(folder.path(), "SELECT count(*) FROM organisations"), 1);
    assert_eq!(count(folder.path(), "SELECT count(*) FROM personal_access_tokens WHERE seeded = 0"), 1);
    assert_eq!(count(folder.path(), "SELECT count(*) FROM internal_tokens WHERE seeded = 0"), 1);
    let ends = |table: &str| {
        let sql = format!("SELECT coalesce(expires_at - created_at, 0) FROM {table}");
        Duration::from_millis(count(folder.path(), &sql).try_into().expect("a length"))
    };
    // FR-63. The end is determined just before the credentials are written.
    let length = ends("internal_tokens");
    assert!(length <= Duration::from_hours(12) && length > Duration::from_mins(12 * 60 - 1), "{length:?}");
    assert_eq!(ends("personal_access_tokens"), Duration::ZERO, "no end");
    let end = credentials["internalTokenExpiresAt"].as_str().expect("its end is in the file");
    assert_eq!(
        Timestamp::parse_rfc3339(end).expect("a time").as_millis(),
        count(folder.path(), "SELECT expires_at FROM internal_tokens")
    );
    assert_eq!(credentials["personalAccessTokenExpiresAt"], Value::Null);
    drop(serving);
    std::fs::remove_file(&file).expect("the owner took it away");
    let _again = Serving::start(folder.path(), &flags);
    assert!(!file.exists(), "only the first start is a first start");
    assert_eq!(count(folder.path(), "SELECT count(*) FROM users"), 1);
}

#[test]
fn an_older_credentials_file_is_kept_and_no_database_is_left() {
    let folder = folder();
    let file = folder.path().join("keys.json");
    std::fs::write(&file, "the keys of another database").expect("a file");
    let flags = ["--listen", "127.0.0.1:0", "--credentials-file", "keys.json"];
    let error = serve_refused(folder.path(), &flags);
    assert!(error.contains("keys.json") && error.contains("--credentials-file"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "the keys of another database");
    assert!(!folder.path().join("test.db").exists(), "a database without people is left");
    std::fs::remove_file(&file).expect("moved away");
    let _serving = Serving::start(folder.path(), &["--credentials-file", "keys.json"]);
    assert!(json_file(&file)["personalAccessToken"].is_string());
}

#[test]
fn a_port_in_use_does_not_consume_the_first_start() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let error = serve_refused(folder.path(), &["--listen", &address]);
    assert!(error.contains(&address), "{error}");
    assert!(!folder.path().join("test.db.credentials").exists());
    assert!(!folder.path().join("test.db").exists(), "a database without people is left");
}

#[test]
fn an_unwritable_ready_file_does_not_consume_the_first_start() {
    let folder = folder();
    let error =
        serve_refused(folder.path(), &["--listen", "127.0.0.1:0", "--ready-file", "nowhere/ready.json"]);
    assert!(error.contains("nowhere/ready.json"), "{error}");
    assert!(!folder.path().join("test.db").exists(), "nothing is made");
}

#[test]
fn a_ready_file_replaces_no_file_with_other_content() {
    let folder = folder();
    let path = folder.path().join("ready.json");
    for content in ["my notes", "{\"name\": \"settings of another program\"}"] {
        std::fs::write(&path, content).expect("a file");
        let error = serve_refused(folder.path(), &["--listen", "127.0.0.1:0", "--ready-file", "ready.json"]);
        assert!(error.contains("ready.json") && error.contains("name another file"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), content);
    }
}
#[tokio::test(flavor = "multi_thread")]
async fn a_seed_fills_an_empty_database_and_is_ignored_afterwards() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    assert!(!folder.path().join("test.db.credentials").exists(), "nothing is made but what the seed says");
    let path = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA] });
    call(&serving, "POST", &path).caller(seed::OWNER_PAT).json(&body).expect(200).await;
    drop(serving);
    let people = count(folder.path(), "SELECT count(*) FROM users");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    assert_eq!(count(folder.path(), "SELECT count(*) FROM users"), people);
    let members = call(&serving, "POST", &path).caller(seed::OWNER_PAT).json(&body).expect(200).await;
    assert_eq!(members.json(), json!([]), "what was done before is still there");
    assert!(log(folder.path()).contains("the seed is skipped"));
}

#[test]
fn a_second_server_on_the_same_file_is_rejected() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let error = serve_refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(error.contains("another `brms serve`") && error.contains("--database"), "{error}");
    // Commands work while it runs, and once it has ended, in whatever way, the next server starts.
    run_well(&["mailbox", "list", "--database", &folder.path().join("test.db").display().to_string()]);
    drop(serving);
    let _next = Serving::start(folder.path(), &[]);
}

#[cfg(unix)]
#[test]
fn a_second_server_through_a_link_to_the_same_file_is_rejected() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    // The first start goes through the link, too: it creates the file at the link's target.
    std::os::unix::fs::symlink("data/real.db", folder.path().join("test.db")).expect("a link");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let real = folder.path().join("data").join("real.db");
    assert!(real.exists());
    let place = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(&real, place.path().join("test.db")).expect("a second link");
    let error = serve_refused(place.path(), &["--listen", "127.0.0.1:0"]);
    assert!(error.contains("another `brms serve`"), "{error}");
    well(folder.path(), &["backup", "copy.db"]);
    let error = refused(place.path(), &["restore", &folder.path().join("copy.db").display().to_string()]);
    assert!(error.contains("another `brms serve`"), "{error}");
    drop(serving);
    // A restore replaces the file and not the link to it.
    well(folder.path(), &["restore", "copy.db"]);
    assert!(folder.path().join("test.db").is_symlink());
    assert!(folder.path().join("data").join("real.db.before-restore").exists());
}

#[test]
fn a_command_does_not_migrate_the_schema_of_a_running_older_server() {
    of_sqlite_alone!("there is no PostgreSQL database of an earlier schema step");
    let folder = folder();
    let file = folder.path().join("test.db");
    first_step(&file);
    let lock = std::fs::File::create(folder.path().join("test.db.lock")).expect("a lock file");
    lock.lock().expect("an older server has it");
    let served = std::fs::File::open(&file).expect("the file");
    served.lock().expect("and the file itself");
    for arguments in [&["mailbox", "list"][..], &["seed", seed::FILE]] {
        let error = refused(folder.path(), arguments);
        assert!(error.contains("needs a schema update") && error.contains("test.db"), "{error}");
    }
    assert_eq!(count(folder.path(), "PRAGMA user_version"), 1);
    assert!(!folder.path().join("test.db.before-step-2").exists());
    drop((lock, served));
    // Without a running server the command migrates it, and a server of this version can use it then.
    well(folder.path(), &["mailbox", "list"]);
    assert!(folder.path().join("test.db.before-step-2").exists());
    let _serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    well(folder.path(), &["mailbox", "list"]);
}

#[test]
fn a_file_that_is_not_for_this_program_is_unchanged() {
    let folder = folder();
    let file = folder.path().join("test.db");
    for (make, words) in [
        (sqlite_of_others as fn(&Path), "not a brms database"),
        (of_a_newer_brms, "newer brms"),
        (
            |path| std::fs::write(path, "a diary, ".repeat(2000)).expect("a file"),
            "cannot be read as a database",
        ),
    ] {
        make(&file);
        let before = std::fs::read(&file).expect("the file");
        let error = serve_refused(folder.path(), &["--listen", "127.0.0.1:0"]);
        assert!(error.contains(words), "{error}");
        assert!(std::fs::read(&file).expect("the file") == before, "{words}: it was changed");
        std::fs::remove_file(&file).expect("the next one");
    }
}

fn of_a_newer_brms(path: &Path) {
    let newer = rusqlite::Connection::open(path).expect("a database");
    let header = format!("PRAGMA application_id = {}; PRAGMA user_version = 99", 0x4252_4d53);
    newer.execute_batch(&format!("CREATE TABLE new_times (name TEXT); {header}")).expect("a newer file");
}

#[test]
fn a_server_with_seeded_credentials_listens_on_loopback_unless_allowed() {
    let folder = folder();
    let everywhere = ["--listen", "0.0.0.0:0", "--public-url", "http://b.test", "--seed", seed::FILE];
    let error = serve_refused(folder.path(), &everywhere);
    assert!(error.contains("--allow-seeded-secrets") && error.contains("token revoke"), "{error}");
    let mut allowed = start(folder.path(), |command| {
        command.args(["serve", "--database", "test.db", "--ready-file", "ready.json"]);
        command.args(everywhere).arg("--allow-seeded-secrets");
    });
    let url = ready(folder.path());
    assert!(url.starts_with("http://0.0.0.0:"), "{url}");
    allowed.0.kill().expect("it ends");
    allowed.ended();
    std::fs::remove_file(folder.path().join("ready.json")).expect("left by the kill");

    // Without seeded credentials there is no restriction.
    let sql = "DELETE FROM personal_access_tokens; DELETE FROM internal_tokens";
    sqlite(folder.path()).execute_batch(sql).expect("no more seeded secrets");
    let _open = start(folder.path(), |command| {
        command.args(["serve", "--database", "test.db", "--ready-file", "ready.json"]).args(everywhere);
    });
    assert!(ready(folder.path()).starts_with("http://0.0.0.0:"));
}

#[cfg(unix)]
mod going_down {
    use super::*;
    use crate::processes::{stop, terminate, wait_for};
    use crate::support::tcp::{Tcp, invite_head};

    #[test]
    fn a_graceful_shutdown_finishes_requests_and_leaves_one_complete_file() {
        let folder = folder();
        let mut serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
        let body = json!({ "userIds": [seed::NINA, seed::OTTO] }).to_string();
        let mut tcp = Tcp::to(serving.url.trim_start_matches("http://"));
        tcp.send(invite_head(body.len(), &[("expect", "100-continue")]));
        assert_eq!(tcp.next().status, 100, "the server waits for the body");

        terminate(&serving.child);
        wait_for("the server to hear it", || log(folder.path()).contains("shutting down").then_some(()));
        tcp.send(&body);
        let answer = tcp.next();
        assert_eq!(answer.status, 200, "{answer:?}");
        let status = wait_for("the end", || serving.child.try_wait().expect("the child can be asked"));
        assert_eq!(status.code(), Some(0));

        assert!(!folder.path().join("ready.json").exists());
        let wal = std::fs::metadata(folder.path().join("test.db-wal")).map_or(0, |file| file.len());
        assert_eq!(wal, 0, "the log is folded into the file");
        let kept = "SELECT count(*) FROM members JOIN users ON users.id = user_id
                    WHERE email IN ('nina@acme.test', 'otto@acme.test')";
        assert_eq!(count(folder.path(), kept), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_log_has_one_json_line_per_request_without_secrets() {
        let folder = folder();
        let mut serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
        let id = "0190a000-0000-7000-8000-00000000aaaa";
        let path = seed::invitation_path(seed::IVY);
        call(&serving, "POST", &path).caller(seed::OWNER_SES).header("x-request-id", id).expect(200).await;
        let database = folder.path().join("test.db").display().to_string();
        let list = ["mailbox", "list", "--database", &database];
        let mail =
            wait_for("the delivery", || Some(run_well(&list)).filter(|list| list.contains("delivered")));
        let mail = run_well(&["mailbox", "show", &mail[..36], "--database", &database]);
        let begin = mail.find("brms_inv_").expect("a code");
        let code: String = mail[begin..].chars().take_while(|letter| !letter.is_whitespace()).collect();
        for status in [200, 410] {
            call(&serving, "POST", "/invitations/accept")
                .json(&json!({ "secret": code }))
                .expect(status)
                .await;
        }
        let query = format!("/invitations/accept?secret={code}&email={}", seed::IVY_EMAIL);
        call(&serving, "GET", &query).expect(200).await;
        call(&serving, "GET", &format!("/nowhere/{code}")).expect(404).await;
        assert_eq!(status_of(&serving, seed::OWNER_PAT).await, 200);
        assert_eq!(status_of(&serving, "Bearer brms_pat_wrong_00000000000000000000000000000000").await, 401);
        assert!(stop(&mut serving).success());

        let text = log(folder.path());
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
        let requests: Vec<String> = lines
            .iter()
            .filter(|line| line["message"] == "request")
            .map(|line| {
                format!(
                    "{} {} {}",
                    line["operation"].as_str().expect("a name"),
                    line["method"],
                    line["status"]
                )
            })
            .collect();
        assert_eq!(
            requests,
            [
                "sendUserInvitation \"POST\" 200",
                "page:accept \"POST\" 200",
                "page:accept \"POST\" 410",
                "page:acceptForm \"GET\" 200",
                "none \"GET\" 404",
                "inviteMembers \"POST\" 200",
                "inviteMembers \"POST\" 401",
            ]
        );
        let named = |line: &&Value| line["message"] == "request" && line["request.id"] == id;
        assert_eq!(lines.iter().filter(named).count(), 1);
        for secret in [&code, "brms_pat_", "brms_ses_", "brms_inv_", "@acme.test", "Olga"] {
            assert!(!text.contains(secret), "{secret} is in the log: {text}");
        }
    }

    #[test]
    fn an_idle_connection_does_not_delay_shutdown() {
        let folder = folder();
        let mut serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
        let address = serving.url.trim_start_matches("http://").to_owned();
        let _silent = std::net::TcpStream::connect(address).expect("a connection");
        assert_eq!(stop(&mut serving).code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_file_has_the_port_that_was_actually_bound() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &[]);
    assert!(!serving.url.ends_with(":0") && serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
    assert_eq!(json_file(&folder.path().join("ready.json")), json!({ "url": serving.url }));
    Call::new(&reqwest::Client::new(), "GET", &serving.url, "/api/health").expect(200).await;
    let strangers = std::fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("an entry"));
    let left = strangers.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tmp"));
    assert_eq!(left.count(), 0, "nothing half-written is left over");
}
