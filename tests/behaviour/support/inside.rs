//! What tests do behind the server's back: look at what was written, and put there what no request can.

use brms::secret::{Secret, SecretKind};
use rusqlite::types::Value;
use rusqlite::{Row, params};
use serde_json::json;
use uuid::Uuid;

use super::TestServer;

/// An id as the database holds it.
pub fn id(text: &str) -> Uuid {
    Uuid::try_parse(text).expect("an id")
}

/// Every row of every table. Equal before and after: nothing was written.
pub fn everything(server: &TestServer) -> Vec<String> {
    let database = server.sqlite();
    let all = |sql: &str, read: fn(&Row<'_>, usize) -> rusqlite::Result<String>| -> Vec<String> {
        let mut statement = database.prepare(sql).expect("a statement");
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| read(row, columns)).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    // The counts of the audit log are kept by a trigger and say nothing that its rows do not.
    let tables = all(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'audit_log_counts'",
        |row, _| row.get(0),
    );
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

/// Runs one statement of the test's own.
pub fn execute(server: &TestServer, sql: &str) {
    server.sqlite().execute_batch(sql).expect("the statement runs");
}

/// What a personal access token of a test may do.
pub struct Pat<'a> {
    pub user: &'a str,
    pub permissions: &'a [&'a str],
    /// Empty: all projects.
    pub projects: &'a [&'a str],
    pub expires_at: Option<i64>,
}

impl Pat<'_> {
    /// Puts it into the database and returns the `Authorization` value that it makes.
    pub fn put(&self, server: &TestServer) -> String {
        let secret = Secret::generate(SecretKind::PersonalAccessToken);
        let (database, token_id, now) = (server.sqlite(), Uuid::now_v7(), server.clock.now().as_millis());
        database
            .execute(
                "INSERT INTO personal_access_tokens (id, user_id, secret_hash, note, permissions, all_projects,
                                                     seeded, expires_at, created_at, updated_at)
                 VALUES (?1, ?2, ?3, 'of a test', ?4, ?5, 0, ?6, ?7, ?7)",
                params![
                    token_id,
                    id(self.user),
                    secret.hash().as_bytes(),
                    json!(self.permissions).to_string(),
                    self.projects.is_empty(),
                    self.expires_at,
                    now,
                ],
            )
            .expect("a token");
        for project in self.projects {
            let sql = "INSERT INTO personal_access_token_projects (token_id, project_id) VALUES (?1, ?2)";
            database.execute(sql, params![token_id, id(project)]).expect("a project of a token");
        }
        format!("Bearer {}", secret.reveal())
    }
}

/// Signs a user in and returns the `Authorization` value for it.
pub fn sign_in(server: &TestServer, user: &str, expires_at: Option<i64>) -> String {
    let secret = Secret::generate(SecretKind::InternalToken);
    server
        .sqlite()
        .execute(
            "INSERT INTO internal_tokens (id, user_id, secret_hash, seeded, expires_at, created_at)
             VALUES (?1, ?2, ?3, 0, ?4, ?5)",
            params![
                Uuid::now_v7(),
                id(user),
                secret.hash().as_bytes(),
                expires_at,
                server.clock.now().as_millis()
            ],
        )
        .expect("a sign-in");
    format!("Internal {}", secret.reveal())
}
