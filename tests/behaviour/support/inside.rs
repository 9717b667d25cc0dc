//! Direct access to a server's database: reading what was written, and writing what requests cannot.
//!
//! Of SQLite alone: every cell of the file, and triggers.

use std::path::Path;

use brms::db::{Ids, Parameter};
use brms::secret::{Secret, SecretKind};
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use serde_json::json;
use uuid::Uuid;

use super::server::PATIENCE;
use super::{TestServer, leaks, postgres};

/// An id in the form of the database.
pub fn id(text: &str) -> Uuid {
    Uuid::try_parse(text).expect("an id")
}

/// Ids with this mark, for rows that are inserted by the thousand. They sort in this order.
pub fn numbered(mark: u16, count: u32) -> Ids {
    let id = |number: u32| {
        Uuid::from_u128((0x0190_a000_0000_7000 << 64) | (u128::from(mark) << 48) | u128::from(number))
    };
    Ids::of(&(1..=count).map(id).collect::<Vec<_>>())
}

/// Every row of every table. If it is equal before and after, nothing was written.
pub fn everything(server: &TestServer) -> Vec<String> {
    if postgres::is_used() {
        return postgres::everything(server.folder.path());
    }
    let database = server.sqlite();
    let all = |sql: &str, read: fn(&Row<'_>, usize) -> rusqlite::Result<String>| -> Vec<String> {
        let mut statement = database.prepare(sql).expect("a statement");
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| read(row, columns)).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    let tables = all("SELECT name FROM sqlite_schema WHERE type = 'table'", |row, _| row.get(0));
    let rows = |table: &String| {
        let read: fn(&Row<'_>, usize) -> _ = |row, columns| {
            let values: Vec<Value> = (0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            Ok(format!("{values:?}"))
        };
        let found = all(&format!("SELECT * FROM {table}"), read);
        found.into_iter().map(|values| format!("{table} {values}")).collect::<Vec<_>>()
    };
    tables.iter().flat_map(rows).collect()
}

/// A connection that leaves the file and its write-ahead log as a killed server would. Without the setting SQLite
/// checkpoints the log when the last connection closes.
pub fn onlooker(database: &Path) -> Connection {
    let connection = Connection::open(database).expect("the database opens");
    connection.busy_timeout(PATIENCE).expect("a time-out is set");
    let config = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(config, true).expect("it folds nothing");
    connection
}

/// Changes the database of a stopped server, and returns the number of changed rows.
pub fn change_stopped(folder: &Path, sql: &str) -> u64 {
    if postgres::is_used() {
        return postgres::change(folder, sql);
    }
    let changed = onlooker(&folder.join("test.db")).execute(sql, []);
    changed.expect("the statement runs").try_into().expect("a number")
}

/// Every cell with text or bytes of the database of a server, with its table and column: `users.email`.
pub fn cells_of(server: &TestServer) -> Vec<(String, Vec<u8>)> {
    if postgres::is_used() { postgres::cells(server.folder.path()) } else { cells(&server.database()) }
}

/// The same of a file.
pub fn cells(database: &Path) -> Vec<(String, Vec<u8>)> {
    let connection = onlooker(database);
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let mut statement = connection.prepare(tables).expect("tables");
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names");
    let mut found = Vec::new();
    for table in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for (position, column) in columns.iter().enumerate() {
                let bytes = match row.get(position).expect("a cell") {
                    Value::Text(text) => text.into_bytes(),
                    Value::Blob(bytes) => bytes,
                    _ => continue,
                };
                found.push((format!("{table}.{column}"), bytes));
            }
        }
    }
    found
}

/// Runs statements directly on the database.
pub fn execute(server: &TestServer, sql: &str) {
    sql.split(';').filter(|statement| !statement.trim().is_empty()).for_each(|one| server.execute(one));
}

/// Runs statements that only SQLite supports: triggers, pragmas.
pub fn execute_in_sqlite(server: &TestServer, sql: &str) {
    server.sqlite().execute_batch(sql).expect("the statement runs");
}

/// The rows of these tables, as in [`everything`].
pub fn rows_of(server: &TestServer, tables: &[&str]) -> Vec<String> {
    let is_of = |row: &String| row.split_once(' ').is_some_and(|(table, _)| tables.contains(&table));
    everything(server).into_iter().filter(is_of).collect()
}

