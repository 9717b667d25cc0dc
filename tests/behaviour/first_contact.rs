//! The first steps of a new user: starter files, and output for tools.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::processes::{call, ready, start};
use crate::support::contract::DESCRIPTION;
use crate::support::program::{Serving, brms, run, run_well};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn init(folder: &Path) -> Output {
    brms().args(["init"]).arg(folder).output().expect("brms runs")
}

fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn secrets(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("the seed");
    let found: Vec<String> =
        text.split('"').filter(|part| part.starts_with("brms_")).map(str::to_owned).collect();
    assert_eq!(found.len(), 2, "{text}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_a_seed_that_can_be_served_with_secrets_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    // Created together with its parent folders.
    let (one, other) = (folder.path().join("a/b"), folder.path().join("c"));
    let said = well(&init(&one));
    well(&init(&other));
    assert!(said.contains("brms serve --seed brms.seed.json"), "{said}");
    let (secrets, others) = (secrets(&one.join("brms.seed.json")), secrets(&other.join("brms.seed.json")));
    assert!(secrets.iter().all(|secret| !others.contains(secret) && !said.contains(secret.as_str())));
    #[cfg(unix)]
    for name in ["brms.seed.json", "brms.env"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(one.join(name)).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let serving = Serving::start(&one, &["--seed", "brms.seed.json"]);
    for secret in secrets {
        let scheme = if secret.starts_with("brms_pat_") { "Bearer" } else { "Internal" };
        let users =
            call(&serving, "GET", "/api/users").caller(&format!("{scheme} {secret}")).expect(200).await;
        assert_eq!(users.json()["results"].as_array().map(Vec::len), Some(3), "{scheme}");
    }
}

#[test]
fn init_replaces_no_file_and_then_writes_nothing() {
    for taken in ["brms.seed.json", "brms.env"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(taken), "mine").expect("a file");
        let refused = init(folder.path());
        assert_eq!(refused.status.code(), Some(1));
        let error = text(&refused.stderr);
        assert!(error.contains(taken) && error.contains("already"), "{error}");
        assert_eq!(std::fs::read_to_string(folder.path().join(taken)).expect("the file"), "mine");
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1, "{taken}");
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = text(&init(file.path()).stderr);
    assert!(
        error.contains(&*file.path().to_string_lossy()) && error.contains("cannot be created"),
        "{error}"
    );
}

#[test]
fn the_settings_file_can_be_read_by_a_shell_and_every_line_is_valid() {
    let folder = tempfile::tempdir().expect("a folder");
    well(&init(folder.path()));
    let file = folder.path().join("brms.env");
    let settings = std::fs::read_to_string(&file).expect("the file");
    let help = run_well(&["serve", "--help"]);
    let names: BTreeSet<&str> =
        help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next()).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(settings.contains(&format!("\n#{name}=")), "{name}");
    }
    // With each default set explicitly, and a free port, it serves as without any setting.
    let set = |line: &str| match line.strip_prefix("#BRMS_") {
        Some(rest) if !rest.ends_with('=') => format!("BRMS_{rest}\n"),
        _ => format!("{line}\n"),
    };
    let aloud: String = settings.lines().map(set).collect();
    let free = "\nBRMS_LISTEN=127.0.0.1:0\nBRMS_READY_FILE=ready.json\n";
    std::fs::write(&file, aloud.replace("\nBRMS_LISTEN=127.0.0.1:8080\n", free)).expect("the file");
    let mut shell = std::process::Command::new("sh");
    let script = "set -a; . ./brms.env; set +a; exec \"$BRMS\" serve";
    // The variable of this test is not a setting.
    let script = script.replace("$BRMS", env!("CARGO_BIN_EXE_brms"));
    let nothing = std::process::Stdio::null;
    shell.current_dir(&folder).args(["-c", &script]).stdin(nothing()).stdout(nothing()).stderr(nothing());
    let _serving = start(folder.path(), |command| *command = shell);
    let url = ready(folder.path());
    let address = url.strip_prefix("http://").expect("http");
    assert_eq!(run_well(&["health", "--listen", address]), format!("{address} is healthy\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_prints_the_served_and_the_vendored_description() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--public-url", "https://people.test/brms"]);
    let served = call(&serving, "GET", "/openapi.json").expect(200).await.json();
    let printed: Value =
        serde_json::from_str(&run_well(&["openapi", "--public-url", "https://people.test/brms"]))
            .expect("JSON");
    assert_eq!(printed, served);
    let vendored = run_well(&["openapi", "--vendored"]);
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/brms.json")).expect("brms.json");
    assert!(vendored == file, "byte for byte");
    let paths = |description: &Value| description["paths"].as_object().map(serde_json::Map::len);
    assert_eq!(paths(&printed), paths(&DESCRIPTION));
    assert_eq!(run(&["openapi", "--public-url", "nowhere"]).status.code(), Some(2));
}

