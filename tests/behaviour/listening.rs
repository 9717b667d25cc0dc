//! Where a server listens: sockets in the file system, host names, bare ports, several at once. FR-75.

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::processes::{Guarded, log, serve_refused, start, stop, terminate, wait_for};
use crate::support::program::{Serving, run, run_well};
use crate::support::seed;

const PUBLIC: [&str; 2] = ["--public-url", "http://people.example.org"];

/// One request by a socket, and the whole answer.
fn ask(socket: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("a connection");
    stream.set_read_timeout(Some(crate::support::server::PATIENCE)).expect("a time-out");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn livez(socket: &Path) -> String {
    ask(socket, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

/// A server that listens by a socket alone.
fn by_socket(folder: &Path, flags: &[&str]) -> (Guarded, PathBuf) {
    let _ = std::fs::remove_file(folder.join("ready.json"));
    let child = start(folder, |command: &mut Command| {
        command
            .args([
                "serve",
                "--listen",
                "unix:brms.sock",
                "--database",
                "test.db",
                "--ready-file",
                "ready.json",
            ])
            .args(PUBLIC)
            .args(["--seed", seed::FILE])
            .args(flags)
            .stdout(Stdio::null());
    });
    let text = wait_for("the ready file", || std::fs::read(folder.join("ready.json")).ok());
    let ready: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(ready, json!({ "url": "unix:brms.sock" }));
    (child, folder.join("brms.sock"))
}

#[test]
fn a_socket_serves_with_its_mode_and_is_removed_at_a_stop() {
    for (flags, mode) in [(&[][..], 0o660), (&["--listen-mode", "0600"], 0o600)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut child, socket) = by_socket(folder.path(), flags);
        let found = std::fs::symlink_metadata(&socket).expect("the socket");
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o777, mode);
        assert!(livez(&socket).starts_with("HTTP/1.1 200 "));
        let listen = format!("unix:{}", socket.display());
        assert_eq!(run_well(&["health", "--listen", &listen]), format!("{listen} is healthy\n"));
        terminate(&child.0);
        assert!(child.ended().success(), "{}", log(folder.path()));
        assert!(!socket.exists());
        let output = run(&["health", "--listen", &listen]);
        assert_eq!(output.status.code(), Some(1));
        let names = std::fs::read_dir(folder.path()).expect("a folder").flatten();
        let names: Vec<_> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        assert!(names.iter().all(|name| !name.starts_with(".brms")), "{names:?}");
    }
}

#[test]
fn a_socket_that_a_dead_process_left_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, socket) = by_socket(folder.path(), &[]);
    child.0.kill().expect("it is killed");
    child.ended();
    assert!(socket.exists(), "SIGKILL leaves it behind");
    let (_child, socket) = by_socket(folder.path(), &[]);
    assert!(livez(&socket).starts_with("HTTP/1.1 200 "));

    let other = tempfile::tempdir().expect("a folder");
    let live = other.path().join("live.sock");
    let listener = UnixListener::bind(&live).expect("a listener");
    let text = other.path().join("text");
    std::fs::write(&text, "notes").expect("a file");
    for (path, words) in [(&live, "another process listens on it"), (&text, "no socket")] {
        let listen = format!("unix:{}", path.display());
        let error = serve_refused(other.path(), &[&["--listen", &listen], &PUBLIC[..]].concat());
        assert!(error.contains(words), "{error}");
        assert!(!other.path().join("test.db").exists(), "refused before anything is made");
    }
    assert_eq!(std::fs::read_to_string(&text).expect("the file"), "notes");
    UnixStream::connect(&live).expect("it is still the other one's");
    drop(listener);
}

#[test]
fn sockets_alone_need_a_public_url() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = serve_refused(folder.path(), &["--listen", "unix:brms.sock"]);
    assert!(error.contains("--public-url"), "{error}");
    assert!(!folder.path().join("brms.sock").exists());
}

#[test]
fn a_mode_without_a_socket_is_refused() {
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--listen-mode", "0600"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("--listen unix:PATH"), "{error}");
}

#[test]
fn a_proxy_by_a_socket_is_trusted_only_if_that_is_said() {
    for (flags, wanted) in [
        (&[][..], Value::Null),
        (&["--trusted-proxy", "0.0.0.0/0,::/0"], Value::Null),
        (&["--trusted-proxy", "unix"], Value::from("203.0.113.7")),
        (&["--trusted-proxy", "unix,203.0.113.0/24"], Value::from("198.51.100.1")),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (_child, socket) = by_socket(folder.path(), flags);
        let forwarded = "X-Forwarded-For: 198.51.100.1, 203.0.113.7";
        let body = json!({ "name": "Some" }).to_string();
        let (groups, length) = (format!("/api/projects/{}/groups", seed::PRICING), body.len());
        let answer = ask(
            &socket,
            &format!(
                "POST {groups} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {}\r\n{forwarded}\r\n\
                 X-Request-Id: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
                seed::OWNER_PAT,
                seed::UNKNOWN_ID
            ),
        );
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let line = wait_for("the line", || {
            let log = log(folder.path());
            log.lines().find(|line| line.contains(seed::UNKNOWN_ID)).map(str::to_owned)
        });
        let line: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(line["client.address"], wanted, "{flags:?}: {line}");
        let export =
            run_well(&["export", "--database", &folder.path().join("test.db").display().to_string()]);
        let export: Value = serde_json::from_str(&export).expect("JSON");
        let found = export.to_string().contains("203.0.113.7") || export.to_string().contains("198.51.100.1");
        assert_eq!(found, wanted != Value::Null, "the audit entry has the same");
    }
}

#[test]
fn fr_75_several_listeners_names_and_bare_ports_serve_one_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = ["--listen", "localhost:0", "--listen", "0", "--listen", "unix:brms.sock"];
    let mut serving = Serving::start(folder.path(), &flags);
    let ready = std::fs::read(folder.path().join("ready.json")).expect("the ready file");
    let ready: Value = serde_json::from_slice(&ready).expect("JSON");
    let urls: Vec<&str> = ready["urls"].as_array().expect("urls").iter().filter_map(Value::as_str).collect();
    assert_eq!(
        (ready["url"].as_str(), urls.last().copied()),
        (Some(urls[0]), Some("unix:brms.sock")),
        "{urls:?}"
    );
    assert!(urls.len() >= 3, "{urls:?}");
    for url in &urls[..urls.len() - 1] {
        let address = url.strip_prefix("http://").expect("of the network");
        assert_eq!(run_well(&["health", "--listen", address]), format!("{address} is healthy\n"));
        assert!(address.starts_with("127.0.0.1:") || address.starts_with("[::1]:"), "{address}");
    }
    assert!(livez(&folder.path().join("brms.sock")).starts_with("HTTP/1.1 200 "));
    assert!(stop(&mut serving).success());
}

#[test]
fn fr_75_what_is_no_listen_address_is_refused_with_the_right_form() {
    for (value, words) in [
        (":8080", "0.0.0.0:8080"),
        ("nonsense", "HOST:PORT"),
        ("http://localhost:1", "HOST:PORT"),
        ("unix:", "unix:/"),
    ] {
        let output = run(&["serve", "--listen", value]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(words), "{error}");
    }
}
