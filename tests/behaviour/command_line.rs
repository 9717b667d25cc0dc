//! The commands: their output, their errors, and that their results work on a running server.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;

use crate::processes::{call, ready, start, status_of, wait_for};
use crate::support::program::{Serving, brms, run, run_well};
use crate::support::{leaks, seed};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs a command in a folder, on the database there.
fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = brms();
    let output = command.current_dir(folder).env("BRMS_DATABASE", "test.db").args(arguments).output();
    let output = output.expect("brms runs");
    leaks::printed(arguments, &output);
    output
}

fn run_well_in(folder: &Path, arguments: &[&str]) -> String {
    let output = run_in(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn refused_in(folder: &Path, arguments: &[&str]) -> String {
    let output = run_in(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn help_and_version_go_to_standard_output_and_list_every_command_and_variable() {
    let help = run_well(&["--help"]);
    for command in [
        "serve",
        "init",
        "demo",
        "seed",
        "mailbox",
        "invitation",
        "token",
        "project",
        "backup",
        "restore",
        "health",
        "openapi",
        "completions",
        "man",
    ] {
        assert!(help.contains(&format!("\n  {command}")), "{command}: {help}");
    }
    assert_eq!(run_well(&["--version"]), format!("brms {}\n", env!("CARGO_PKG_VERSION")));
    let serve = run_well(&["serve", "--help"]);
    for name in ["LISTEN", "DATABASE", "PUBLIC_URL", "SEED", "READY_FILE", "INVITATION_TTL", "LOG"] {
        // The value of a secret is not shown.
        let shown = [format!("[env: BRMS_{name}="), format!("[env: BRMS_{name}]")];
        assert!(shown.iter().any(|shown| serve.contains(shown)), "{name}: {serve}");
    }
}

#[test]
fn unknown_and_invalid_arguments_exit_with_code_2_and_a_hint() {
    for (arguments, named) in [
        (&["serv"][..], "serv"),
        (&["serve", "--listne", "x"], "--listne"),
        (&["serve", "--listen", "localhost"], "--listen"),
        (&["serve", "--invitation-ttl", "7"], "--invitation-ttl"),
        (&["serve", "--cors-origin", "*"], "--cors-origin"),
        (&["serve", "--invitation-sends-max", "0"], "--invitation-sends-max"),
        (&["serve", "--public-url", "people.test"], "--public-url"),
        (&["serve", "--mail-from", "nobody"], "--mail-from"),
        (&["mailbox", "show", "7"], "ID"),
        (&["token", "create", "--user", "x", "--kind", "root"], "--kind"),
        (&["token", "create", "--user", "x", "--kind", "personal", "--permission", "x"], "--permission"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(named), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_misspelt_variable_is_rejected_with_its_name_and_the_known_ones() {
    let folder = folder();
    for command in ["serve", "health", "seed"] {
        let mut program = brms();
        program.current_dir(&folder).arg(command).env("BRMS_PUBLIC_ULR", "secret-value");
        let output = program.output().expect("brms runs");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("BRMS_PUBLIC_ULR") && error.contains("BRMS_PUBLIC_URL"), "{error}");
        assert!(!error.contains("secret-value"), "{error}");
    }
    assert!(!folder.path().join("brms.db").exists());
}

#[test]
fn serve_is_the_default_command_and_flags_override_variables() {
    for arguments in [&[][..], &["--listen", "127.0.0.1:0"], &["serve", "--listen=127.0.0.1:0"]] {
        let folder = folder();
        // Only a flag can repair this address, so the first round sets a right one.
        let listen = if arguments.is_empty() { "127.0.0.1:0" } else { "192.0.2.1:1" };
        let _child = start(folder.path(), |command| {
            command.args(arguments).env("BRMS_LISTEN", listen);
            command.env("BRMS_READY_FILE", "ready.json").env("BRMS_DATABASE", "other.db");
        });
        let url = ready(folder.path());
        let address = url.strip_prefix("http://").expect("http");
        assert_eq!(run_well(&["health", "--listen", address]), format!("{address} is healthy\n"));
        assert!(folder.path().join("other.db").exists());
    }
}

#[test]
fn health_exits_with_0_when_ready_and_1_when_down() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &[]);
    let address = serving.url.trim_start_matches("http://").to_owned();
    let output = brms().arg("health").env("BRMS_LISTEN", &address).output().expect("brms runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    drop(serving);
    // At the first address nothing listens; at the second, a program other than brms.
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let stranger = other.local_addr().expect("an address").to_string();
    let hanging_up = std::thread::spawn(move || other.accept().map(drop));
    for address in ["127.0.0.1:1", &stranger] {
        let output = run(&["health", "--listen", address]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    hanging_up.join().expect("the stranger ends").expect("it was asked");
}

#[test]
fn the_demo_runs_all_steps_and_leaves_nothing_behind() {
    let folder = folder();
    let mut command = brms();
    command.arg("demo").current_dir(&folder).env("TMPDIR", folder.path());
    // The demo ignores the environment; its mails go to no relay.
    command.envs([("BRMS_SMTP_HOST", "127.0.0.1"), ("BRMS_SMTP_PORT", "1"), ("BRMS_EPHEMERAL", "true")]);
    command.envs([("BRMS_PUBLIC_URL", "https://people.example.org"), ("BRMS_MAIL_FROM", "brms@example.org")]);
    let output = command.output().expect("brms");
    let story = text(&output.stdout);
    assert!(output.status.success(), "{story}\n{}", text(&output.stderr));
    for wanted in
        ["Subject: ", "/invitations/accept#brms_inv_", "410", "401", "All responses were as expected"]
    {
        assert!(story.contains(wanted), "{wanted}: {story}");
    }
    let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_missing_database_is_reported_with_a_remedy_and_not_created() {
    let folder = folder();
    for arguments in [
        &["mailbox", "list"][..],
        &["mailbox", "show", seed::UNKNOWN_ID],
        &["invitation", "link", seed::IVY],
        &["token", "list"],
        &["token", "create", "--user", "a@b.test", "--kind", "internal"],
        &["token", "revoke", seed::UNKNOWN_ID],
        &["backup", "copy.db"],
    ] {
        let error = refused_in(folder.path(), arguments);
        assert!(error.contains("test.db") && error.contains("`brms serve` or `brms seed`"), "{error}");
    }
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailbox_lists_and_shows_mails_of_a_running_server() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    assert_eq!(run_well_in(folder.path(), &["mailbox", "list"]), "no mail yet\n");
    let path = seed::invitation_path(seed::IVY);
    call(&serving, "POST", &path).caller(seed::OWNER_SES).expect(200).await;
    let listed = wait_for("the delivery", || {
        Some(run_well_in(folder.path(), &["mailbox", "list"])).filter(|list| list.contains("delivered"))
    });
    assert!(listed.contains(seed::IVY_EMAIL) && listed.lines().count() == 1, "{listed}");
    assert!(!listed.contains("brms_inv_"));
    let id = listed.split(' ').next().expect("an id");
    let shown = run_well_in(folder.path(), &["mailbox", "show", id]);
    for line in ["From: Acme Ltd <brms@localhost>", "Reply-To: Olga Owner <owner@acme.test>", "Subject: "] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let raw = run_well_in(folder.path(), &["mailbox", "show", id, "--raw"]);
    assert!(raw.contains(&format!("Message-ID: <{id}@localhost>\r\n")), "{raw}");
    let begin = shown.find("brms_inv_").expect("a code");
    let code: String = shown[begin..].chars().take_while(|letter| !letter.is_whitespace()).collect();
    call(&serving, "POST", "/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
    let error = refused_in(folder.path(), &["mailbox", "show", seed::UNKNOWN_ID]);
    assert!(error.contains("mailbox list"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_created_by_the_operator_can_be_accepted() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let printed =
        run_well_in(folder.path(), &["invitation", "link", seed::IVY, "--public-url", &serving.url]);
    let link = printed.lines().next().expect("a link");
    let (page, code) = link.split_once('#').expect("a fragment");
    assert_eq!(page, format!("{}/invitations/accept", serving.url));
    call(&serving, "POST", "/invitations/accept").form(&[("secret", code)]).expect(200).await;
    assert_eq!(run_well_in(folder.path(), &["mailbox", "list"]), "no mail yet\n");
    for (id, words) in
        [(seed::IVY, "accepted"), (seed::ROBOT, "service account"), (seed::UNKNOWN_ID, "does not match")]
    {
        let error = refused_in(folder.path(), &["invitation", "link", id]);
        assert!(error.contains(words), "{id}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_created_listed_and_revoked_while_a_server_runs() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let create = ["token", "create", "--user", "owner@acme.test", "--kind"];
    let made = |more: &[&str]| {
        let printed = run_well_in(folder.path(), &[&create[..], more].concat());
        let mut lines = printed.lines().map(str::to_owned);
        let secret = lines.next().expect("a secret");
        let id = lines.next().expect("an id")["token ".len()..][..36].to_owned();
        (secret, id)
    };
    let (personal, personal_id) =
        made(&["personal", "--permission", "owner", "--all-projects", "--note", "for the night"]);
    let (internal, internal_id) = made(&["internal"]);
    let (bearer, internal_word) = (format!("Bearer {personal}"), format!("Internal {internal}"));
    assert_eq!(status_of(&serving, &bearer).await, 200);
    assert_eq!(status_of(&serving, &internal_word).await, 200);
    assert_eq!(status_of(&serving, &format!("Bearer {internal}")).await, 401, "not its scheme");

    let listed = run_well_in(folder.path(), &["token", "list"]);
    assert!(
        listed.contains(&personal_id) && listed.contains("for the night") && listed.contains("until revoked")
    );
    assert!(listed.contains(&internal_id) && !listed.contains("brms_"), "{listed}");
    for (id, caller) in [(&personal_id, &bearer), (&internal_id, &internal_word)] {
        run_well_in(folder.path(), &["token", "revoke", id]);
        assert_eq!(status_of(&serving, caller).await, 401, "on the very next request");
        assert!(refused_in(folder.path(), &["token", "revoke", id]).contains("token list"));
    }
    assert!(!run_well_in(folder.path(), &["token", "list"]).contains(&personal_id));
}

#[test]
fn a_token_for_an_unknown_user_or_with_invalid_options_is_rejected() {
    let folder = folder();
    run_well_in(folder.path(), &["seed", seed::FILE]);
    let before = run_well_in(folder.path(), &["token", "list"]);
    for (more, words) in [
        (&["--user", "eve@acme.test", "--kind", "internal"][..], "does not match a user"),
        (&["--user", seed::UNKNOWN_ID, "--kind", "internal"], "does not match a user"),
        (&["--user", seed::OWNER, "--kind", "internal", "--all-projects"], "--kind internal"),
        (&["--user", seed::OWNER, "--kind", "internal", "--note", "for CI"], "--note belongs to"),
        (
            &[
                "--user",
                seed::OWNER,
                "--kind",
                "personal",
                "--permission",
                "owner",
                "--project",
                seed::GLOBEX_PROJECT,
            ],
            "does not match a project",
        ),
    ] {
        let error = refused_in(folder.path(), &[&["token", "create"], more].concat());
        assert!(error.contains(words), "{more:?}: {error}");
    }
    assert_eq!(run_well_in(folder.path(), &["token", "list"]), before);
}
