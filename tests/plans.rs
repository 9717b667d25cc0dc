//! Query plans: every statement uses an index and never scans a table that grows with the number of users. The
//! statements are taken from the source, so that new ones are checked too.
//!
//! Of SQLite alone: its query plans.

use std::fs;
use std::path::{Path, PathBuf};

use brms::clock::Clock;
use brms::db::sqlite::Options;
use brms::db::{Db, Engine, Parameter};

/// The tables that grow with the number of users and their activity.
const LARGE: [&str; 9] = [
    "users",
    "members",
    "member_groups",
    "invitations",
    "invitation_secrets",
    "audit_logs",
    "idempotency_keys",
    "sign_in_attempts",
    "sign_in_devices",
];

/// Statements that may scan such a table, and why.
const ALLOWED: [(&str, &str); 17] = [
    ("FROM invitation_secrets AS secret JOIN invitations", "an export is everything"),
    ("SELECT secret_hash, state, is_send", "for the operator at the command line, once"),
    (
        "DELETE FROM groups",
        "reads the groups of the project's members: each invitation would pay for an index",
    ),
    ("SELECT user_id FROM member_groups WHERE project_id = ?1 AND group_id = ?2", "the same, for a role"),
    ("SELECT groups.id, member_groups.user_id FROM groups", "the same, for all projects of a role"),
    ("SELECT 1 FROM users", "stops at the first row"),
    ("SELECT id FROM audit_logs ORDER BY id DESC LIMIT 1", "the same"),
    ("WHERE email_folded = ?1 OR email_clash = ?1", "for the operator at the command line, once"),
    ("SELECT id, organisation_id, email FROM users ORDER BY", "brms check reads all of them"),
    (
        "FROM ids(?1) AS wanted CROSS JOIN members WHERE members.project_id = wanted.id",
        "a list of projects shows the first members of each, which no index has in order",
    ),
    ("FROM (SELECT organisation_id, 'users' AS counted", "brms check counts all of them"),
    ("FROM users WHERE email_clash IS NOT NULL", "a partial index of few users, which is read whole"),
    (
        "SELECT * FROM invitations WHERE organisation_id = ?1 ORDER BY created_at, id",
        "for the operator at the command line, once",
    ),
    ("SELECT * FROM users WHERE organisation_id = ?1 ORDER BY created_at, id", "an export is everything"),
    ("FROM members WHERE project_id = ?1 ORDER BY created_at, id", "an export is everything"),
    (
        "SELECT * FROM audit_logs WHERE organisation_id = ?1 ORDER BY created_at, id",
        "an export is everything",
    ),
    ("DELETE FROM audit_logs WHERE organisation_id = ?1", "a seed brings the log of a new organisation"),
];

/// Placeholders of a statement, and what each stands for.
type Parts = &'static [(&'static str, &'static str)];

