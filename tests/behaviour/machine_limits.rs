//! Limits of the system are reported and do not kill the process: file sizes, processes, length and encoding of
//! paths. FR-16.

use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::backups::{count, refused, seeded};
use crate::file_access::{PEOPLE, STRANGER, as_stranger, is_root, said, set_mode};
use crate::processes::{Guarded, ready, serve_refused};
use crate::support::program::{Serving, brms};
use crate::support::{Call, seed};

/// brms in a shell that sets a limit first.
fn limited(folder: &Path, limit: &str, program: &mut Command) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &format!("{limit}; exec \"$0\" \"$@\"")])
        .arg(program.get_program())
        .current_dir(folder);
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_16_a_limit_on_the_file_size_is_503_and_kills_no_process() {
    let folder = seeded();
    let blocks = folder.path().join("test.db").metadata().expect("the file").len() / 512 + 40;
    let log = std::fs::File::create(folder.path().join("log")).expect("a log");
    let mut command = limited(folder.path(), &format!("ulimit -f {blocks}"), &mut brms());
    command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db", "--ready-file", "ready.json"]);
    command.args(["--log", "off"]).stderr(log);
    let mut child = Guarded(command.spawn().expect("brms starts"));
    let url = ready(folder.path());
    let http = reqwest::Client::new();
    let mut last = 200;
    for number in 0..500 {
        let body = json!({ "name": format!("Project {number}"), "key": format!("project-{number}") });
        last = Call::new(&http, "POST", &url, "/api/projects")
            .caller(seed::OWNER_SES)
            .json(&body)
            .send()
            .await
            .status;
        if last != 200 {
            break;
        }
    }
    assert_eq!(last, 503);
    assert!(child.0.try_wait().expect("it can be asked").is_none(), "it was killed");
    Call::new(&http, "GET", &url, "/livez").expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_16_a_log_at_the_file_size_limit_is_checkpointed_and_writes_continue() {
    let folder = seeded();
    let mut command = limited(folder.path(), "ulimit -f 4096", &mut brms());
    command.args(["serve", "--listen", "127.0.0.1:0", "--database", "test.db", "--ready-file", "ready.json"]);
    let _child = Guarded(command.stderr(std::process::Stdio::null()).spawn().expect("brms starts"));
    let url = ready(folder.path());
    let http = reqwest::Client::new();
    let mut refused = 0;
    for number in 0..200 {
        let body = json!({ "name": format!("Project {number}"), "key": format!("project-{number}") });
        let asked = Call::new(&http, "POST", &url, "/api/projects").caller(seed::OWNER_SES).json(&body);
        refused += u32::from(asked.send().await.status == 503);
    }
    assert!((1..10).contains(&refused), "{refused} of 200 writes were refused");
}

#[test]
fn fr_16_a_file_size_limit_that_a_start_meets_is_reported() {
    for blocks in [8, 64] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = limited(folder.path(), &format!("ulimit -f {blocks}"), &mut brms());
        let output = command.args(["serve", "--listen", "127.0.0.1:0"]).output().expect("brms runs");
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let bytes = format!("at most {} bytes", blocks * 1024);
        assert!(text.contains("ulimit -f") && text.contains(&bytes), "{text}");
    }
}

#[test]
fn fr_16_a_limit_on_processes_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    set_mode(folder.path(), 0o755);
    let mut command = limited(folder.path(), "ulimit -u 3", &mut as_stranger(folder.path()));
    if is_root() {
        command.uid(STRANGER).gid(STRANGER);
    }
    let output =
        command.args(["serve", "--listen", "127.0.0.1:0", "--ephemeral"]).output().expect("brms runs");
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("ulimit -u") && !text.contains("panic"), "{text}");
}

#[test]
fn fr_16_a_limit_on_open_files_is_reported() {
    for files in [6, 12, 24, 63] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = limited(folder.path(), &format!("ulimit -n {files}"), &mut brms());
        let output = command.args(["serve", "--listen", "127.0.0.1:0"]).output().expect("brms runs");
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("ulimit -n") && !text.contains("panic"), "{files}: {text}");
        assert!(!folder.path().join("brms.db").exists());
    }
}

#[test]
fn fr_16_a_path_that_is_too_long_is_reported_with_its_length() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path().canonicalize().expect("the folder").join("a".repeat(200)).join("a".repeat(100));
    // A folder in which the path of `test.db` has this many bytes.
    let folder = |bytes: usize| {
        let rest = bytes - place.as_os_str().len() - "//test.db".len();
        let folder = place.join("b".repeat(rest));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    };
    let fits = folder(500);
    drop(Serving::start(&fits, &[]));
    let text = serve_refused(&folder(501), &["--listen", "127.0.0.1:0"]);
    assert!(text.contains("501 bytes") && text.contains("500"), "{text}");
    let text = refused(&fits, &["backup", "longer-than-the-database.db"]);
    assert!(text.contains("bytes long"), "{text}");
}

#[test]
fn fr_16_a_path_need_not_be_utf_8() {
    let folder = seeded();
    let strange = folder.path().join(std::ffi::OsString::from_vec(b"backups-\xff".to_vec()));
    std::fs::create_dir(&strange).expect("a folder");
    let copy = strange.join(std::ffi::OsString::from_vec(b"copy-\xfe.db".to_vec()));
    let backup = brms().current_dir(&folder).args(["backup", "--database", "test.db"]).arg(&copy).output();
    let backup = backup.expect("brms runs");
    assert!(backup.status.success(), "{}", said(&backup));
    assert_eq!(count(&copy, "SELECT count(*) FROM users"), PEOPLE);
    let list = brms().args(["mailbox", "list", "--database"]).arg(&copy).output().expect("brms runs");
    assert!(list.status.success(), "{}", said(&list));
}
