//! Helpers for tests of the program: starting it with any flags, expecting errors, graceful shutdown.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::program::{Serving, brms};
use crate::support::server::PATIENCE;
use crate::support::{Call, seed};

/// The polling interval.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Polls until a value is there, and fails after a time limit.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// A child that is killed when the test ends.
pub struct Guarded(pub Child);

impl Guarded {
    /// Its exit, when it comes.
    pub fn ended(&mut self) -> ExitStatus {
        wait_for("the program ends", || self.0.try_wait().expect("the child can be asked"))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `brms` in a folder with only these arguments; its log goes to the file `log` there.
pub fn start(folder: &Path, prepare: impl FnOnce(&mut Command)) -> Guarded {
    let log = std::fs::File::create(folder.join("log")).expect("a log file");
    let mut command = brms();
    command.current_dir(folder).stdout(Stdio::null()).stderr(log);
    prepare(&mut command);
    Guarded(command.spawn().expect("brms starts"))
}

/// The URL in the ready file, once it exists.
pub fn ready(folder: &Path) -> String {
    let text = wait_for("the ready file", || std::fs::read(folder.join("ready.json")).ok());
    let ready: Value = serde_json::from_slice(&text).expect("a ready file is never half-written");
    ready["url"].as_str().expect("a url").to_owned()
}

/// Runs `brms serve` with these flags, expects it to fail, and returns its error.
pub fn serve_refused(folder: &Path, flags: &[&str]) -> String {
    let mut child = start(folder, |command| {
        command.args(["serve", "--database", "test.db"]).args(flags);
    });
    let status = child.ended();
    let text = log(folder);
    assert_eq!(status.code(), Some(1), "{text}");
    text
}

/// The log of a running process so far.
pub fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).expect("a log")
}

/// A request to a running process.
pub fn call(serving: &Serving, method: &str, path: &str) -> Call {
    Call::new(&reqwest::Client::new(), method, &serving.url, path)
}

/// The status of a minimal request with these credentials: 401, or that of an authenticated caller.
pub async fn status_of(serving: &Serving, authorization: &str) -> u16 {
    let path = seed::members_path(seed::PRICING);
    call(serving, "POST", &path).caller(authorization).json(&json!({ "userIds": [] })).send().await.status
}

/// Sends SIGTERM.
#[cfg(unix)]
pub fn terminate(child: &Child) {
    let done = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status();
    assert!(done.expect("a shell").success());
}

/// Sends SIGTERM and waits for the exit.
#[cfg(unix)]
pub fn stop(serving: &mut Serving) -> ExitStatus {
    terminate(&serving.child);
    wait_for("the server ends", || serving.child.try_wait().expect("the child can be asked"))
}
