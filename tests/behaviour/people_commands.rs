//! `brms user` and `brms invitation`, and `brms token create`: by id or address, as a table or as JSON.
//! FR-72, FR-73, FR-74.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processes::call;
use crate::support::program::{Serving, brms, run};
use crate::support::{leaks, seed};

fn run_on(folder: &Path, arguments: &[&str]) -> Output {
    let output = brms()
        .current_dir(folder)
        .env("BRMS_DATABASE", "test.db")
        .args(arguments)
        .output()
        .expect("brms runs");
    leaks::printed(arguments, &output);
    output
}

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = run_on(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn in_json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(folder, &[arguments, &["--json"]].concat())).expect("JSON")
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run_on(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// A folder with a database of the example seed.
fn seeded() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    printed(folder.path(), &["seed", seed::FILE]);
    folder
}

#[test]
fn fr_73_users_are_listed_and_shown_by_id_and_by_address() {
    let folder = seeded();
    let folder = folder.path();
    let table = printed(folder, &["user", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 13, "a header and everybody: {table}");
    assert!(lines[0].starts_with("ID ") && lines[0].contains("  EMAIL "), "{table}");
    let olga = lines.iter().find(|line| line.contains("owner@acme.test")).expect("the owner");
    assert!(olga.starts_with(seed::OWNER) && olga.contains("Olga Owner") && olga.ends_with("acme"), "{olga}");
    let list = in_json(folder, &["user", "list"]);
    assert_eq!(list.as_array().map(Vec::len), Some(12));

    let by_address = in_json(folder, &["user", "show", "READER@acme.test"]);
    assert_eq!(by_address, in_json(folder, &["user", "show", seed::READER]));
    assert_eq!(by_address["projects"][0]["id"], seed::PRICING);
    assert_eq!(by_address["tokens"].as_array().map(Vec::len), Some(2), "{by_address}");
    let ivy = printed(folder, &["user", "show", seed::IVY_EMAIL]);
    for words in ["email:        ivy@acme.test", "type:         invited", "invitation:   ", "pending, until "]
    {
        assert!(ivy.contains(words), "{words}: {ivy}");
    }
    assert!(refused(folder, &["user", "show", "eve@acme.test"]).contains("does not match a user"));

    let twice = json!({ "organisations": [{ "name": "again",
        "users": [{ "email": "owner@acme.test", "type": "owner" }] }] });
    std::fs::write(folder.join("twice.json"), twice.to_string()).expect("a file");
    printed(folder, &["seed", "twice.json", "--add"]);
    let error = refused(folder, &["user", "show", "owner@acme.test"]);
    assert!(error.contains("several users") && error.contains(seed::OWNER), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_73_invitations_are_listed_linked_and_withdrawn_by_id_and_by_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let folder = folder.path();
    let list = in_json(folder, &["invitation", "list"]);
    let find = |list: &Value, email: &str| {
        list.as_array().expect("a list").iter().find(|each| each["email"] == email).expect("it").clone()
    };
    let id = find(&list, seed::IVY_EMAIL)["id"].as_str().expect("an id").to_owned();
    let mut old = None;
    for name in [seed::IVY_EMAIL, seed::IVY, &id] {
        let made = in_json(folder, &["invitation", "link", name]);
        assert_eq!((&made["id"], &made["email"]), (&json!(id), &json!(seed::IVY_EMAIL)));
        let link = made["link"].as_str().expect("a link").to_owned();
        assert!(link.ends_with(made["code"].as_str().expect("a code")), "{link}");
        if let Some(old) = old.replace(link) {
            let answer = call(&serving, "POST", "/invitations/accept").form(&[("secret", &old)]).expect(410);
            assert!(answer.await.text().contains("replaced"));
        }
    }
    assert_eq!(find(&in_json(folder, &["invitation", "list"]), seed::IVY_EMAIL)["state"], "open");

    let said = printed(folder, &["invitation", "withdraw", seed::IVY_EMAIL]);
    assert!(said.contains("ivy@acme.test is withdrawn"), "{said}");
    let link = old.expect("a link");
    let answer = call(&serving, "POST", "/invitations/accept").form(&[("secret", &link)]).expect(410).await;
    assert!(answer.text().contains("withdrawn"));
    let withdrawn = find(&in_json(folder, &["invitation", "list"]), seed::IVY_EMAIL);
    assert_eq!(json!([withdrawn["state"], withdrawn["status"]]), json!(["withdrawn", "pending"]));
    let again = in_json(folder, &["invitation", "withdraw", &id]);
    assert_eq!(again["expiresAt"], withdrawn["expiresAt"], "it ended when it was withdrawn first");
    let table = printed(folder, &["invitation", "list"]);
    assert!(table.lines().any(|line| line.starts_with(&id) && line.contains("withdrawn")), "{table}");
    let path = "/api/audit-logs?action=updated&type=user";
    let log = call(&serving, "GET", path).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(log["results"][0]["refId"], seed::IVY, "{log}");
    assert_eq!(log["paginate"]["total"], 1, "a withdrawal that changes nothing leaves no row: {log}");
    let path = format!("/api/audit-logs/{}", log["results"][0]["id"].as_str().expect("an id"));
    let row = call(&serving, "GET", &path).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(row["data"]["changes"]["expiresAt"]["to"], withdrawn["expiresAt"], "{row}");

    for (name, words) in [
        ("owner@acme.test", "no pending invitation"),
        ("eve@acme.test", "does not match a user"),
        (seed::UNKNOWN_ID, "does not match a user"),
    ] {
        assert!(refused(folder, &["invitation", "withdraw", name]).contains(words), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_72_a_link_has_the_address_of_the_server_that_runs_on_the_database() {
    let folder = seeded();
    let hash = "SELECT hex(secret_hash) FROM invitation_secrets WHERE state = 'live' ORDER BY 1";
    let live = || -> Vec<String> {
        let database = crate::backups::sqlite(&folder.path().join("test.db"));
        let mut statement = database.prepare(hash).expect("a statement");
        statement.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a row")).collect()
    };
    let before = live();
    let error = refused(folder.path(), &["invitation", "link", seed::IVY_EMAIL]);
    assert!(error.contains("--public-url") && error.contains("BRMS_PUBLIC_URL"), "{error}");
    assert_eq!(live(), before, "the good link stays");

    // On another port than the default, and then at another address.
    let serving = Serving::start(folder.path(), &[]);
    let link = printed(folder.path(), &["invitation", "link", seed::IVY_EMAIL]);
    let link = link.lines().next().expect("a link");
    let home = serving.url.replace("127.0.0.1", "localhost");
    assert!(link.starts_with(&format!("{home}/invitations/accept#")), "{link}");
    let page = reqwest::get(link).await.expect("an answer");
    assert_eq!(page.status(), 200);
    drop(serving);
    let _serving = Serving::start(folder.path(), &["--public-url", "https://people.test/brms/"]);
    let link = printed(folder.path(), &["invitation", "link", seed::IVY]);
    assert!(link.starts_with("https://people.test/brms/invitations/accept#"), "{link}");
    let link =
        printed(folder.path(), &["invitation", "link", seed::IAN, "--public-url", "https://other.test"]);
    assert!(link.starts_with("https://other.test/invitations/accept#"), "{link}");
}

#[test]
fn fr_74_token_create_says_what_it_grants_and_refuses_a_token_that_grants_nothing() {
    let folder = seeded();
    let create = ["token", "create", "--user", "owner@acme.test", "--kind"];
    let with = |more: &[&'static str]| [&create[..], more].concat();
    for more in [
        &["personal"][..],
        &["personal", "--all-projects"],
        &["personal", "--project", seed::PRICING],
        &["personal", "--permission", "owner"],
    ] {
        let error = refused(folder.path(), &with(more));
        for words in ["--permission", "--all-projects", "--project", "owner", "project:manage"] {
            assert!(error.contains(words), "{more:?}: {words}: {error}");
        }
    }
    for (more, words) in [
        (&["personal", "--permission", "owner", "--all-projects"][..], "owner in every project"),
        (
            &[
                "personal",
                "--permission",
                "releases",
                "--permission",
                "project:manage",
                "--project",
                seed::PRICING,
            ],
            "releases, project:manage in project 0190a000-0000-7000-a000-000000000001",
        ),
        (&["internal"], "everything that the user may do"),
    ] {
        let said = printed(folder.path(), &with(more));
        let line = said.lines().nth(1).expect("a second line");
        assert!(line.contains(words) && line.contains(" of owner@acme.test: "), "{line}");
        let ends = if more[0] == "internal" { "until 20" } else { "until it is revoked" };
        assert!(line.contains(ends), "{line}");
    }
    let error =
        refused(folder.path(), &["token", "create", "--user", "dora@acme.test", "--kind", "internal"]);
    assert!(error.contains("dora@acme.test is disabled"), "{error}");
    let both = ["--permission", "owner", "--all-projects", "--project", seed::PRICING];
    assert_eq!(run(&[&with(&["personal"])[..], &both].concat()).status.code(), Some(2));
    assert!(run(&["token", "create", "--help"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_56_the_command_line_takes_the_notes_that_the_api_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let long = "x".repeat(201);
    for (note, is_taken) in
        [("CI", true), ("\u{200b}", true), ("\u{202e}b", true), ("a\u{7}b", false), (&long, false)]
    {
        let body = json!({ "note": note, "permissions": ["owner"], "allProjects": true, "expiry": "week" });
        let answer = call(&serving, "POST", "/api/personal-access-tokens")
            .caller(seed::OWNER_SES)
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.status, if is_taken { 200 } else { 400 }, "{note:?}: {}", answer.text());
        let create =
            ["token", "create", "--user", "owner@acme.test", "--kind", "personal", "--permission", "owner"];
        let output = run_on(folder.path(), &[&create[..], &["--all-projects", "--note", note]].concat());
        assert_eq!(output.status.code(), Some(if is_taken { 0 } else { 2 }), "{note:?}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_signing_in_is_made_for_those_who_can_sign_in() {
    let folder = seeded();
    let path = folder.path();
    let refusal = refused(path, &["sign-in", "link", "--user", seed::READER]);
    assert!(refusal.contains("no server has run on this database"), "{refusal}");
    let flags = ["sign-in", "link", "--public-url", "http://people.test", "--user"];
    for (user, words) in [
        (seed::IVY_EMAIL, "has not accepted the invitation yet: see `brms invitation link"),
        ("dora@acme.test", "is disabled"),
        ("robot@acme.test", "is a service account"),
        ("eve@acme.test", "does not match a user"),
    ] {
        let refusal = refused(path, &[&flags[..], &[user]].concat());
        assert!(refusal.contains(words), "{refusal}");
    }
    let shown = printed(path, &[&flags[..], &["reader@acme.test"]].concat());
    assert!(shown.starts_with("http://people.test/sign-in#brms_sil_"), "{shown}");
    let told = in_json(path, &[&flags[..], &["reader@acme.test"]].concat());
    assert_eq!(told["userId"], seed::READER);
    assert!(
        told["link"].as_str().is_some_and(|link| link.starts_with("http://people.test/sign-in#brms_sil_"))
    );
}
