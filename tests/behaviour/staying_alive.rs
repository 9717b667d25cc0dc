//! The process neither dies silently nor keeps running without an essential part: logs that cannot be written,
//! signals, and shutdowns that clients delay. FR-01, FR-03, FR-10.
//!
//! Of SQLite alone: it reads the file of a server in another process.

use std::io::{PipeReader, PipeWriter, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::delivery::relay_flags;
use crate::processes::{Guarded, ready, start, terminate, wait_for};
use crate::support::disk::FaultyDisk;
use crate::support::program::without_settings;
use crate::support::smtp::Sink;
use crate::support::tcp::{Tcp, invite_head};
use crate::support::{Call, TestServer, seed};

/// A server with the example seed on `test.db` of a folder, whose log goes to a pipe.
fn start_with_pipe(folder: &Path, pipe: PipeWriter, flags: &[String]) -> Guarded {
    start(folder, |command| {
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db", "--seed", seed::FILE]);
        command.args(["--ready-file", "ready.json"]).args(flags).stderr(pipe);
    })
}

async fn invite(url: &str, user: &str) -> u16 {
    let path = seed::members_path(seed::PRICING);
    let call = Call::new(&reqwest::Client::new(), "POST", url, &path).caller(seed::OWNER_PAT);
    call.json(&json!({ "userIds": [user] })).send().await.status
}

async fn status(url: &str, path: &str) -> u16 {
    Call::new(&reqwest::Client::new(), "GET", url, path).send().await.status
}

fn signal(child: &Guarded, name: &str) {
    let kill = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.0.id())]).status();
    assert!(kill.expect("a shell").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_log_that_cannot_be_written_loses_no_response_and_no_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    let sink = Sink::start();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut child = start_with_pipe(folder.path(), writer, &relay_flags(sink.address()));
    let url = ready(folder.path());
    assert_eq!(invite(&url, seed::NINA).await, 200);
    let path = seed::invitation_path(seed::IVY);
    Call::new(&reqwest::Client::new(), "POST", &url, &path).caller(seed::OWNER_SES).expect(200).await;
    sink.wait_for(1).await;
    let database = rusqlite::Connection::open(folder.path().join("test.db")).expect("the file");
    let delivered = || {
        let sql = "SELECT count(*) FROM mails WHERE state = 'delivered'";
        database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a count")
    };
    tokio::task::block_in_place(|| wait_for("the mail is marked", || (delivered() == 1).then_some(())));
    terminate(&child.0);
    assert_eq!(child.ended().code(), Some(0));
    assert!(!folder.path().join("ready.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_full_disk_that_also_holds_the_log_stops_nothing_permanently() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = FaultyDisk::of(folder.path());
    let child = start(folder.path(), |command| {
        disk.attach(command);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db", "--seed", seed::FILE]);
        command.args(["--ready-file", "ready.json"]);
    });
    let url = ready(folder.path());
    disk.fail_with_log("write", 28);
    for _ in 0..3 {
        assert_eq!(invite(&url, seed::NINA).await, 503);
    }
    assert_eq!(status(&url, "/livez").await, 200);
    disk.mend();
    assert_eq!(invite(&url, seed::NINA).await, 200);
    let log = crate::processes::log(folder.path());
    assert!(log.contains("log lines were dropped"), "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    drop(child);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_log_pipe_without_a_reader_blocks_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut reader, writer): (PipeReader, PipeWriter) = std::io::pipe().expect("a pipe");
    let mut child = start_with_pipe(folder.path(), writer, &[]);
    let url = ready(folder.path());
    let begun = Instant::now();
    // More than a pipe holds.
    for _ in 0..600 {
        let asked = tokio::time::timeout(Duration::from_secs(15), status(&url, "/"));
        assert_eq!(asked.await.expect("an answer"), 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    terminate(&child.0);
    let reading = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).map(|_| log)
    });
    assert_eq!(child.ended().code(), Some(0));
    let log = reading.join().expect("the reader ends").expect("a log");
    assert!(log.contains("log lines were dropped"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_01_a_slow_reader_of_the_log_delays_few_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let _child = start_with_pipe(folder.path(), writer, &[]);
    let url = ready(folder.path());
    // The pipe is full from here on, and the reader makes room for some lines at a time.
    for _ in 0..600 {
        assert_eq!(status(&url, "/").await, 200);
    }
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while reader.read(&mut part).is_ok_and(|length| length > 0) {
            std::thread::sleep(Duration::from_millis(900));
        }
    });
    let begun = Instant::now();
    for _ in 0..150 {
        assert_eq!(status(&url, "/").await, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_03_every_signal_that_can_be_handled_stops_gracefully_or_does_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = start(folder.path(), |command| {
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            "test.db",
            "--ready-file",
            "ready.json",
        ]);
    });
    let url = ready(folder.path());
    // The last are SIGIO, SIGSTKFLT and a real-time signal.
    for ignored in ["USR1", "USR2", "ALRM", "VTALRM", "PROF", "29", "16", "40"] {
        signal(&child, ignored);
        assert_eq!(status(&url, "/livez").await, 200, "{ignored}");
    }
    signal(&child, "QUIT");
    assert_eq!(child.ended().code(), Some(0));
    assert!(!folder.path().join("ready.json").exists(), "the ready file stays");
}

#[test]
fn fr_03_a_used_up_cpu_limit_and_a_power_failure_stop_gracefully() {
    for name in ["XCPU", "PWR"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = start(folder.path(), |command| {
            command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db"]);
            command.args(["--ready-file", "ready.json"]);
        });
        ready(folder.path());
        // The first is sent again each second.
        signal(&child, name);
        signal(&child, name);
        assert_eq!(child.ended().code(), Some(0), "{name}");
        assert!(!folder.path().join("ready.json").exists(), "{name}: the ready file stays");
    }
}

#[test]
fn fr_03_a_stop_removes_only_the_ready_file_of_its_own_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |database: &'static str| {
        start(folder.path(), |command| {
            command.args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database",
                database,
                "--ready-file",
                "ready.json",
            ]);
        })
    };
    let mut first = of("one.db");
    let url = ready(folder.path());
    let _second = of("two.db");
    let url_of_second =
        wait_for("the second server", || Some(ready(folder.path())).filter(|now| *now != url));
    terminate(&first.0);
    assert_eq!(first.ended().code(), Some(0));
    assert_eq!(ready(folder.path()), url_of_second);
}