/// The rows that refer to a row which does not exist. PostgreSQL checks that itself for every writer.
pub fn orphans(server: &TestServer) -> i64 {
    if postgres::is_used() {
        return 0;
    }
    server.count("SELECT count(*) FROM pragma_foreign_key_check")
}

/// From now on, adding an audit entry fails with "inside story" if this holds, until [`stop_failing`].
pub fn fail_audit_entries(server: &TestServer, condition: &str) {
    if postgres::is_used() {
        let trigger = format!(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF {condition} THEN RAISE EXCEPTION 'inside story'; END IF; RETURN NEW; END $$;
             CREATE TRIGGER fail BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION fail()"
        );
        return postgres::execute(server.folder.path(), &trigger);
    }
    let trigger = format!(
        "CREATE TRIGGER fail BEFORE INSERT ON audit_logs WHEN {condition}
         BEGIN SELECT RAISE(ABORT, 'inside story'); END"
    );
    execute_in_sqlite(server, &trigger);
}

/// Ends [`fail_audit_entries`].
pub fn stop_failing(server: &TestServer) {
    if postgres::is_used() {
        return postgres::execute(server.folder.path(), "DROP TRIGGER fail ON audit_logs");
    }
    execute_in_sqlite(server, "DROP TRIGGER fail");
}

/// Sets a column of every new mail for which the condition holds.
pub fn change_new_mails(server: &TestServer, column: &str, value: &str, condition: &str) {
    if postgres::is_used() {
        let trigger = format!(
            "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF {condition} THEN NEW.{column} := {value}; END IF; RETURN NEW; END $$;
             CREATE TRIGGER change BEFORE INSERT ON mails FOR EACH ROW EXECUTE FUNCTION change()"
        );
        return postgres::execute(server.folder.path(), &trigger);
    }
    let trigger = format!(
        "CREATE TRIGGER change AFTER INSERT ON mails WHEN {condition}
         BEGIN UPDATE mails SET {column} = {value} WHERE id = NEW.id; END"
    );
    execute_in_sqlite(server, &trigger);
}

/// Delays every new mail by the longest possible retry delay.
pub fn hold_mail(server: &TestServer) {
    change_new_mails(server, "next_attempt_at", "NEW.next_attempt_at + 3600000", "true");
}

/// The properties of a personal access token of a test.
pub struct Pat<'a> {
    pub user: &'a str,
    pub permissions: &'a [&'a str],
    /// Empty: all projects.
    pub projects: &'a [&'a str],
    pub expires_at: Option<i64>,
}

impl Pat<'_> {
    /// Inserts it into the database and returns its `Authorization` value.
    pub fn put(&self, server: &TestServer) -> String {
        let secret = Secret::generate(SecretKind::PersonalAccessToken);
        leaks::learn(secret.reveal());
        let (token_id, now) = (Uuid::now_v7(), server.clock.now());
        let (user, hash, permissions) = (id(self.user), secret.hash(), json!(self.permissions).to_string());
        let (is_for_all, expires_at) = (self.projects.is_empty(), self.expires_at);
        server.change(move |tx| {
            tx.execute(
                "INSERT INTO personal_access_tokens (id, user_id, secret_hash, note, permissions, all_projects,
                                                     seeded, expires_at, created_at, updated_at)
                 VALUES (?1, ?2, ?3, 'of a test', ?4, ?5, 0, ?6, ?7, ?7)",
                &[&token_id as &dyn Parameter, &user, &hash, &permissions, &is_for_all, &expires_at, &now][..],
            )
        });
        for project in self.projects {
            let sql = "INSERT INTO personal_access_token_projects (token_id, project_id) VALUES (?1, ?2)";
            let ids = [token_id, id(project)];
            server.change(move |tx| tx.execute(sql, ids));
        }
        format!("Bearer {}", secret.reveal())
    }
}

/// Creates a session for a user and returns its `Authorization` value.
pub fn sign_in(server: &TestServer, user: &str, expires_at: Option<i64>) -> String {
    let secret = Secret::generate(SecretKind::Session);
    leaks::learn(secret.reveal());
    let (token_id, user, hash, now) = (Uuid::now_v7(), id(user), secret.hash(), server.clock.now());
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO internal_tokens (id, user_id, secret_hash, seeded, expires_at, created_at)
             VALUES (?1, ?2, ?3, 0, ?4, ?5)",
            &[&token_id as &dyn Parameter, &user, &hash, &expires_at, &now][..],
        )
    });
    format!("Internal {}", secret.reveal())
}
