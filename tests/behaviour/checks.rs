//! `brms check` finds each kind of damage that it looks for, on a live database of either engine, and nothing else.
//!
//! Of SQLite alone: damaged pages, its search index, and files of earlier versions.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::{Value, json};

use crate::backups::{seeded, sqlite};
use crate::support::postgres::{self, of_sqlite_alone};
use crate::support::program::run;
use crate::support::{TestServer, seed};
use crate::testing_much::Much;

fn check(database: &str, more: &[&str]) -> Output {
    run(&[&["check", "--database", database], more].concat())
}

/// What a program reads of a check with this exit code.
fn report(database: &str, code: i32) -> Value {
    let output = check(database, &["--json"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert_eq!(error.is_empty(), code == 0, "{error}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn names(report: &Value, is_named: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let checks = report["checks"].as_array().expect("checks").iter();
    let name = |check: &Value| check["name"].as_str().expect("a name").to_owned();
    checks.filter(|check| is_named(check)).map(name).collect()
}

/// The checks that have found something.
fn finding(report: &Value) -> BTreeSet<String> {
    names(report, |check| !check["findings"].as_array().expect("findings").is_empty())
}

/// What another program does to the database: the check that finds it, and the statements. Each is done to what the ones
/// before have left, so what several checks find comes when all others of them have had their own.
const PLANTED: [(&str, &str); 21] = [
    ("totals", "UPDATE user_totals SET total = total + 1"),
    ("schema", "DROP INDEX roles_in_order"),
    // No role has the id of a user.
    (
        "keys",
        "INSERT INTO role_users (role_id, user_id) SELECT id, id FROM users WHERE email = 'owner@acme.test'",
    ),
    ("organisation-owner", "UPDATE users SET type = 'admin' WHERE email = 'owner@globex.test'"),
    ("project-owner", "UPDATE members SET owner = 0"),
    (
        "one-live-link",
        "DROP INDEX invitation_secrets_one_live; UPDATE invitation_secrets SET state = 'live' WHERE state = 'replaced'",
    ),
    ("invitation-status", "UPDATE users SET type = 'member' WHERE email = 'ian@acme.test'"),
    ("mail-secret", "UPDATE mails SET secret = 'x'"),
    ("mail-delivery", "UPDATE mails SET delivered_at = NULL"),
    ("mail-claim", "UPDATE mails SET claimed_at = 1, claimed_by = NULL"),
    (
        "mail-organisation",
        "UPDATE mails SET organisation_id = (SELECT organisation_id FROM users WHERE email = 'owner@globex.test')",
    ),
    (
        "invitation-organisation",
        "UPDATE invitations
         SET organisation_id = (SELECT organisation_id FROM users WHERE email = 'owner@globex.test')
         WHERE user_id IN (SELECT id FROM users WHERE email = 'ivy@acme.test')",
    ),
    (
        "member-organisation",
        "INSERT INTO members (project_id, user_id, id, owner, created_at, updated_at)
         SELECT projects.id, users.id, users.id, 0, 0, 0
         FROM projects, users WHERE key = 'pricing' AND email = 'owner@globex.test'",
    ),
    (
        "role-user-organisation",
        "INSERT INTO role_users (role_id, user_id)
         SELECT roles.id, users.id FROM roles, users WHERE email = 'owner@globex.test'",
    ),
    (
        "role-project-organisation",
        "INSERT INTO role_projects (role_id, project_id)
         SELECT roles.id, projects.id FROM roles, projects WHERE key = 'secret'",
    ),
    ("group-role-organisation", "UPDATE groups SET role_id = (SELECT id FROM roles) WHERE name = 'Spies'"),
    (
        "token-project-organisation",
        "INSERT INTO personal_access_token_projects (token_id, project_id)
         SELECT token.id, projects.id
         FROM personal_access_tokens AS token JOIN users ON users.id = user_id, projects
         WHERE email = 'owner@acme.test' AND key = 'secret'",
    ),
    (
        "audit-log-organisation",
        "UPDATE audit_logs SET user_id = (SELECT id FROM users WHERE email = 'owner@globex.test')",
    ),
    (
        "segments",
        "INSERT INTO audit_log_segments (organisation_id, number, last_created_at, last_id)
         SELECT organisation_id, 0, 1, id FROM users WHERE email = 'owner@acme.test';
         INSERT INTO audit_log_sums (organisation_id, segment, type, action, entries)
         SELECT organisation_id, number, 'user', 'created', 3 FROM audit_log_segments",
    ),
    (
        "segment-numbers",
        "INSERT INTO audit_log_segments (organisation_id, number, last_created_at, last_id)
         SELECT organisation_id, 2, 2, id FROM users WHERE email = 'owner@acme.test'",
    ),
    ("search-texts", "UPDATE roles SET search_name = 'other'"),
];
const PLANTED_LAST: (&str, &str) =
    ("addresses", "UPDATE users SET email = 'NINA@acme.test' WHERE email = 'otto@acme.test'");
const PLANTED_IN_SQLITE: (&str, &str) = ("search-indexes", "DELETE FROM users_search_rows");

/// Changes the database past its constraints.
fn plant(server: &TestServer, sql: &str) {
    if postgres::is_used() {
        let unbound =
            "SET session_replication_role = replica; ALTER TABLE mails DROP CONSTRAINT IF EXISTS mails_check;
                       ALTER TABLE mails DROP CONSTRAINT IF EXISTS mails_check1";
        return postgres::execute(server.folder.path(), &format!("{unbound}; {sql}"));
    }
    let connection = server.sqlite();
    connection
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {sql}"))
        .expect("it runs");
}

/// What the faults are planted in: a project and a role that users have made, and two links of one invitation.
async fn scene() -> TestServer {
    let server = TestServer::start().await;
    let project = json!({ "name": "Made", "key": "made" });
    server.post("/api/projects").caller(seed::OWNER_SES).json(&project).expect(200).await;
    let role = json!({ "name": "Reviewers", "allProjects": false, "users": [seed::NINA] });
    server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await;
    for _ in 0..2 {
        server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_finds_what_was_planted_for_it() {
    let server = scene().await;
    let database = server.database().display().to_string();
    let clean = report(&database, 0);
    assert_eq!((&clean["clean"], &clean["complete"]), (&json!(true), &json!(true)));
    let mut planted: Vec<(&str, &str)> = PLANTED.to_vec();
    if !postgres::is_used() {
        planted.push(PLANTED_IN_SQLITE);
    }
    planted.push(PLANTED_LAST);
    for (name, sql) in &planted {
        let before = finding(&report(&database, i32::from(*name != planted[0].0)));
        assert!(!before.contains(*name), "{name} was found before it was planted: {before:?}");
        plant(&server, sql);
        let after = report(&database, 1);
        assert!(finding(&after).contains(*name), "{name} was not found: {:?}", finding(&after));
        assert_eq!(after["clean"], json!(false));
    }
    // Each name, or the server would have a check that no test has seen fail.
    let mut seen: BTreeSet<String> = planted.iter().map(|(name, _)| (*name).to_owned()).collect();
    // That one has a test of its own.
    seen.insert("pages".to_owned());
    seen.insert(PLANTED_IN_SQLITE.0.to_owned());
    assert_eq!(names(&clean, |_| true), seen);
    let output = check(&database, &[]);
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        out.contains("rows refer to nothing: in role_users")
            || out.contains("row refers to nothing: in role_users"),
        "{out}"
    );
    assert!(out.contains("the index roles_in_order is missing"), "{out}");
    assert!(error.contains("restore a backup") && error.contains("brms user set-email"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_after_all_that_a_server_does() {
    let server = Much::happened().await.server;
    let database = server.database().display().to_string();
    let clean = report(&database, 0);
    assert_eq!((&clean["clean"], &clean["complete"]), (&json!(true), &json!(true)), "{clean}");
    let printed = String::from_utf8(check(&database, &[]).stdout).expect("text");
    assert!(printed.contains("nothing is wrong: pages, keys, schema, addresses"), "{printed}");
}

#[test]
fn damaged_pages_are_found_and_nothing_else_is_looked_at() {
    of_sqlite_alone!("pages are those of a file");
    let folder = seeded();
    let path = folder.path().join("test.db");
    // Of the table that almost everything refers to.
    let page: u32 = sqlite(&path)
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'users'", [], |row| row.get(0))
        .expect("a page");
    let mut bytes = std::fs::read(&path).expect("the file");
    let begin = usize::try_from((page - 1) * 4096).expect("a place");
    bytes[begin..begin + 4096].fill(0xa5);
    std::fs::write(&path, bytes).expect("the damaged file");
    let database = path.display().to_string();
    let output = check(&database, &["--json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["clean"], &report["complete"]), (&json!(false), &json!(false)));
    assert_eq!(finding(&report), BTreeSet::from(["pages".to_owned()]), "{report}");
    let printed = String::from_utf8(check(&database, &[]).stdout).expect("text");
    assert!(printed.contains("the file is damaged, so nothing else was checked"), "{printed}");
    assert!(error.contains("restore a backup"), "{error}");
}

#[test]
fn a_trigger_or_a_condition_of_another_program_is_found() {
    of_sqlite_alone!("it is about its catalogue");
    for change in [
        "CREATE TRIGGER other AFTER INSERT ON users BEGIN DELETE FROM audit_logs; END",
        "DROP TRIGGER audit_logs_removed",
        "DROP TRIGGER users_search_added; CREATE TRIGGER users_search_added AFTER INSERT ON users BEGIN SELECT 1; END",
    ] {
        let folder = seeded();
        let path = folder.path().join("test.db");
        sqlite(&path).execute_batch(change).expect("it runs");
        assert_eq!(
            finding(&report(&path.display().to_string(), 1)),
            BTreeSet::from(["schema".to_owned()]),
            "{change}"
        );
    }
}

#[test]
fn files_of_earlier_versions_are_checked_as_far_as_they_can_be() {
    of_sqlite_alone!("it is about its schema steps");
    let fixtures = crate::schemas::fixtures();
    for (position, fixture) in fixtures.iter().enumerate() {
        let folder = crate::schemas::database(fixture);
        let database = folder.path().join("test.db").display().to_string();
        // From step 6 on they have users with one mailbox.
        let code = i32::from(position + 1 >= 6);
        let report = report(&database, code);
        let complete = position + 1 == fixtures.len();
        assert_eq!(report["complete"], json!(complete), "{}", fixture.display());
        let found = if code == 0 { BTreeSet::new() } else { BTreeSet::from(["addresses".to_owned()]) };
        assert_eq!(finding(&report), found, "{}: {report}", fixture.display());
    }
}

#[test]
fn what_cannot_be_checked_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing.db").display().to_string();
    let other = folder.path().join("other.db");
    std::fs::write(&other, "not a database, but long enough to be taken for one".repeat(100))
        .expect("a file");
    for database in [&missing, &other.display().to_string(), "postgres://brms@127.0.0.1:1/none"] {
        let output = check(database, &[]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{database}: {error}");
        assert!(error.starts_with("brms: ") && output.stdout.is_empty(), "{database}: {error}");
    }
    assert_eq!(run(&["check", "--wrong"]).status.code(), Some(2));
}
