//! A command whose output pipe is closed ends quietly. FR-18.

use std::process::Stdio;

use crate::backups::{seeded, well};
use crate::support::program::brms;
use crate::support::seed;

#[test]
fn fr_18_a_closed_pipe_ends_every_command_quietly() {
    let folder = seeded();
    let token = ["token", "create", "--user", "owner@acme.test", "--kind", "internal"];
    well(folder.path(), &["token", "list"]);
    let man = folder.path().join("man").display().to_string();
    let commands: &[&[&str]] = &[
        &token,
        &["token", "list"],
        &["project", "list"],
        &["user", "list"],
        &["user", "show", "owner@acme.test", "--json"],
        &["invitation", "list"],
        &["invitation", "withdraw", "ivy@acme.test"],
        &["mail", "list"],
        &["mailbox", "list"],
        &["export"],
        &["openapi"],
        &["openapi", "--vendored"],
        &["completions", "bash"],
        &["man", &man],
        &["backup", "copy.db"],
        &["restore", "copy.db"],
        &["init", "new"],
        &["seed", seed::FILE, "--add", "--database", "other.db"],
        &["demo"],
        &["--help"],
        &["--version"],
    ];
    for arguments in commands {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = brms()
            .current_dir(folder.path())
            .env("BRMS_DATABASE", "test.db")
            .args(*arguments)
            .stdout(Stdio::from(writer))
            .output()
            .expect("brms runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{arguments:?}: {}: {said}", output.status);
    }
}

#[test]
fn other_write_errors_are_failures() {
    let folder = seeded();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = brms()
        .current_dir(folder.path())
        .args(["export", "--database", "test.db"])
        .stdout(full)
        .output()
        .expect("brms runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"), "{output:?}");
    for text in ["--help", "--version"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = brms().arg(text).stdout(full).output().expect("brms runs");
        assert_eq!(output.status.code(), Some(1), "{text}: {output:?}");
    }
}
