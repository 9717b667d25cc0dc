//! Direct access to a server's database: reading what was written, and writing what requests cannot.
//!
//! Of SQLite alone: every cell of the file, and triggers.

use std::path::Path;

use brms::db::Parameter;
use brms::secret::{Secret, SecretKind};
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use serde_json::json;
use uuid::Uuid;

use super::server::PATIENCE;
use super::{TestServer, leaks};

/// An id in the form of the database.
pub fn id(text: &str) -> Uuid {
    Uuid::try_parse(text).expect("an id")
}

/// Every row of every table. If it is equal before and after, nothing was written.
pub fn everything(server: &TestServer) -> Vec<String> {
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

/// Every cell with text or bytes, with its table and column: `users.email`.
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

/// Delays every new mail by the longest possible retry delay.
pub fn hold_mail(server: &TestServer) {
    let hold = "CREATE TRIGGER hold AFTER INSERT ON mails BEGIN
                UPDATE mails SET next_attempt_at = next_attempt_at + 3600000 WHERE id = NEW.id; END";
    execute_in_sqlite(server, hold);
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
