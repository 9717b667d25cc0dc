//! Query plans: every statement uses an index and never scans a table that grows with the number of users. The
//! statements are taken from the source, so that new ones are checked too.

use std::fs;
use std::path::{Path, PathBuf};

use brms::clock::Clock;
use brms::db::sqlite::{self, Options};
use rusqlite::Connection;

/// The tables that grow with the number of users and their activity.
const LARGE: [&str; 6] =
    ["users", "members", "member_groups", "invitations", "audit_logs", "idempotency_keys"];

/// Statements that may scan such a table, and why.
const ALLOWED: [(&str, &str); 6] = [
    ("SELECT 1 FROM users", "stops at the first row"),
    ("WHERE email_folded = ?1 ORDER BY organisation_id", "for the operator at the command line, once"),
    ("SELECT * FROM users WHERE organisation_id = ?1 ORDER BY created_at, id", "an export is everything"),
    ("FROM members WHERE project_id = ?1 ORDER BY created_at, id", "an export is everything"),
    (
        "SELECT * FROM audit_logs WHERE organisation_id = ?1 ORDER BY created_at, id",
        "an export is everything",
    ),
    ("DELETE FROM audit_logs WHERE organisation_id = ?1", "a seed brings the log of a new organisation"),
];

/// A database with the current schema.
fn schema() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plans.db");
    drop(sqlite::open(&Options::new(&path), Clock::default()).expect("a database"));
    let connection = Connection::open(&path).expect("the same database");
    // Stands in for the server's own function; plans do not depend on its result.
    let flags = rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("has_text", -1, flags, |_| Ok(true)).expect("a function");
    (folder, connection)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of all SQL") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every string of a file that is a statement, with its line breaks folded.
fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(begin) = rest.find('"') {
        let after = &rest[begin + 1..];
        let Some(length) = after.find('"') else { break };
        let text = after[..length].split_whitespace().collect::<Vec<_>>().join(" ");
        let is_statement =
            ["SELECT ", "UPDATE ", "DELETE ", "INSERT "].iter().any(|word| text.starts_with(word));
        // The one that is put together from parts has a test of its own, in src/store/audit_logs.rs. A list is
        // checked by itself.
        if is_statement && !text.contains('{') {
            found.push(text);
        }
        rest = &after[length + 1..];
    }
    found
}

/// The large tables that a statement would scan completely, or completely for an organisation or a project, although
/// it asks for neither a page nor a count.
fn scans(connection: &Connection, statement: &str) -> Vec<String> {
    let mut plan = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {}", sqlite::expand_ids(statement)))
        .unwrap_or_else(|error| panic!("{error}: {statement}"));
    // Unbound parameters are NULL, which is enough for a plan.
    let steps = plan.raw_query().mapped(|row| row.get::<_, String>("detail"));
    let steps: Vec<String> = steps.map(|step| step.expect("a step")).collect();
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
    let (_folder, connection) = schema();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"), &mut files);
    let mut checked = 0;
    for file in &files {
        for statement in statements(&fs::read_to_string(file).expect("a source")) {
            checked += 1;
            let scans = scans(&connection, &statement);
            let is_allowed = ALLOWED.iter().any(|(text, _)| statement.contains(text));
            assert!(scans.is_empty() || is_allowed, "{}: {scans:?}\n{statement}", file.display());
        }
    }
    assert!(checked > 80, "only {checked} statements were found in {} files", files.len());
}

#[test]
fn no_list_scans_a_large_table() {
    let (_folder, connection) = schema();
    for list in brms::store::lists::ALL {
        for statement in [list.count_statement(), list.page_statement()] {
            assert_eq!(scans(&connection, &statement), Vec::<String>::new(), "{statement}");
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
    let (_folder, connection) = schema();
    for wrong in [
        "SELECT * FROM users WHERE first_name = ?1",
        "DELETE FROM members WHERE owner = 1",
        "SELECT count(*) FROM audit_logs WHERE ip_address = ?1",
        "SELECT * FROM users WHERE organisation_id = ?1 ORDER BY created_at, id",
    ] {
        assert_eq!(scans(&connection, wrong).len(), 1, "{wrong}");
    }
    assert_eq!(scans(&connection, "SELECT * FROM users WHERE id = ?1"), Vec::<String>::new());
}