/// Statements with parts that are put in at run time: a text in the statement, and each choice of its parts.
const PARTS: [(&str, &[Parts]); 12] = [
    (
        "token.secret_hash = ?1",
        &[
            &[
                ("{table}", "personal_access_tokens"),
                ("{columns}", ", token.id"),
                ("{live}", "(token.expires_at IS NULL OR token.expires_at > ?2)"),
                ACTIVE,
                INVITED,
            ],
            &[
                ("{table}", "internal_tokens"),
                ("{columns}", ", token.last_seen_at"),
                ("{live}", "(token.idle_ms IS NULL OR token.last_seen_at + token.idle_ms > ?2)"),
                ACTIVE,
                INVITED,
            ],
        ],
    ),
    ("personal_access_tokens AS token WHERE", &[&[LIVE]]),
    (
        "DELETE FROM {table} WHERE id = ?1 RETURNING",
        &[&[("{table}", "personal_access_tokens")], &[("{table}", "internal_tokens")]],
    ),
    (
        "FROM invitation_secrets WHERE {column} = ?1",
        &[&[("{column}", "invitation_id")], &[("{column}", "sent_by")]],
    ),
    ("UPDATE invitation_secrets SET state", &[&[("{live}", "live")]]),
    (
        "UPDATE mails SET state = '{cancelled}'",
        &[
            &[("{cancelled}", "cancelled"), ("{column}", "id"), ("{queued}", "state = 'queued'")],
            &[("{cancelled}", "cancelled"), ("{column}", "invitation_id"), ("{queued}", "state = 'queued'")],
        ],
    ),
    ("{waiting}", &[&[("{waiting}", "state = 'queued' AND claimed_at IS NULL")]]),
    ("WHERE id = ?1 AND {}", &[&[("{}", "state = 'queued' AND claimed_at IS NULL")]]),
    (
        "FROM mails WHERE {condition} ORDER BY {order}",
        &[
            &[("{condition}", "claimed_at IS NOT NULL"), ("{order}", "id")],
            &[("{condition}", "message IS NOT NULL"), ("{order}", "created_at, id")],
            &[("{condition}", "?1 IS NULL OR state = ?1"), ("{order}", "created_at, id")],
            &[("{condition}", "id = ?1"), ("{order}", "id")],
            &[("{condition}", "state = ?2 AND message IS NOT NULL AND id > ?1"), ("{order}", "id")],
        ],
    ),
    (
        "FROM invitations WHERE {acceptable}",
        &[&[(
            "{acceptable}",
            "id = (SELECT invitation_id FROM invitation_secrets WHERE secret_hash = ?1 AND state = 'live') \
             AND status = 'pending' AND expires_at > ?2",
        )]],
    ),
    (
        "UPDATE invitations SET status = ?3, accepted_at = ?2, updated_at = ?2 WHERE {acceptable}",
        &[&[(
            "{acceptable}",
            "id = (SELECT invitation_id FROM invitation_secrets WHERE secret_hash = ?1 AND state = 'live')",
        )]],
    ),
    (
        "{table}",
        &[
            &[("{table}", "role_users"), ("{column}", "user_id")],
            &[("{table}", "role_projects"), ("{column}", "project_id")],
        ],
    ),
];
const LIVE: (&str, &str) = ("{LIVE}", "(token.expires_at IS NULL OR token.expires_at > ?2)");
const ACTIVE: (&str, &str) = ("{active}", "active");
const INVITED: (&str, &str) = ("{invited}", "invited");

/// Statements with parts that are not checked here, and why.
const CHECKED_ELSEWHERE: [(&str, &str); 11] = [
    ("SELECT * FROM audit_logs WHERE {condition}", "a test of each combination stands in its file"),
    ("SELECT CAST(?{segment} AS bigint) AS segment", "a count, whose combinations are tested in its file"),
    ("SELECT listed FROM", "a test of each combination stands in its file"),
    ("SELECT {LISTED} FROM ({pieces})", "the same"),
    ("SELECT segment - (SELECT min(number) FROM audit_log_segments", "a sum"),
    ("SELECT count(*) AS number, min({column})", "brms stats counts all of them"),
    ("SELECT DISTINCT organisation_id, segment FROM (SELECT organisation_id", "brms check reads all of them"),
    ("INSERT INTO {table} (organisation_id, segment{column}", "of one segment"),
    ("INSERT INTO {table} ({})", "adds one row"),
    ("SELECT 1 FROM {table} WHERE {column} = ?1", "a test of each column stands in its file"),
    ("DELETE FROM {table}", "a reset empties every table"),
];

/// The file of what `brms check` looks for in all rows.
const OF_ALL_ROWS: &str = "invariants.rs";

/// A database with the current schema.
fn schema() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Engine::open_sqlite(&Options::new(folder.path().join("plans.db")), Clock::default());
    (folder, database.expect("a database"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of all SQL") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !is_tests(&path) {
            found.push(path);
        }
    }
}

/// Whether a file holds the tests of another one.
fn is_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"))
}

/// Every string of a file that is a statement, with its line breaks folded and its parts put in.
fn statements(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let texts = source.split('"').skip(1).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let words = ["SELECT ", "UPDATE ", "DELETE ", "INSERT ", "WITH "];
    texts.filter(|text| words.iter().any(|word| text.starts_with(word))).flat_map(whole).collect()
}

