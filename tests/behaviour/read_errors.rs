//! A file or log that cannot be read is not a damaged one: the error passes, and nothing is put aside for it.
//! FR-04, FR-05.
//!
//! Of SQLite alone: it is all about its file.

use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::backups::seeded;
use crate::file_changes::{Scene, is_member};
use crate::log_changes::wait_for_empty_log;
use crate::processes::{call, log, stop};
use crate::support::program::Serving;
use crate::support::{Call, seed};

/// What the writer's look at an idle log and the retry of a look that failed take.
const LOOKED_AT: Duration = Duration::from_millis(4500);

impl Scene {
    /// Lets reads fail until one of them is noticed.
    async fn fail_a_read(&self, name: &str) {
        self.disk.fail_on("read", 5, name);
        let paths =
            ["/api/users", "/api/audit-logs", "/api/projects", "/api/roles", "/api/users?search=nobody"];
        for path in paths.iter().cycle().take(20) {
            let asked = call(&self.serving, "GET", path).caller(seed::OWNER_SES).send().await;
            if asked.status == 503 {
                return;
            }
        }
        panic!("no request noticed it: {}", log(self.folder.path()));
    }

    /// Both writes are there after a stop and a new start, and nothing was put aside.
    fn keeps_all(mut self, exit: i32, users: &[&str]) {
        assert_eq!(stop(&mut self.serving).code(), Some(exit), "{}", log(self.folder.path()));
        let is_log_aside = self.at("test.db.log-of-damaged").exists();
        assert!(!is_log_aside, "an intact log was moved aside: {}", log(self.folder.path()));
        drop(Serving::start(self.folder.path(), &[]));
        for user in users {
            assert!(is_member(&self.at("test.db"), user), "an acknowledged write is lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_log_that_cannot_be_opened_or_read_is_not_taken_for_damaged() {
    // No descriptor left, no permission, a read error.
    for (call, number) in [("open", 24), ("open", 13), ("read", 5)] {
        let scene = Scene::new();
        wait_for_empty_log(&scene);
        assert_eq!(scene.invite(seed::NINA).await, 200);
        scene.disk.fail_on(call, number, "-wal");
        tokio::time::sleep(LOOKED_AT).await;
        scene.disk.mend();
        tokio::time::sleep(LOOKED_AT).await;
        scene.all_say(200).await;
        assert_eq!(scene.invite(seed::OTTO).await, 200, "{call} {number}");
        scene.keeps_all(0, &[seed::NINA, seed::OTTO]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_stop_while_the_log_cannot_be_opened_or_read_leaves_it_in_place() {
    for (call, number) in [("open", 13), ("read", 5)] {
        let mut scene = Scene::new();
        wait_for_empty_log(&scene);
        assert_eq!(scene.invite(seed::NINA).await, 200);
        scene.disk.fail_on(call, number, "-wal");
        tokio::time::sleep(LOOKED_AT).await;
        stop(&mut scene.serving);
        scene.disk.mend();
        assert!(!scene.at("test.db.log-of-damaged").exists(), "{call} {number}");
        drop(Serving::start(scene.folder.path(), &[]));
        assert!(
            is_member(&scene.at("test.db"), seed::NINA),
            "{call} {number}: an acknowledged write is lost"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_read_error_that_passes_is_no_lasting_damage() {
    for name in ["test.db", "-wal"] {
        let scene = Scene::new();
        wait_for_empty_log(&scene);
        assert_eq!(scene.invite(seed::NINA).await, 200);
        scene.fail_a_read(name).await;
        scene.all_say(503).await;
        scene.disk.mend();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        scene.all_say(200).await;
        assert_eq!(scene.invite(seed::OTTO).await, 200, "{name}");
        assert!(log(scene.folder.path()).contains("its content was checked and is intact"));
        scene.keeps_all(0, &[seed::NINA, seed::OTTO]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_a_stop_after_a_read_error_leaves_the_log_where_it_is() {
    let mut scene = Scene::new();
    wait_for_empty_log(&scene);
    assert_eq!(scene.invite(seed::NINA).await, 200);
    scene.fail_a_read("test.db").await;
    stop(&mut scene.serving);
    scene.disk.mend();
    assert!(!scene.at("test.db.log-of-damaged").exists(), "{}", log(scene.folder.path()));
    drop(Serving::start(scene.folder.path(), &[]));
    assert!(is_member(&scene.at("test.db"), seed::NINA), "an acknowledged write is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_05_idle_connections_leave_the_database_the_descriptors_that_it_needs() {
    let folder = seeded();
    let mut serving = Serving::start_as(folder.path(), &[], |command| {
        let mut shell = Command::new("bash");
        shell.arg0("bash").args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]).arg(command.get_program());
        *command = shell;
    });
    let http = reqwest::Client::new();
    let invite = |user: &str| {
        let asked = Call::new(&http, "POST", &serving.url, &seed::members_path(seed::PRICING));
        asked.caller(seed::OWNER_PAT).json(&json!({ "userIds": [user] })).send()
    };
    assert_eq!(invite(seed::NINA).await.status, 200);
    let address = serving.url.trim_start_matches("http://").to_owned();
    let idle: Vec<_> = (0..200).map_while(|_| TcpStream::connect(&address).ok()).collect();
    // The log is checked, checkpointed and truncated when it has been idle for three seconds.
    tokio::time::sleep(LOOKED_AT).await;
    assert_eq!(invite(seed::OTTO).await.status, 200, "on the connection that was first");
    drop(idle);
    assert_eq!(call(&serving, "GET", "/readyz").send().await.status, 200);
    assert_eq!(stop(&mut serving).code(), Some(0));
    let said = log(folder.path());
    assert!(said.contains("fewer connections than --connections-max"), "{said}");
    assert!(!said.contains("Too many open files"), "{said}");
    let path = folder.path().join("test.db");
    assert!(!folder.path().join("test.db.log-of-damaged").exists());
    assert!(is_member(&path, seed::NINA) && is_member(&path, seed::OTTO), "an acknowledged write is lost");
}
