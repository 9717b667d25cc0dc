//! `brms compact`: the file is as small as what is in it, and nothing of it is lost.
//!
//! Of SQLite alone: its files.

use std::path::Path;

use rusqlite::types::Value;

use crate::backups::{no_leftovers, refused, seeded, sqlite, well};
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::{Serving, brms};
use crate::support::seed;

/// Every row of every table, in an order of its own.
pub fn rows(path: &Path) -> Vec<String> {
    let connection = sqlite(path);
    let names = "SELECT name FROM sqlite_schema
                 WHERE type = 'table' AND name NOT LIKE '%search!_%' ESCAPE '!' ORDER BY name";
    let mut statement = connection.prepare(names).expect("tables");
    let tables: Vec<String> =
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names");
    let mut found = Vec::new();
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let columns = statement.column_count();
        let mut of_table = statement.query([]).expect("rows");
        while let Some(row) = of_table.next().expect("a row") {
            let values: Vec<Value> = (0..columns).map(|column| row.get(column).expect("a cell")).collect();
            found.push(format!("{table} {values:?}"));
        }
    }
    found.sort();
    found
}

/// A file with much free space: as many pages as rows that were removed from a table.
pub fn loose() -> tempfile::TempDir {
    let folder = seeded();
    sqlite(&folder.path().join("test.db"))
        .execute_batch(
            "CREATE TABLE filling AS
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             SELECT i, randomblob(2000) AS bytes FROM n;
             DELETE FROM filling; DROP TABLE filling",
        )
        .expect("it runs");
    folder
}

fn length(path: &Path) -> u64 {
    path.metadata().expect("the file").len()
}

#[test]
fn a_compacted_file_is_small_and_has_everything() {
    of_sqlite_alone!("PostgreSQL uses free space again by itself");
    let folder = loose();
    let path = folder.path().join("test.db");
    let (before, had) = (length(&path), rows(&path));
    let printed = well(folder.path(), &["compact"]);
    let after = length(&path);
    assert!(before > 4_000_000 && after < before / 4, "{before} to {after}");
    assert!(printed.contains(&format!("{after} bytes, {before} before, checked")), "{printed}");
    assert_eq!(rows(&path), had);
    no_leftovers(folder.path());
    well(folder.path(), &["check"]);
    #[cfg(unix)]
    assert_eq!(crate::backups::mode(&path), 0o600);
    drop(Serving::start(folder.path(), &[]));
}

#[test]
fn what_is_in_the_log_of_a_killed_server_is_in_the_compacted_file() {
    of_sqlite_alone!("PostgreSQL uses free space again by itself");
    let folder = tempfile::tempdir().expect("a folder");
    let mut serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    let token = ["token", "create", "--user", "owner@acme.test", "--kind", "internal"];
    well(folder.path(), &token);
    serving.child.kill().expect("SIGKILL");
    serving.child.wait().expect("it is gone");
    assert!(length(&folder.path().join("test.db-wal")) > 0, "it was left with a log");
    well(folder.path(), &["compact"]);
    assert_eq!(
        sqlite(&folder.path().join("test.db"))
            .query_row("SELECT count(*) FROM internal_tokens", [], |row| row.get::<_, i64>(0))
            .expect("a count"),
        6
    );
}

#[test]
fn nothing_is_compacted_while_a_server_or_another_program_uses_the_file() {
    of_sqlite_alone!("PostgreSQL uses free space again by itself");
    let folder = loose();
    let path = folder.path().join("test.db");
    let before = length(&path);
    let serving = Serving::start(folder.path(), &[]);
    assert!(refused(folder.path(), &["compact"]).contains("brms serve"));
    drop(serving);
    let other = sqlite(&path);
    other.execute_batch("BEGIN; SELECT count(*) FROM users").expect("it reads");
    let said = refused(folder.path(), &["compact"]);
    assert!(said.contains("another program has it open") && said.contains("nothing was changed"), "{said}");
    drop(other);
    std::fs::hard_link(&path, folder.path().join("other.db")).expect("a second name");
    assert!(refused(folder.path(), &["compact"]).contains("second name"));
    std::fs::remove_file(folder.path().join("other.db")).expect("it is gone");
    assert_eq!(length(&path), before);
    well(folder.path(), &["compact"]);
    assert!(length(&path) < before);
}

#[test]
fn what_is_no_database_is_not_compacted() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(refused(folder.path(), &["compact"]).contains("there is no such file"));
    std::fs::write(folder.path().join("test.db"), "").expect("an empty file");
    assert!(refused(folder.path(), &["compact"]).contains("empty"));
    crate::backups::sqlite_of_others(&folder.path().join("others.db"));
    assert!(refused(folder.path(), &["compact", "--database", "others.db"]).contains("not a brms database"));
    let url = "postgres://brms@127.0.0.1:1/none";
    let output = brms().args(["compact", "--database", url]).output().expect("brms runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("autovacuum"), "{error}");
}
