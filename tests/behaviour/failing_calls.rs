//! System calls that fail under a running server: locks, the wait for events, the state of a file after a commit.
//! The process works again when the fault has passed, or it ends with an error. FR-01, FR-04.
//!
//! Of SQLite alone: it is all about its file.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::file_changes::{Scene, is_member};
use crate::processes::{call, log, wait_for};
use crate::support::program::Serving;
use crate::support::{Answer, seed};

const NO_LOCKS_AVAILABLE: i32 = 37;
const IO_ERROR: i32 = 5;
/// What an examination of a lock takes: two writes that wait for it.
const EXAMINED_WITHIN: Duration = Duration::from_secs(40);

impl Scene {
    async fn answer_to_invite(&self, user: &str) -> Answer {
        let path = seed::members_path(seed::PRICING);
        let asked = call(&self.serving, "POST", &path).caller(seed::OWNER_PAT);
        asked.json(&json!({ "userIds": [user] })).send().await
    }

    fn has_ended(&mut self) -> bool {
        self.serving.child.try_wait().expect("it can be asked").is_some()
    }

    /// It has ended with an error, which the log has, too, and leaves no ready file.
    fn failed_with(&mut self, words: &str) {
        let status = wait_for("the server ends", || self.serving.child.try_wait().expect("it can be asked"));
        let log = log(self.folder.path());
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(words), "{log}");
        assert!(!self.at("ready.json").exists(), "the ready file stays: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_lock_that_could_not_be_released_ends_the_process_and_a_new_one_writes() {
    let mut scene = Scene::new();
    scene.disk.fail_on("unlock", NO_LOCKS_AVAILABLE, "-shm");
    let first = scene.answer_to_invite(seed::NINA).await.status;
    scene.disk.mend();
    let begun = Instant::now();
    while !scene.has_ended() {
        assert!(
            begun.elapsed() < EXAMINED_WITHIN,
            "writes are refused for good: {}",
            log(scene.folder.path())
        );
        let path = seed::members_path(seed::PRICING);
        let asked = reqwest::Client::new().post(format!("{}{path}", scene.serving.url));
        let asked = asked.header("authorization", seed::OWNER_PAT).json(&json!({ "userIds": [seed::OTTO] }));
        // The last one may find the server gone.
        let Ok(answer) = asked.send().await else { break };
        assert!([200, 503].contains(&answer.status().as_u16()), "{}", answer.status());
        if answer.status() == 200 {
            break;
        }
    }
    if scene.has_ended() || !is_member(&scene.at("test.db"), seed::OTTO) {
        scene.failed_with("could not be released");
        scene.serving = Serving::start(scene.folder.path(), &[]);
    }
    assert_eq!(scene.answer_to_invite(seed::OTTO).await.status, 200);
    assert!(first != 200 || is_member(&scene.at("test.db"), seed::NINA), "an acknowledged write is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_log_that_can_no_longer_be_checkpointed_ends_the_process() {
    let mut scene = Scene::new();
    assert_eq!(scene.answer_to_invite(seed::NINA).await.status, 200);
    // The checkpoint of an idle server releases its lock, and nothing else is locked meanwhile.
    scene.disk.fail_on("unlock", NO_LOCKS_AVAILABLE, "-shm");
    tokio::time::sleep(Duration::from_secs(4)).await;
    scene.disk.mend();
    let begun = Instant::now();
    while !scene.has_ended() {
        assert!(begun.elapsed() < EXAMINED_WITHIN, "the log grows for good: {}", log(scene.folder.path()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scene.failed_with("could not be released");
    scene.serving = Serving::start(scene.folder.path(), &[]);
    assert_eq!(scene.answer_to_invite(seed::OTTO).await.status, 200);
    assert!(is_member(&scene.at("test.db"), seed::NINA), "an acknowledged write is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_locks_that_are_refused_for_a_while_refuse_writes_only_so_long() {
    let scene = Scene::new();
    scene.disk.fail("lock", NO_LOCKS_AVAILABLE);
    for _ in 0..2 {
        let refused = scene.answer_to_invite(seed::NINA).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
    }
    scene.disk.mend();
    assert_eq!(scene.answer_to_invite(seed::NINA).await.status, 200);
    scene.all_say(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_runtime_that_cannot_wait_for_events_ends_the_process() {
    let mut scene = Scene::new();
    assert_eq!(scene.answer_to_invite(seed::NINA).await.status, 200);
    scene.disk.fail("epoll", IO_ERROR);
    // An event wakes the runtime; an answer is not needed.
    let address = scene.serving.url.trim_start_matches("http://").to_owned();
    let _connection = std::net::TcpStream::connect(address);
    scene.failed_with("panic");
    scene.disk.mend();
    scene.serving = Serving::start(scene.folder.path(), &[]);
    assert!(is_member(&scene.at("test.db"), seed::NINA), "an acknowledged write is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_04_a_commit_whose_file_cannot_be_looked_at_is_not_called_undone() {
    let scene = Scene::new();
    // The index of the log is looked at only after the commit.
    scene.disk.fail_on("stat", IO_ERROR, "-shm");
    let answer = scene.answer_to_invite(seed::NINA).await;
    scene.disk.mend();
    assert_eq!(answer.status, 503);
    assert!(is_member(&scene.at("test.db"), seed::NINA), "the commit stands");
    assert!(!answer.text().contains("Nothing was changed"), "{}", answer.text());
    assert!(answer.text().contains("may or may not have been made"), "{}", answer.text());
    scene.all_say(200).await;
}