#[test]
fn there_are_completions_for_each_shell_and_bash_can_use_them() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let printed = run_well(&["completions", shell]);
        assert!(printed.contains("mailbox") && printed.contains("invitation-ttl"), "{shell}");
    }
    let script = format!(
        "eval \"$({brms} completions bash)\"; COMP_WORDS=(brms back); COMP_CWORD=1; _brms brms back brms; \
         echo \"${{COMPREPLY[@]}}\"",
        brms = env!("CARGO_BIN_EXE_brms")
    );
    let output = std::process::Command::new("bash").args(["-c", &script]).output().expect("bash");
    assert_eq!(text(&output.stdout), "backup\n", "{}", text(&output.stderr));
    assert_eq!(run(&["completions", "csh"]).status.code(), Some(2));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let man = folder.path().join("share/man1");
    run_well(&["man", &man.display().to_string()]);
    for (page, words) in [
        ("brms.1", "mailbox"),
        ("brms-serve.1", "BRMS_LISTEN"),
        ("brms-backup.1", "force"),
        ("brms-token-create.1", "permission"),
    ] {
        let text = std::fs::read_to_string(man.join(page)).unwrap_or_else(|_| panic!("no {page}"));
        assert!(text.contains(".TH") && text.replace("\\-", "-").contains(words), "{page}: {text}");
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    let refused = run(&["man", &file.path().display().to_string()]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
}

/// Starts a server on an empty folder, whose clock can be moved, and returns the token for that.
fn first_start(folder: &Path) -> (Serving, String) {
    let serving = Serving::start(folder, &["--test-api"]);
    let ready: Value =
        serde_json::from_slice(&std::fs::read(folder.join("ready.json")).expect("a ready file"))
            .expect("it is JSON");
    let token = ready["testApiToken"].as_str().expect("a token").to_owned();
    crate::support::leaks::learn(&token);
    (serving, format!("Test {token}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_63_the_first_sign_in_ends_after_12_hours_and_the_first_token_when_it_is_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (serving, test) = first_start(folder.path());
    let path = folder.path().join("test.db.credentials");
    let credentials: Value =
        serde_json::from_slice(&std::fs::read(path).expect("the file")).expect("it is JSON");
    let secret = |key: &str| credentials[key].as_str().expect("a secret").to_owned();
    let session = format!("Internal {}", secret("internalToken"));
    let token = format!("Bearer {}", secret("personalAccessToken"));
    let status =
        async |caller: &str| call(&serving, "GET", "/api/projects").caller(caller).send().await.status;
    assert_eq!((status(&session).await, status(&token).await), (200, 200));

    // The file says until when.
    assert_eq!(credentials["personalAccessTokenExpiresAt"], Value::Null);
    let clock = call(&serving, "GET", "/_test/clock").caller(&test).expect(200).await.json();
    let moment = |time: &Value| {
        let time = time.as_str().expect("a time");
        brms::clock::Timestamp::parse_rfc3339(time).expect("RFC 3339").as_millis()
    };
    let lifetime = moment(&credentials["internalTokenExpiresAt"]) - moment(&clock["now"]);
    let hours = 60 * 60 * 1000;
    assert!((12 * hours - 60_000..=12 * hours).contains(&lifetime), "{lifetime} ms");

    let advance = async |by: &str| {
        let body = serde_json::json!({ "by": by });
        call(&serving, "POST", "/_test/clock/advance").caller(&test).json(&body).expect(200).await;
    };
    advance("11h 58m").await;
    assert_eq!((status(&session).await, status(&token).await), (200, 200));
    advance("2m").await;
    assert_eq!((status(&session).await, status(&token).await), (401, 200));
    advance("3650d").await;
    assert_eq!((status(&session).await, status(&token).await), (401, 200));
}

#[cfg(target_os = "linux")]
#[test]
fn fr_63_a_terminal_shows_how_long_the_first_credentials_last() {
    let folder = tempfile::tempdir().expect("a folder");
    // Its name is shown, too, and is not to turn the line around.
    let name = "Acme \u{202e}Ltd";
    let words = [env!("CARGO_BIN_EXE_brms"), "serve", "--listen", "127.0.0.1:0", "--database", "test.db"];
    let words = [&words[..], &["--ready-file", "ready.json", "--organisation", name]].concat();
    let words = format!("exec {}", shlex::try_join(words).expect("no NUL"));
    let shown = folder.path().join("shown");
    let mut terminal = std::process::Command::new("script");
    terminal.args(["--quiet", "--flush", "--command", &words, "/dev/null"]).env("TERM", "xterm-256color");
    let mut serving = start(folder.path(), |command| {
        terminal.current_dir(folder.path()).stdin(std::process::Stdio::null());
        terminal.stdout(std::fs::File::create(&shown).expect("a file"));
        *command = crate::support::program::without_settings(terminal);
    });
    ready(folder.path());
    let text = crate::processes::wait_for("the credentials", || {
        let shown = String::from_utf8_lossy(&std::fs::read(&shown).ok()?).into_owned();
        shown.contains("a sign-in of the owner").then_some(shown)
    });
    crate::processes::terminate(&serving.0);
    serving.ended();
    let secrets = text.split_whitespace().filter(|word| word.starts_with("brms_"));
    let count = secrets.map(crate::support::leaks::learn).count();
    assert_eq!(count, 2, "{text}");
    assert!(
        text.contains("everything in every project, until it is revoked (`brms token revoke`)"),
        "{text}"
    );
    let until =
        text.split("a sign-in of the owner, until ").nth(1).and_then(|rest| rest.split_whitespace().next());
    assert!(until.is_some_and(|until| brms::clock::Timestamp::parse_rfc3339(until).is_some()), "{text}");
    assert!(text.contains("Acme \\u{202e}Ltd") && !text.contains('\u{202e}'), "{text}");
    assert!(!folder.path().join("test.db.credentials").exists(), "they are shown or written, not both");
}
