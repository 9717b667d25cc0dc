//! `brms seed`: the seed file format, and that all errors are reported with their paths before anything is written.
//!
//! Of SQLite alone: it reads the file that a command wrote.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Serving, run};
use crate::support::{TestServer, seed};

fn example() -> Value {
    serde_json::from_slice(&std::fs::read(seed::FILE).expect("the seed")).expect("JSON")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Seeds a folder's database; returns the exit code, the output and the errors.
fn seed_in(folder: &Path, text: &str, flags: &[&str]) -> (Option<i32>, String) {
    let (file, database) = (folder.join("seed.json"), folder.join("test.db"));
    std::fs::write(&file, text).expect("a seed file");
    let (file, database) = (file.display().to_string(), database.display().to_string());
    let output = run(&[&["seed", &file, "--database", &database], flags].concat());
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

fn people(folder: &Path) -> i64 {
    let connection = rusqlite::Connection::open(folder.join("test.db")).expect("the database opens");
    connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).expect("a count")
}

/// A path, a value to write there, and the expected error.
type Fault = (&'static str, Value, &'static str);

/// Errors that serde reports with their path.
fn faults_of_form() -> Vec<Fault> {
    vec![
        ("/organisations/0/users/1/emial", json!("a@b.test"), "organisations[0].users[1].emial"),
        ("/organisatons", json!([]), "organisatons"),
        ("/organisations/0/users/1/type", json!("boss"), "organisations[0].users[1].type"),
        ("/organisations/0/users/1/type", json!("ADMIN"), "organisations[0].users[1].type"),
        ("/organisations/0/users/1/id", json!("7"), "organisations[0].users[1].id"),
        ("/organisations/0/users/1/email", Value::Null, "organisations[0].users[1].email"),
        ("/organisations/0/projects/0/groups/0/permissions/0", json!("all"), "groups[0].permissions[0]"),
        ("/organisations/0/projects/0/members/0/owner", json!("yes"), "projects[0].members[0].owner"),
    ]
}

/// Errors that the seed's own check reports.
fn faults_of_sense() -> Vec<Fault> {
    let (user, project) =
        (|rest: &str| format!("/organisations/0/users{rest}"), "/organisations/0/projects/0");
    let long = "n".repeat(10_000);
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let mut faults = Vec::new();
    let mut fault = |place: String, value: Value, complaint: &'static str| {
        faults.push((leak(place), value, complaint));
    };
    fault(user("/1/id"), json!(seed::OWNER), "organisations[0].users[1].id: the same id");
    fault(user("/1/email"), json!("OWNER@Acme.test"), "organisations[0].users[1].email: another user");
    fault(user("/1/email"), json!("nobody"), "organisations[0].users[1].email");
    fault(user("/1/type"), json!("owner"), "organisations[0].users: has 2 users of type owner");
    fault(user("/0/type"), json!("admin"), "organisations[0].users: has 0 users of type owner");
    fault(user("/7/type"), json!("invited"), "organisations[0].users[7]: a service account");
    fault(user("/1/firstName"), json!(long), "organisations[0].users[1].firstName: is 10000 characters");
    fault(user("/1/lastName"), json!("a\nb"), "organisations[0].users[1].lastName: has a control");
    fault(user("/1/internalTokens/0/expiresAt"), json!("soon"), "internalTokens[0].expiresAt");
    fault(
        user("/2/personalAccessTokens/0/projects/0"),
        json!(seed::GLOBEX_PROJECT),
        "organisations[0].users[2].personalAccessTokens[0].projects[0]",
    );
    fault("/organisations/0/name".into(), json!("a\0"), "organisations[0].name: has a control");
    fault("/organisations/0/displayName".into(), json!(long), "organisations[0].displayName: is 10000");
    fault(format!("{project}/key"), json!("Pricing!"), "organisations[0].projects[0].key");
    fault("/organisations/0/projects/1/key".into(), json!("pricing"), "projects[1].key: another project");
    fault(format!("{project}/groups/1/id"), json!(seed::EDITORS), "projects[0].groups[1].id: the same id");
    fault(format!("{project}/groups/0/name"), json!(long), "projects[0].groups[0].name: is 10000");
    fault(
        format!("{project}/members/1/groupIds/0"),
        json!(seed::ADJUSTERS),
        "organisations[0].projects[0].members[1].groupIds[0]: 0190a000-0000-7000-9000-000000000003 is not a group",
    );
    fault(
        format!("{project}/members/1/userId"),
        json!(seed::GLOBEX_OWNER),
        "organisations[0].projects[0].members[1].userId: 0190a000-0000-7000-8000-000000000101 is not a user",
    );
    fault(format!("{project}/members/1/userId"), json!(seed::OWNER), "members[1].userId: this user is");
    faults
}

/// Sets a value at a pointer, also where there was none.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
    match parent {
        Value::Array(items) => items[key.parse::<usize>().expect("a position")] = value,
        _ => parent[key] = value,
    }
}

#[test]
fn each_error_is_reported_with_its_path_and_no_database_is_created() {
    for (pointer, value, complaint) in faults_of_form().into_iter().chain(faults_of_sense()) {
        let folder = folder();
        let mut document = example();
        put(&mut document, pointer, value);
        let (code, text) = seed_in(folder.path(), &document.to_string(), &[]);
        assert_eq!(code, Some(1), "{pointer}: {text}");
        assert!(text.contains(complaint) && text.contains("seed.json"), "{pointer}: {text}");
        assert!(text.len() < 2_000, "{pointer}: {text:.300}");
        assert!(!folder.path().join("test.db").exists(), "{pointer}");
    }
}

