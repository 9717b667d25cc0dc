//! Upgrades a database of every earlier schema step: all rows are unchanged, and tokens and links in mails still work.
//!
//! Of SQLite alone: its schema steps. `scripts/schema-fixture` makes the fixtures.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::json;
use tempfile::TempDir;

use crate::backups::{seeded, sqlite, well};
use crate::processes::{call, serve_refused, status_of, wait_for};
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::Serving;
use crate::support::seed;

/// Tables that a later step dropped, because their rows follow from others.
const DROPPED: [&str; 1] = ["audit_log_counts"];

/// Columns that a later step renamed: table, old name, new name.
const RENAMED: [(&str, &str, &str); 1] = [("mails", "last_error", "last_answer")];

/// A secret of the fixtures, as `scripts/schema-fixture` spells it.
fn secret(kind: &str, name: &str) -> String {
    format!("{:0<52}", format!("brms_{kind}_{name}"))
}

/// The fixtures, from the first step to the last.
pub fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schemas");
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    found.sort();
    found
}

/// A folder whose `test.db` is the database of a fixture.
pub fn database(fixture: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = Connection::open(folder.path().join("test.db")).expect("a database");
    connection.execute_batch(&std::fs::read_to_string(fixture).expect("the fixture")).expect("it runs");
    folder
}

fn step(connection: &Connection) -> usize {
    let step: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a step");
    step as usize
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a text")).collect()
}

/// A table: its name, its columns, and its rows as sorted text.
type Table = (String, Vec<String>, Vec<String>);

/// All rows of some columns.
fn rows(connection: &Connection, table: &str, columns: &[String]) -> Vec<String> {
    let mut statement =
        connection.prepare(&format!("SELECT {} FROM {table}", columns.join(", "))).expect("the columns");
    let cells = |row: &rusqlite::Row<'_>| {
        let cells: rusqlite::Result<Vec<Cell>> = (0..columns.len()).map(|column| row.get(column)).collect();
        Ok(format!("{:?}", cells?))
    };
    let mut found: Vec<String> =
        statement.query_map([], cells).expect("rows").map(|row| row.expect("a row")).collect();
    found.sort();
    found
}

fn tables(connection: &Connection) -> Vec<Table> {
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let read = |name: String| {
        let columns = texts(connection, &format!("SELECT name FROM pragma_table_info('{name}')"));
        let rows = rows(connection, &name, &columns);
        (name, columns, rows)
    };
    texts(connection, names).into_iter().map(read).collect()
}

/// Fails unless the tables of the file have exactly these rows.
fn assert_kept(connection: &Connection, before: &[Table]) {
    for (name, columns, old) in before.iter().filter(|(name, ..)| !DROPPED.contains(&name.as_str())) {
        let today = |column: &String| {
            let renamed = RENAMED.iter().find(|(table, then, _)| table == name && then == column);
            renamed.map_or(column.clone(), |(_, _, now)| (*now).to_owned())
        };
        let columns: Vec<String> = columns.iter().map(today).collect();
        assert_eq!(&rows(connection, name, &columns), old, "{name}");
    }
}

fn definitions(connection: &Connection) -> Vec<String> {
    let mut found =
        texts(connection, "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema");
    found.sort();
    found
}

#[test]
fn every_step_has_a_fixture_with_rows_in_every_table() {
    of_sqlite_alone!("it is about its schema steps");
    let fresh = seeded();
    let last = step(&sqlite(&fresh.path().join("test.db")));
    assert_eq!(fixtures().len(), last, "run scripts/schema-fixture");
    for (position, fixture) in fixtures().iter().enumerate() {
        let folder = database(fixture);
        let connection = sqlite(&folder.path().join("test.db"));
        assert_eq!(step(&connection), position + 1, "{}", fixture.display());
        for (name, _, rows) in tables(&connection) {
            assert!(!rows.is_empty(), "{}: {name} is empty", fixture.display());
        }
    }
}

#[test]
fn an_upgrade_keeps_all_rows_and_gives_the_schema_of_a_new_file() {
    of_sqlite_alone!("it is about its schema steps");
    let fresh = seeded();
    let today = definitions(&sqlite(&fresh.path().join("test.db")));
    let fixtures = fixtures();
    for (position, fixture) in fixtures.iter().enumerate() {
        let folder = database(fixture);
        let path = folder.path().join("test.db");
        let before = tables(&sqlite(&path));
        well(folder.path(), &["mail", "list"]);
        let upgraded = sqlite(&path);
        assert_eq!(step(&upgraded), fixtures.len(), "{}", fixture.display());
        assert_kept(&upgraded, &before);
        let dangling = texts(&upgraded, "SELECT \"table\" FROM pragma_foreign_key_check");
        assert_eq!(dangling, Vec::<String>::new(), "{}", fixture.display());
        assert_eq!(definitions(&upgraded), today, "{}: a released step was changed", fixture.display());
        let copy = folder.path().join(format!("test.db.before-step-{}", position + 2));
        assert_eq!(copy.exists(), position + 1 < fixtures.len(), "{}", fixture.display());
        if copy.exists() {
            assert_eq!(tables(&sqlite(&copy)), before, "{}", fixture.display());
        }
    }
}