/// The statement with each choice of its parts.
fn whole(statement: String) -> Vec<String> {
    if !statement.contains('{') {
        return vec![statement];
    }
    let elsewhere = |(text, _): &(&str, &str)| match *text {
        "DELETE FROM {table}" => statement == *text,
        text => statement.starts_with(text),
    };
    if CHECKED_ELSEWHERE.iter().any(elsewhere) {
        return Vec::new();
    }
    let choices = PARTS.iter().find(|(text, _)| statement.contains(text));
    let (_, choices) = choices.unwrap_or_else(|| panic!("PARTS lacks the parts of: {statement}"));
    let put_in = |parts: &&[(&str, &str)]| {
        parts.iter().fold(statement.clone(), |text, (name, part)| text.replace(name, part))
    };
    choices
        .iter()
        .map(put_in)
        .inspect(|text| assert!(!text.contains('{'), "a part is missing: {text}"))
        .collect()
}

/// The large tables that a statement would scan completely, or completely for an organisation or a project, although
/// it asks for neither a page nor a count.
fn scans(database: &Db, statement: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    // NULL is enough for a plan.
    let last = (1..=99).rev().find(|number| statement.contains(&format!("?{number}"))).unwrap_or(0);
    let nothing = vec![&None::<i64> as &dyn Parameter; last];
    let steps = database.peek(|tx| tx.rows(&explain, nothing.as_slice(), |row| row.get::<String>("detail")));
    let steps = steps.unwrap_or_else(|problem| panic!("{problem}: {statement}"));
    let may_be_wide = statement.contains("LIMIT") || statement.contains("count(*)");
    let is_wide = |step: &str| {
        ["(organisation_id=?)", "(project_id=?)"].iter().any(|all_of| step.ends_with(all_of)) && !may_be_wide
    };
    let is_scan = |step: &String| {
        let (word, rest) = step.split_once(' ').unwrap_or_default();
        let is_large = rest.split(' ').next().is_some_and(|table| LARGE.contains(&table));
        is_large && (word == "SCAN" || word == "SEARCH" && is_wide(rest))
    };
    steps.into_iter().filter(is_scan).collect()
}

#[test]
fn no_statement_scans_a_large_table() {
    let (_folder, database) = schema();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"), &mut files);
    let mut checked = 0;
    for file in &files {
        for statement in statements(&fs::read_to_string(file).expect("a source")) {
            checked += 1;
            let scans = scans(&database, &statement);
            let is_allowed =
                file.ends_with(OF_ALL_ROWS) || ALLOWED.iter().any(|(text, _)| statement.contains(text));
            assert!(scans.is_empty() || is_allowed, "{}: {scans:?}\n{statement}", file.display());
        }
    }
    assert!(checked > 80, "only {checked} statements were found in {} files", files.len());
}

#[test]
fn no_list_scans_a_large_table() {
    let (_folder, database) = schema();
    for list in brms::store::lists::ALL {
        for statement in list.statements() {
            assert_eq!(scans(&database, &statement), Vec::<String>::new(), "{statement}");
        }
    }
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"), &mut files);
    let written = files.iter().map(|file| {
        let source = fs::read_to_string(file).expect("a source");
        source.matches(": List = List {").count()
    });
    assert_eq!(written.sum::<usize>(), brms::store::lists::ALL.len(), "a list is missing in store::lists");
}

#[test]
fn a_statement_that_scans_a_large_table_is_detected() {
    let (_folder, database) = schema();
    for wrong in [
        "SELECT * FROM users WHERE first_name = ?1",
        "DELETE FROM members WHERE owner = 1",
        "SELECT count(*) FROM audit_logs WHERE ip_address = ?1",
        "SELECT * FROM users WHERE organisation_id = ?1 ORDER BY created_at, id",
    ] {
        assert_eq!(scans(&database, wrong).len(), 1, "{wrong}");
    }
    assert_eq!(scans(&database, "SELECT * FROM users WHERE id = ?1"), Vec::<String>::new());
}
