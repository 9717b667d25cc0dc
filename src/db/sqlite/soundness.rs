//! Whether the file is sound, for `brms check`: its pages and indexes, its foreign keys, and its schema.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{functions, migrations};
use crate::db::storage_fault::{StorageCheck, StorageFault};
use crate::db::tx::Tx;
use crate::problem::Problem;

/// Everything that is wrong with the file. What cannot be read of a damaged one is left out.
pub(in crate::db) fn faults(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    let mut faults = damage(tx)?;
    match beyond_pages(tx) {
        Ok(others) => faults.extend(others),
        Err(_) if !faults.is_empty() => {}
        Err(problem) => return Err(problem),
    }
    Ok(faults)
}

fn beyond_pages(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    let mut faults = missing_rows(tx)?;
    let step: u32 = tx.row("PRAGMA user_version", (), |row| row.get(0))?;
    if step == migrations::last() {
        faults.extend(schema_differences(tx)?);
    }
    Ok(faults)
}

/// What is wrong with pages and indexes, with conditions on single columns and with the index of full texts.
fn damage(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    let found: Vec<String> = tx.rows("PRAGMA integrity_check", (), |row| row.get(0))?;
    let wrong = found.into_iter().filter(|line| line != "ok");
    Ok(wrong.map(|what| StorageFault { check: StorageCheck::Pages, what }).collect())
}

fn missing_rows(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    tx.rows(
        "SELECT \"table\" AS child, parent, count(*) AS number
         FROM pragma_foreign_key_check
         GROUP BY \"table\", parent
         ORDER BY \"table\", parent",
        (),
        |row| {
            let (child, parent): (String, String) = (row.get("child")?, row.get("parent")?);
            Ok(StorageFault::missing(&child, &parent, row.get("number")?))
        },
    )
}

/// By type and name, the statement that made it.
type Definitions = BTreeMap<(String, String), String>;

/// What SQLite keeps a search index in depends on its version.
const DEFINITIONS: &str = "SELECT type, name, sql
                           FROM sqlite_schema
                           WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
                             AND name NOT IN ('users_search_data', 'users_search_idx', 'users_search_docsize',
                                              'users_search_config', 'projects_search_data', 'projects_search_idx',
                                              'projects_search_docsize', 'projects_search_config')";

fn schema_differences(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    let found =
        tx.rows(DEFINITIONS, (), |row| Ok(((row.get("type")?, row.get("name")?), row.get("sql")?)))?;
    let found: Definitions = found.into_iter().collect();
    let expected = expected().map_err(|cause| Problem::internal("the schema of a new file", cause))?;
    let mut faults = Vec::new();
    let mut tell = |what: String| faults.push(StorageFault { check: StorageCheck::Schema, what });
    for ((kind, name), text) in &expected {
        match found.get(&(kind.clone(), name.clone())) {
            None => tell(format!("the {kind} {name} is missing")),
            Some(other) if one_line(other) != one_line(text) => {
                tell(format!("the {kind} {name} is not as brms makes it"));
            }
            Some(_) => {}
        }
    }
    // Others may add what is only read; a trigger changes rows.
    for (kind, name) in found.keys().filter(|key| key.0 == "trigger" && !expected.contains_key(*key)) {
        tell(format!("the {kind} {name} is not one of brms"));
    }
    Ok(faults)
}

fn expected() -> rusqlite::Result<Definitions> {
    let connection = Connection::open_in_memory()?;
    functions::register(&connection)?;
    connection.execute_batch(migrations::SCHEMA)?;
    let mut statement = connection.prepare(DEFINITIONS)?;
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    rows.collect()
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
