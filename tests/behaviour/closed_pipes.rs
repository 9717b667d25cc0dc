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

#[test]
fn fr_18_what_exists_although_its_secret_could_not_be_printed_is_named() {
    let folder = seeded();
    let run = |arguments: &[&str], stdout: Stdio| {
        let mut command = brms();
        command.current_dir(folder.path()).env("BRMS_DATABASE", "test.db");
        command.env("BRMS_PUBLIC_URL", "https://people.test").args(arguments).stdout(stdout);
        command.output().expect("brms runs")
    };
    let lost = |arguments: &[&str]| {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = run(arguments, Stdio::from(full));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let ids = || -> Vec<String> {
        let tokens = run(&["token", "list"], Stdio::piped()).stdout;
        let tokens = String::from_utf8(tokens).expect("UTF-8");
        tokens.lines().map(|line| line.split(' ').next().expect("an id").to_owned()).collect()
    };
    let create = ["token", "create", "--user", "owner@acme.test", "--kind"];
    for more in [&["internal"][..], &["personal", "--all-projects", "--permission", "owner"]] {
        let before = ids();
        let said = lost(&[&create[..], more].concat());
        let made = ids().into_iter().find(|id| !before.contains(id)).expect("it exists");
        assert!(said.contains(&format!("`brms token revoke {made}`")), "{said}");
        assert!(run(&["token", "revoke", &made], Stdio::piped()).status.success());
    }
    for more in [&[][..], &["--json"]] {
        let said = lost(&[&["invitation", "link", seed::IVY_EMAIL], more].concat());
        let id = said.split("brms invitation withdraw ").nth(1).and_then(|rest| rest.split('`').next());
        assert!(
            run(&["invitation", "withdraw", id.expect("an id")], Stdio::piped()).status.success(),
            "{said}"
        );
        assert!(said.contains("earlier ones no longer work"), "{said}");
    }
}