#[test]
fn an_older_file_can_be_exported_and_seeded_from_its_export() {
    of_sqlite_alone!("it is about its schema steps");
    for fixture in fixtures() {
        let folder = database(&fixture);
        well(folder.path(), &["export", "first.json"]);
        well(folder.path(), &["seed", "first.json", "--database", "second.db"]);
        well(folder.path(), &["export", "second.json", "--database", "second.db"]);
        let [first, second] = ["first.json", "second.json"]
            .map(|name| std::fs::read_to_string(folder.path().join(name)).expect("an export"));
        assert_eq!(first, second, "{}", fixture.display());
    }
}

#[test]
fn a_lost_or_changed_row_is_reported() {
    of_sqlite_alone!("it is about its schema steps");
    for change in ["DELETE FROM audit_logs", "UPDATE users SET last_name = 'Nandu' WHERE first_name = 'Nina'"]
    {
        let folder = database(&fixtures()[0]);
        let connection = sqlite(&folder.path().join("test.db"));
        let before = tables(&connection);
        connection.execute_batch(change).expect("it runs");
        let kept =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| assert_kept(&connection, &before)));
        assert!(kept.is_err(), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_invitations_of_an_older_file_still_work() {
    of_sqlite_alone!("it is about its schema steps");
    for (position, fixture) in fixtures().iter().enumerate() {
        let folder = database(fixture);
        let serving = Serving::start(folder.path(), &[]);
        let bearer = |name: &str| format!("Bearer {}", secret("pat", name));
        let session = format!("Internal {}", secret("ses", "owner"));

        let users = call(&serving, "GET", "/api/users").caller(&bearer("owner")).expect(200).await.json();
        let emails: Vec<&str> = users["results"]
            .as_array()
            .expect("users")
            .iter()
            .filter_map(|user| user["email"].as_str())
            .collect();
        let mut wanted =
            vec!["Owner@acme.test", "manager@acme.test", "ivy@acme.test", "dora@acme.test", "nina@acme.test"];
        wanted.extend((position + 1 >= 3).then_some("ian@acme.test"));
        if position + 1 >= 6 {
            wanted.extend(["rita@bücher.test", "rita@xn--bcher-kva.test"]);
        }
        assert_eq!(emails, wanted, "{}", fixture.display());

        let members = seed::members_path(seed::PRICING);
        let found = call(&serving, "GET", &members).caller(&bearer("manager")).expect(200).await.json();
        let count = if position + 1 >= 2 { 3 } else { 2 };
        assert_eq!(found["results"].as_array().expect("members").len(), count, "{}", fixture.display());
        call(&serving, "GET", "/api/users").caller(&bearer("expired")).expect(401).await;
        call(&serving, "GET", &members).caller(&bearer("globex")).expect(404).await;
        assert_eq!(status_of(&serving, &session).await, 200, "{}", fixture.display());

        // The queued mail is delivered, and its code is accepted.
        let code = secret("inv", "ivy");
        let shown = wait_for("the mail", || {
            let list = well(folder.path(), &["mailbox", "list"]);
            let line = list.lines().find(|line| line.contains("ivy@acme.test"))?;
            let id = line.split(' ').next().expect("an id");
            Some(well(folder.path(), &["mailbox", "show", id]))
        });
        assert!(shown.contains(&code), "{}: {shown}", fixture.display());
        let accept = "/invitations/accept";
        let body = |name: &str| json!({ "secret": secret("inv", name), "firstName": "A", "lastName": "B" });
        for (name, status) in [("ivy_before", 410), ("nina", 410), ("ivy", 200), ("ivy", 410)] {
            call(&serving, "POST", accept).json(&body(name)).expect(status).await;
        }
        let status = if position + 1 >= 3 { 200 } else { 404 };
        call(&serving, "POST", accept).json(&body("ian")).expect(status).await;
    }
}

#[test]
fn a_file_of_a_newer_brms_is_refused_and_not_modified() {
    of_sqlite_alone!("it is about its schema steps");
    let fixtures = fixtures();
    let folder = database(fixtures.last().expect("a fixture"));
    let path = folder.path().join("test.db");
    let later = format!("PRAGMA user_version = {}", fixtures.len() + 1);
    sqlite(&path).execute_batch(&later).expect("a later step");
    let before = std::fs::read(&path).expect("the file");
    let error = serve_refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(error.contains("newer brms"), "{error}");
    assert_eq!(std::fs::read(&path).expect("the file"), before);
}
