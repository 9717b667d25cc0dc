//! Users of one organisation with the same mailbox, in files of earlier versions: the upgrade keeps both, `brms check`
//! and the start name them, new ones are refused, and `brms user set-email` resolves it.
//!
//! Of SQLite alone: its schema steps.

use std::path::Path;
use std::process::Output;

use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::processes::{call, log};
use crate::support::program::{Serving, run, run_well};
use crate::support::{TestServer, seed};

const ACME: &str = "0190a000-0000-7000-b000-000000000001";

/// The users of the file, by what was typed; the last two are not accepted any more.
const TYPED: [&str; 7] = [
    "rita@bücher.test",
    "RITA@xn--bcher-kva.test",
    "\"sam\"@acme.test",
    "sam@acme.test",
    "Tom@acme.test",
    "una@acme.test\u{200b}",
    "una@acme.test",
];

fn id(number: usize) -> String {
    format!("0190a000-0000-7000-8000-0000000009{number:02}")
}

/// A database of schema step 5 with these users more.
fn before_the_step() -> TempDir {
    before_the_step_with(&TYPED)
}

/// The same with users of these addresses.
fn before_the_step_with(typed: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schemas/0005.sql");
    let connection = Connection::open(folder.path().join("test.db")).expect("a database");
    connection.execute_batch(&std::fs::read_to_string(fixture).expect("the fixture")).expect("it runs");
    for (number, email) in typed.iter().enumerate() {
        let bytes = |text: &str| Uuid::parse_str(text).expect("an id").into_bytes().to_vec();
        connection
            .execute(
                "INSERT INTO users (id, organisation_id, email, email_folded, type, status, is_service, created_at,
                                    updated_at)
                 VALUES (?1, ?2, ?3, ?4, 'member', 'active', 0, ?5, ?5)",
                params![bytes(&id(number)), bytes(ACME), email, email.to_lowercase(), 1_767_225_700_000_i64 + i64::try_from(number).expect("few")],
            )
            .expect("a user");
    }
    drop(connection);
    folder
}

fn database(folder: &Path) -> String {
    folder.join("test.db").display().to_string()
}

