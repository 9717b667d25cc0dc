//! Servers with temporary data: fifty in parallel, and nothing is left behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processes::{Guarded, ready, start, wait_for};
use crate::support::program::run;
use crate::support::{Call, seed};

/// An ephemeral server with its temporary files in `place`, and a folder of its own for the rest.
struct Instance {
    child: Guarded,
    folder: TempDir,
}

impl Instance {
    fn start(place: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let child = start(folder.path(), |command| {
            command.env("TMPDIR", place).args(["serve", "--ephemeral", "--listen", "127.0.0.1:0"]);
            command.args(["--seed", seed::FILE, "--test-api", "--ready-file", "ready.json"]);
        });
        Self { child, folder }
    }

    fn token(&self) -> String {
        let text = std::fs::read(self.folder.path().join("ready.json")).expect("a ready file");
        let ready: Value = serde_json::from_slice(&text).expect("JSON");
        format!("Test {}", ready["testApiToken"].as_str().expect("a token"))
    }
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn fifty_servers_run_in_parallel_and_leave_nothing_behind() {
    let place = tempfile::tempdir().expect("a folder");
    let mut instances: Vec<Instance> = (0..50).map(|_| Instance::start(place.path())).collect();
    let http = reqwest::Client::new();
    for (number, instance) in instances.iter().enumerate() {
        let url = ready(instance.folder.path());
        // Each has its own data: writes to one are not visible in the others.
        let emails = json!({ "emails": [format!("guest-{number}@acme.test")] });
        Call::new(&http, "POST", &url, "/api/users").caller(seed::OWNER_SES).json(&emails).expect(200).await;
        let path = format!("/_test/mailbox/next?to=guest-{number}@acme.test");
        Call::new(&http, "GET", &url, &path).caller(&instance.token()).expect(200).await;
        let users = Call::new(&http, "GET", &url, "/api/users?perPage=500").caller(seed::OWNER_SES);
        assert_eq!(users.expect(200).await.json()["paginate"]["total"], 11, "instance {number}");
    }
    assert_eq!(inside(place.path()).len(), 50);
    for instance in &instances {
        crate::processes::terminate(&instance.child.0);
    }
    for instance in &mut instances {
        assert_eq!(instance.child.ended().code(), Some(0));
        // Nothing except the log that this test writes.
        assert_eq!(inside(instance.folder.path()), [instance.folder.path().join("log")]);
    }
    assert_eq!(inside(place.path()), Vec::<PathBuf>::new());
}

#[cfg(unix)]
#[test]
fn leftovers_of_a_killed_server_are_removed_by_the_next() {
    let place = tempfile::tempdir().expect("a folder");
    let alive = Instance::start(place.path());
    let mut killed = Instance::start(place.path());
    ready(alive.folder.path());
    ready(killed.folder.path());
    killed.child.0.kill().expect("it is killed");
    killed.child.ended();
    let strange = place.path().join("of-another-program");
    std::fs::create_dir(&strange).expect("a folder");
    let count = || inside(place.path()).len();
    assert_eq!(count(), 3);

    // A folder younger than a minute may belong to a server that is just starting.
    let third = Instance::start(place.path());
    ready(third.folder.path());
    assert_eq!(count(), 4);
    let past = SystemTime::now() - Duration::from_mins(2);
    for folder in inside(place.path()) {
        std::fs::File::open(folder).and_then(|folder| folder.set_modified(past)).expect("it looks old");
    }
    let fourth = Instance::start(place.path());
    ready(fourth.folder.path());
    assert_eq!(count(), 4, "that of the killed one is gone, those of the living are not");
    assert!(strange.exists());
    drop((alive, third));
}

/// A folder named like that of a killed server, old enough to be removed.
#[cfg(unix)]
fn left_over(place: &Path, name: &str, lock: impl FnOnce(&Path)) -> PathBuf {
    let folder = place.join(format!("brms-ephemeral-{name}"));
    std::fs::create_dir(&folder).expect("a folder");
    lock(&folder.join("brms.db.lock"));
    let past = SystemTime::now() - Duration::from_mins(2);
    std::fs::File::open(&folder).and_then(|folder| folder.set_modified(past)).expect("it looks old");
    folder
}

#[cfg(unix)]
#[test]
#[expect(clippy::print_stderr, reason = "the output of a test run must show what was skipped")]
fn only_leftovers_of_servers_of_the_same_user_are_removed() {
    let place = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("another folder");
    let an_empty_lock = |lock: &Path| std::fs::write(lock, "").expect("a lock file");
    let ours = left_over(place.path(), "ours", an_empty_lock);
    let target = elsewhere.path().join("target");
    let link = |lock: &Path| std::os::unix::fs::symlink(&target, lock).expect("a link");
    let by_link = left_over(place.path(), "by-link", link);
    let without = left_over(place.path(), "without-lock", |_| ());
    let old = left_over(elsewhere.path(), "elsewhere", an_empty_lock);
    let linked = place.path().join("brms-ephemeral-linked");
    std::os::unix::fs::symlink(&old, &linked).expect("a link to a folder");
    let theirs = left_over(place.path(), "theirs", an_empty_lock);
    // Only root can change the owner of the folder; otherwise this part is skipped.
    let is_theirs = std::os::unix::fs::chown(&theirs, Some(54_321), None).is_ok();
    if !is_theirs {
        eprintln!("skipped for a folder of another user: only root can make one");
    }
    let instance = Instance::start(place.path());
    ready(instance.folder.path());
    assert!(!ours.exists(), "a server of ours left it");
    assert!(!target.exists(), "nothing is made through a link");
    for kept in [&by_link, &without, &old, &linked] {
        assert!(kept.exists(), "{}", kept.display());
    }
    assert_eq!(theirs.exists(), is_theirs, "that of another user");
}

#[cfg(unix)]
#[test]
fn a_failed_start_and_a_second_ctrl_c_leave_nothing_either() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    let mut refused = start(folder.path(), |command| {
        command.env("TMPDIR", place.path()).args(["serve", "--ephemeral", "--seed", "missing.json"]);
        command.args(["--listen", "127.0.0.1:0"]);
    });
    assert_eq!(refused.ended().code(), Some(1));
    assert_eq!(inside(place.path()), Vec::<PathBuf>::new());

    let mut instance = Instance::start(place.path());
    let url = ready(instance.folder.path());
    // An unfinished request delays the graceful shutdown.
    let address = url.trim_start_matches("http://");
    let mut busy = std::net::TcpStream::connect(address).expect("a connection");
    let head = "POST /_test/reset HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n";
    let token = instance.token();
    let head = format!("{head}authorization: {token}\r\ncontent-type: application/json\r\n\r\n");
    std::io::Write::write_all(&mut busy, head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(100));
    crate::processes::terminate(&instance.child.0);
    let log = || crate::processes::log(instance.folder.path());
    wait_for("the server hears it", || log().contains("shutting down").then_some(()));
    crate::processes::terminate(&instance.child.0);
    assert_eq!(instance.child.ended().code(), Some(130));
    assert_eq!(inside(place.path()), Vec::<PathBuf>::new());
}

#[test]
fn an_ephemeral_server_rejects_a_database_file() {
    for arguments in [
        ["serve", "--ephemeral", "--database", "x.db"],
        ["serve", "--database=x.db", "--ephemeral", "--listen=127.0.0.1:0"],
    ] {
        let output = run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--ephemeral") && said.contains("--database"), "{said}");
    }
}