#[test]
fn an_invalid_or_repeated_secret_is_reported_by_its_path_and_never_printed() {
    let token = "/organisations/0/users/1/personalAccessTokens/0/secret";
    let owner_token = seed::OWNER_PAT.trim_start_matches("Bearer ");
    for secret in ["hunter2", "brms_pat_short", "brms_ses_000000000000000000000000000000000000", owner_token]
    {
        let folder = folder();
        let mut document = example();
        put(&mut document, token, json!(secret));
        let (code, text) = seed_in(folder.path(), &document.to_string(), &[]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("organisations[0].users[1].personalAccessTokens[0].secret"), "{text}");
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_file_that_is_not_a_seed_is_rejected_with_a_reason() {
    let folder = folder();
    for text in ["", "{", "[]", "null", "{}", "{\"organisations\": 5}", "{\"organisations\": []} x", "\u{0}"]
    {
        let (code, said) = seed_in(folder.path(), text, &[]);
        assert_eq!(code, Some(1), "{text}: {said}");
        assert!(said.contains("the seed file") && said.contains("seed.json"), "{text}: {said}");
    }
    let missing = folder.path().join("missing.json").display().to_string();
    let output = run(&["seed", &missing]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing.json"));
    assert!(!folder.path().join("test.db").exists());
}

#[test]
fn several_errors_are_all_reported_at_once() {
    let folder = folder();
    let mut document = example();
    put(&mut document, "/organisations/0/users/1/email", json!("x"));
    put(&mut document, "/organisations/1/users/0/type", json!("admin"));
    let (_, text) = seed_in(folder.path(), &document.to_string(), &[]);
    assert!(
        text.contains("organisations[0].users[1].email") && text.contains("organisations[1].users: has 0")
    );
}

#[test]
fn a_database_that_is_not_empty_is_seeded_only_with_add_and_all_or_nothing() {
    let folder = folder();
    let (code, said) = seed_in(folder.path(), &example().to_string(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 organisations, 12 users, 3 projects"), "{said}");
    let one = json!({ "organisations": [{ "id": seed::UNKNOWN_ID, "name": "initech",
        "users": [{ "email": "owner@initech.test", "type": "owner" }] }] });
    let (code, said) = seed_in(folder.path(), &one.to_string(), &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("--add") && said.contains("nothing was changed"), "{said}");
    assert_eq!(people(folder.path()), 12);
    let (code, said) = seed_in(folder.path(), &one.to_string(), &["--add"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(people(folder.path()), 13);

    // The first organisation is new, the second exists already: neither is written.
    let both = json!({ "organisations": [
        { "name": "hooli", "users": [{ "email": "owner@hooli.test", "type": "owner" }] },
        one["organisations"][0],
    ] });
    let (code, said) = seed_in(folder.path(), &both.to_string(), &["--add"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(people(folder.path()), 13);
}

#[test]
fn known_secrets_are_not_added_to_a_served_database_that_has_none() {
    let folder = folder();
    let serving = Serving::start(folder.path(), &[]);
    let before = people(folder.path());
    let (code, said) = seed_in(folder.path(), &example().to_string(), &["--add"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a server is using") && said.contains("/_test/seed"), "{said}");
    assert_eq!(people(folder.path()), before);
    // A seed without secrets is accepted, and so is one whose secrets are not known to others.
    let secret = json!({ "secretSha256": "5e".repeat(32), "seeded": false });
    let one = json!({ "organisations": [{ "name": "initech",
        "users": [{ "email": "owner@initech.test", "type": "owner", "internalTokens": [secret] }] }] });
    let (code, said) = seed_in(folder.path(), &one.to_string(), &["--add"]);
    assert_eq!(code, Some(0), "{said}");
    drop(serving);
    let (code, said) = seed_in(folder.path(), &example().to_string(), &["--add"]);
    assert_eq!(code, Some(0), "{said}");

    // This server was started with such secrets, so it has checked its listen address.
    let _serving = Serving::start(folder.path(), &[]);
    let secret = json!({ "secret": "brms_ses_hooli_00000000000000000000000000000000" });
    let more = json!({ "organisations": [{ "name": "hooli",
        "users": [{ "email": "owner@hooli.test", "type": "owner", "internalTokens": [secret] }] }] });
    let (code, said) = seed_in(folder.path(), &more.to_string(), &["--add"]);
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_has_the_content_of_the_seed() {
    let server = TestServer::start().await;
    for (sql, wanted) in [
        ("SELECT count(*) FROM users", 12),
        ("SELECT count(*) FROM users WHERE type = 'invited'", 3),
        ("SELECT count(*) FROM users WHERE status = 'disabled'", 1),
        ("SELECT count(*) FROM invitations WHERE status = 'pending'", 3),
        ("SELECT count(*) FROM invitations WHERE expires_at - created_at = 604800000", 3),
        ("SELECT count(*) FROM invitation_secrets", 0),
        ("SELECT count(*) FROM mails", 0),
        ("SELECT count(*) FROM projects", 3),
        ("SELECT count(*) FROM groups", 4),
        ("SELECT count(*) FROM members", 5),
        ("SELECT count(*) FROM members WHERE owner = 1", 3),
        ("SELECT count(*) FROM member_groups", 2),
        ("SELECT count(*) FROM personal_access_tokens WHERE seeded = 1", 6),
        ("SELECT count(*) FROM internal_tokens WHERE seeded = 1", 5),
        ("SELECT count(*) FROM audit_logs WHERE user_id IS NOT NULL", 0),
        ("SELECT count(*) FROM audit_logs WHERE data LIKE '%brms_%'", 0),
    ] {
        assert_eq!(server.count(sql), wanted, "{sql}");
    }
}