#[test]
fn fr_03_a_closing_terminal_causes_a_graceful_shutdown() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    // If the tests run under nohup, SIGHUP is ignored in child processes, too.
    let mut command = without_settings(Command::new("env"));
    command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_brms"), "serve", "--ephemeral"]);
    command.args(["--listen", "127.0.0.1:0", "--seed", seed::FILE, "--ready-file", "ready.json"]);
    let log = std::fs::File::create(folder.path().join("log")).expect("a log file");
    command.env("TMPDIR", place.path()).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut child = Guarded(command.spawn().expect("brms starts"));
    ready(folder.path());
    // Shells forward the signal, and the system sends it as well.
    signal(&child, "HUP");
    signal(&child, "HUP");
    assert_eq!(child.ended().code(), Some(0));
    assert!(!folder.path().join("ready.json").exists(), "the ready file stays");
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 0, "the data stays");
    let unit = include_str!("../../scripts/release.d/brms.service");
    assert!(unit.contains("\nRestart=always\n"), "systemd takes SIGHUP for a clean end");
}

#[test]
fn fr_03_a_second_signal_ends_a_slow_start() {
    let folder = tempfile::tempdir().expect("a folder");
    crate::restoring::first_step(&folder.path().join("test.db"));
    let disk = FaultyDisk::of(folder.path());
    disk.hang(".brms-copy-");
    let mut child = start(folder.path(), |command| {
        disk.attach(command);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db"]);
    });
    wait_for("the start has begun", || folder.path().join("test.db-wal").exists().then_some(()));
    terminate(&child.0);
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.0.try_wait().expect("it can be asked").is_none(), "the first one waits for the start");
    terminate(&child.0);
    assert_eq!(child.ended().code(), Some(130));
}

#[test]
fn fr_03_nohup_keeps_a_server_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = {
        let log = std::fs::File::create(folder.path().join("log")).expect("a log file");
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_brms")]);
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            "test.db",
            "--ready-file",
            "ready.json",
        ]);
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Guarded(command.spawn().expect("brms starts"))
    };
    ready(folder.path());
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.0.try_wait().expect("the child can be asked").is_none(), "it ended");
    terminate(&child.0);
    assert_eq!(child.ended().code(), Some(0));
}

#[test]
fn fr_03_an_interrupted_demo_leaves_nothing_behind() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = start(folder.path(), |command| {
        command.env("TMPDIR", place.path()).args(["demo", "--keep"]);
        command.stdout(std::fs::File::create(folder.path().join("out")).expect("a file"));
    });
    wait_for("the demo's last words", || {
        let said = std::fs::read_to_string(folder.path().join("out")).expect("its words");
        said.contains("keeps running").then_some(())
    });
    terminate(&child.0);
    child.ended();
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_10_a_client_with_an_incomplete_request_head_does_not_delay_shutdown() {
    let server = TestServer::start().await;
    let mut clients = Vec::new();
    for beginning in ["", "P", "POST /api/projects HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut client = Tcp::connect(&server);
        client.send(beginning);
        clients.push(client);
    }
    let mut between_two = Tcp::connect(&server);
    between_two.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /li");
    assert_eq!(between_two.next().status, 200);
    clients.push(between_two);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_10_a_stalled_body_delays_shutdown_until_its_deadline_only() {
    let server = TestServer::start_with(&["--stop-timeout", "1s"]).await;
    let mut stalled = Tcp::connect(&server);
    stalled.send([invite_head(1000, &[]), b"{".to_vec()].concat());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    server.stop().await;
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(4), "{took:?}");
    let help = crate::support::program::run_well(&["serve", "--help"]);
    let place = help.find("--stop-timeout").expect("it is documented");
    assert!(
        help[place..].split("--test-api").next().is_some_and(|help| help.contains("[default: 8s]")),
        "{help}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_10_requests_in_progress_at_shutdown_are_answered_completely() {
    let server = TestServer::start().await;
    let body = json!({ "userIds": [seed::NINA] }).to_string();
    let mut slow = Tcp::connect(&server);
    slow.send(invite_head(body.len(), &[]));
    // A response larger than the socket buffers, to a client that reads it late.
    let mut late = Tcp::connect(&server);
    late.send("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(60));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = tokio::spawn(server.stop());
    tokio::time::sleep(Duration::from_millis(300)).await;
    slow.send(body);
    assert_eq!(slow.next().status, 200);
    assert_eq!(late.next().status, 200);
    drop((slow, late));
    let _folder: TempDir = stopping.await.expect("it stops");
}
