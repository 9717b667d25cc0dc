//! A server that ends with the program that started it.

use std::process::Stdio;

use crate::processes::{ready, start};

const FLAGS: [&str; 8] =
    ["serve", "--listen", "127.0.0.1:0", "--ephemeral", "--ready-file", "ready.json", "--log", "info"];

#[test]
fn fr_41_the_server_ends_with_its_standard_input_and_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = tempfile::tempdir().expect("a folder");
    let mut child = start(folder.path(), |command| {
        command.args(FLAGS).arg("--exit-with-stdin").env("TMPDIR", data.path()).stdin(Stdio::piped());
    });
    ready(folder.path());
    assert_eq!(std::fs::read_dir(data.path()).expect("a folder").count(), 1);
    drop(child.0.stdin.take());
    assert_eq!(child.ended().code(), Some(0));
    assert_eq!(std::fs::read_dir(data.path()).expect("a folder").count(), 0);
    assert!(!folder.path().join("ready.json").exists());
}

#[test]
fn fr_41_without_the_flag_the_end_of_standard_input_means_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = start(folder.path(), |command| {
        command.args(FLAGS).stdin(Stdio::null());
    });
    ready(folder.path());
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(child.0.try_wait().expect("a state").is_none());
}
