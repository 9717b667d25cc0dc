//! brms as a separate process: flags, exit codes, signals, files.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::leaks::{self, Watch};
use super::server::PATIENCE;

/// The built program, without settings from the environment of the tests.
pub fn brms() -> Command {
    without_settings(Command::new(env!("CARGO_BIN_EXE_brms")))
}

/// A command without settings from the environment of the tests.
pub fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BRMS_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs it to completion.
pub fn run(arguments: &[&str]) -> Output {
    let output = brms().args(arguments).output().expect("brms runs");
    leaks::printed(arguments, &output);
    output
}

/// Runs it successfully and returns its output.
pub fn run_well(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "brms {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

/// A running server process, killed when the test ends.
pub struct Serving {
    pub child: Child,
    pub url: String,
    /// Checked after [`Serving::drop`], when the process has ended.
    _watch: Watch,
}

impl Serving {
    /// Starts `brms serve` in a folder, on a free port, and waits until it accepts requests.
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::start_as(folder, flags, |_| ())
    }

    /// The same, after modifying the command.
    pub fn start_as(folder: &Path, flags: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let ready = folder.join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let mut command = brms();
        prepare(&mut command);
        let mut child = command
            .current_dir(folder)
            .args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db", "--ready-file", "ready.json"])
            .args(flags)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).expect("a log file"))
            .spawn()
            .expect("brms starts");
        let begun = Instant::now();
        while !ready.exists() {
            if let Some(status) = child.try_wait().expect("the child can be asked") {
                let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
                panic!("brms serve ended with {status}: {log}");
            }
            assert!(begun.elapsed() < PATIENCE, "brms serve is not ready in time");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let ready: Value =
            serde_json::from_slice(&std::fs::read(&ready).expect("the ready file")).expect("it is JSON");
        let url = ready["url"].as_str().expect("a url").to_owned();
        let watch = Watch::new(&url, folder.join("test.db"), Some(folder.join("log")));
        Self { child, url, _watch: watch }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