fn check(folder: &Path) -> Output {
    run(&["check", "--database", &database(folder)])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// `email_folded` and `email_clash` of a user.
fn folded(folder: &Path, number: usize) -> (String, Option<String>) {
    let sql = "SELECT email_folded, email_clash FROM users WHERE email = ?1";
    let connection = Connection::open(folder.join("test.db")).expect("the database");
    connection.query_row(sql, [TYPED[number]], |row| Ok((row.get(0)?, row.get(1)?))).expect("the user")
}

/// All faults that `brms check` has to name.
fn assert_all_named(output: &Output) {
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{out}{error}");
    assert_eq!(out.matches("these users have the same mailbox").count(), 2, "{out}");
    for number in [0, 1, 2, 3, 5] {
        assert!(out.contains(&id(number)), "{number}: {out}");
    }
    for number in [4, 6] {
        assert!(!out.contains(&id(number)), "{number}: {out}");
    }
    assert!(out.contains("una@acme.test\\u{200b}") && out.contains("U+200B at character 14"), "{out}");
    assert!(error.contains("3 faults") && error.contains("brms user set-email"), "{error}");
}

#[test]
fn fr_50_check_names_users_of_one_mailbox_in_a_file_that_is_not_migrated_and_changes_nothing() {
    let folder = before_the_step();
    let file = folder.path().join("test.db");
    let before = std::fs::read(&file).expect("the file");
    assert_all_named(&check(folder.path()));
    assert_eq!(std::fs::read(&file).expect("the file"), before);
    let mut permissions = std::fs::metadata(folder.path()).expect("a folder").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(folder.path(), permissions.clone()).expect("it is changed");
    assert_all_named(&check(folder.path()));
    #[expect(clippy::permissions_set_readonly_false, reason = "a folder of the test")]
    permissions.set_readonly(false);
    std::fs::set_permissions(folder.path(), permissions).expect("it is changed");
    for path in ["missing.db", "empty.db"] {
        let path = folder.path().join(path);
        if path.ends_with("empty.db") {
            std::fs::write(&path, "").expect("an empty file");
        }
        let output = run(&["check", "--database", &path.display().to_string()]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_an_upgrade_keeps_users_of_one_mailbox_and_refuses_new_ones() {
    let folder = before_the_step();
    let serving = Serving::start(folder.path(), &[]);
    let logged = log(folder.path());
    for number in 0..4 {
        assert!(logged.contains(&id(number)), "{logged}");
    }
    assert!(logged.contains("brms check") && !logged.contains("rita@"), "{logged}");
    drop(serving);
    let rita = Some("rita@xn--bcher-kva.test".to_owned());
    assert_eq!(folded(folder.path(), 0), ("rita@bücher.test".to_owned(), rita.clone()));
    assert_eq!(folded(folder.path(), 1), ("rita@xn--bcher-kva.test".to_owned(), rita));
    assert_eq!(folded(folder.path(), 4), ("tom@acme.test".to_owned(), None));
    assert_eq!(folded(folder.path(), 5), ("una@acme.test\u{200b}".to_owned(), None));
    assert_all_named(&check(folder.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_an_address_of_several_users_is_refused_unless_it_is_as_one_of_them_typed_it() {
    let folder = before_the_step();
    let token = format!(
        "Internal {}",
        run_well(&[
            "token",
            "create",
            "--user",
            "owner@acme.test",
            "--kind",
            "internal",
            "--database",
            &database(folder.path())
        ])
        .lines()
        .next()
        .expect("a secret")
    );
    let serving = Serving::start(folder.path(), &[]);
    let invite = async |email: &str| {
        let call = call(&serving, "POST", "/api/users").caller(&token);
        call.json(&json!({ "emails": [email] })).expect(409).await
    };
    for email in ["Rita@bücher.test", "rita@xn--bcher-kva.test", "\"SAM\"@acme.test", "sam@acme.test"] {
        assert_eq!(invite(email).await.problem(), "already-accepted", "{email}");
    }
    for email in [
        "rita@bu\u{308}cher.test",
        "rita@bücher\u{3002}test",
        "s\\am@acme.test".replace('\\', "").as_str(),
        "sam@\u{ff41}cme.test",
    ] {
        let answer = invite(email).await;
        if email != "sam@acme.test" {
            assert_eq!(
                (answer.problem().as_str(), answer.places()),
                ("address-clash", vec!["/emails/0".to_owned()]),
                "{email}"
            );
        }
    }
}

#[test]
fn fr_50_set_email_resolves_it() {
    let folder = before_the_step();
    let path = database(folder.path());
    let set = |user: &str, email: &str| run(&["user", "set-email", user, email, "--database", &path]);
    for (user, email, why) in [
        ("rita@bu\u{308}cher.test", "new@acme.test", "several users"),
        (id(0).as_str(), "TOM@acme.test", "has this address"),
        (id(0).as_str(), "rita@bu\u{308}cher.test", "has this address"),
        (id(4).as_str(), "sam@\u{ff41}cme.test", "has this address"),
        ("unknown@acme.test", "new@acme.test", "does not match a user"),
    ] {
        let output = set(user, email);
        let error = text(&output.stderr);
        assert!(output.status.code() == Some(1) && error.contains(why), "{user} {email}: {error}");
    }
    assert_eq!(set(&id(0), "new\u{200b}@acme.test").status.code(), Some(2));
    assert!(set(&id(0), "Rita.B@acme.test").status.success());
    assert_eq!(
        folded(folder.path(), 1),
        ("rita@xn--bcher-kva.test".to_owned(), None),
        "the other has it alone"
    );
    assert!(set("una@acme.test\u{200b}", "una.b@acme.test").status.success());
    assert!(set(&id(3), "sam.b@acme.test").status.success());
    assert_eq!(folded(folder.path(), 2), ("sam@acme.test".to_owned(), None));
    assert!(text(&set(&id(3), "sam.b@acme.test").stdout).contains("already"));
    let output = check(folder.path());
    assert!(output.status.success() && text(&output.stdout).contains("all different"), "{output:?}");
    let data: String = Connection::open(folder.path().join("test.db"))
        .expect("the database")
        .query_row("SELECT data FROM audit_logs WHERE data LIKE '%Rita.B%'", [], |row| row.get(0))
        .expect("an entry");
    let data: serde_json::Value = serde_json::from_str(&data).expect("JSON");
    assert_eq!(data["changes"], json!({ "email": { "from": TYPED[0], "to": "Rita.B@acme.test" } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_50_a_link_that_was_mailed_to_another_mailbox_is_void() {
    let server = TestServer::start().await;
    let path = server.database().display().to_string();
    let set = |email: &str| run_well(&["user", "set-email", seed::IVY, email, "--database", &path]);
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let accept = async |code: &str| {
        server.post("/invitations/accept").json(&json!({ "secret": code })).send().await.status
    };
    assert!(!set("Ivy@acme.test").contains("no longer works"), "the same mailbox");
    assert!(set("ivy@elsewhere.test").contains("no longer works"));
    assert_eq!(accept(&code).await, 410);
    let found =
        server.get("/api/users?search=ivy%40elsewhere").caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(found["results"][0]["id"], seed::IVY);
    let code = server.send_invitation(seed::IVY, "ivy@elsewhere.test").await;
    assert_eq!(accept(&code).await, 200);
}

#[test]
fn fr_50_a_user_who_is_the_last_with_a_mailbox_is_no_longer_marked() {
    // Up to step 5 KELVIN SIGN was compared as "k". The first two have one mailbox now; the second one keeps a folding
    // that is the address of the third.
    let folder = before_the_step_with(&[
        "\u{212a}arl@bücher.test",
        "\u{212a}arl@xn--bcher-kva.test",
        "karl@bu\u{308}cher.test",
    ]);
    let database = database(folder.path());
    let marked = || {
        let connection = Connection::open(folder.path().join("test.db")).expect("the database");
        let sql = "SELECT count(*) FROM users WHERE email_clash IS NOT NULL";
        connection.query_row(sql, [], |row| row.get::<_, u32>(0)).expect("a count")
    };
    let shown = |address: &str| run(&["user", "show", address, "--database", &database]);
    let output = shown("karl@b\u{fc}cher.test");
    assert!(text(&output.stdout).contains(&id(2)), "the third user alone has this address: {output:?}");
    assert_eq!(marked(), 3);
    for typed in ["\u{212a}arl@bücher.test", "\u{212a}arl@xn--bcher-kva.test"] {
        let number = usize::from(typed.contains("xn--"));
        let output = shown(typed);
        assert!(text(&output.stdout).contains(&id(number)), "found as it was typed: {typed}: {output:?}");
    }
    run_well(&["user", "set-email", &id(1), "zed@acme.test", "--database", &database]);
    assert_eq!(marked(), 0);
    let karl = shown("karl@xn--bcher-kva.test");
    assert!(text(&karl.stdout).contains(&id(2)), "{karl:?}");
    assert_eq!(check(folder.path()).status.code(), Some(0));
}

#[test]
fn fr_50_an_export_keeps_shared_and_invalid_addresses_and_can_be_seeded() {
    let folder = before_the_step();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let export = |database: &str, to: &str| run_well(&["export", &path(to), "--database", &path(database)]);
    export("test.db", "first.json");
    run_well(&["seed", &path("first.json"), "--database", &path("second.db")]);
    export("second.db", "second.json");
    let exported = |name: &str| std::fs::read_to_string(path(name)).expect("an export");
    assert_eq!(exported("first.json"), exported("second.json"));
    assert_all_named(&run(&["check", "--database", &path("second.db")]));
    let columns = |database: &str| -> Vec<(String, String, Option<String>)> {
        let connection = Connection::open(path(database)).expect("the database");
        let sql = "SELECT email, email_folded, email_clash FROM users ORDER BY id";
        let mut statement = connection.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    };
    assert_eq!(columns("test.db"), columns("second.db"));
    // What is written by hand is refused as before, and so is a kept address beside a new one.
    let seed = exported("first.json");
    std::fs::write(path("new.json"), seed.replace("\"emailAsStored\": true,", "")).expect("a file");
    let mut one: serde_json::Value = serde_json::from_str(&seed).expect("JSON");
    let users = one["organisations"].as_array_mut().expect("a list").iter_mut();
    let users = users.flat_map(|organisation| organisation["users"].as_array_mut().expect("a list"));
    let rita = users.into_iter().find(|user| user["email"] == TYPED[1]).expect("a user");
    rita.as_object_mut().expect("a user").remove("emailAsStored");
    std::fs::write(path("one.json"), one.to_string()).expect("a file");
    for (name, faults) in [("new.json", 3), ("one.json", 1)] {
        let output = run(&["seed", &path(name), "--database", &path("third.db")]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert_eq!(error.matches("].email: ").count(), faults, "{error}");
    }
    // An address that is resolved in the file is as any other.
    run_well(&["user", "set-email", &id(1), "rita@other.test", "--database", &path("second.db")]);
    export("second.db", "resolved.json");
    assert_eq!(exported("resolved.json").matches("emailAsStored").count(), 3);
}
