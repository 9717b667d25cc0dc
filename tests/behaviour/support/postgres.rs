//! Databases on a PostgreSQL server, one for each test. `TEST_POSTGRES` is the URL of the server, with a role that may
//! create databases; `scripts/test-postgres` starts one and sets it. Without it every test uses a SQLite file.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use brms::clock::Clock;
use brms::db::Engine;
use brms::db::postgres::{BesideUrl, PostgresOptions};
use postgres::{Client, NoTls};

/// The server, as `postgres://USER@HOST:PORT`.
static SERVER: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("TEST_POSTGRES").ok().filter(|url| !url.is_empty()));

/// Whether the tests run on PostgreSQL.
pub fn is_used() -> bool {
    SERVER.is_some()
}

/// Ends a test that is about SQLite alone if the tests run on PostgreSQL. The argument is the reason.
macro_rules! of_sqlite_alone {
    ($reason:literal) => {
        if $crate::support::postgres::is_used() {
            println!("not run on PostgreSQL: {}", $reason);
            return;
        }
    };
}
pub(crate) use of_sqlite_alone;

/// The same for a test that needs several servers on one database.
macro_rules! of_postgres_alone {
    () => {
        if !$crate::support::postgres::is_used() {
            println!("run on PostgreSQL only: a SQLite file has one server");
            return;
        }
    };
}
pub(crate) use of_postgres_alone;

/// The database of a test, which is named after the folder that SQLite's file would be in. It is dropped after this.
pub struct TestDatabase {
    name: Option<String>,
}

/// A database with the schema, which those of the tests are copies of: a copy takes a third of the time of the schema's
/// statements. It stays on the server.
static TEMPLATE: LazyLock<String> = LazyLock::new(|| {
    let name = format!("test_template_{}", std::process::id());
    on_server("postgres", |client| {
        client.batch_execute(&format!("CREATE DATABASE \"{name}\"")).expect("a new database");
    });
    let url = format!("{}/{name}", SERVER.as_ref().expect("TEST_POSTGRES"));
    let options = PostgresOptions::parse(&url, &BesideUrl::default()).expect("a URL");
    drop(Engine::open_postgres(&options, Clock::default()).expect("the schema is made"));
    name
});

/// Databases of tests that have ended. Their servers may still be connected, with work that they would do again and
/// again if the database were dropped under them.
static ENDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl TestDatabase {
    /// Creates the database unless it exists.
    pub fn of(folder: &Path) -> Option<Self> {
        SERVER.as_ref()?;
        Self::copied(folder, &TEMPLATE)
    }

    /// The same without the schema.
    pub fn without_schema(folder: &Path) -> Option<Self> {
        Self::copied(folder, "template1")
    }

    fn copied(folder: &Path, template: &str) -> Option<Self> {
        let name = name(folder)?;
        on_server("postgres", |client| {
            drop_ended(client);
            let exists = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]);
            if exists.expect("a list of databases").is_none() {
                let create = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
                client.batch_execute(&create).expect("a new database");
            }
        });
        Some(Self { name: Some(name) })
    }

    /// Leaves the database for the next server on the same folder.
    pub fn keep(mut self) {
        self.name = None;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        ended().extend(self.name.take());
    }
}

fn ended() -> MutexGuard<'static, Vec<String>> {
    ENDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops the databases of tests that have ended, except those that a server still uses. The last ones of a run stay.
fn drop_ended(client: &mut Client) {
    let names = std::mem::take(&mut *ended());
    let used = client.query("SELECT datname::text FROM pg_stat_activity WHERE datname = ANY($1)", &[&names]);
    let used: Vec<String> = used.expect("a list of connections").iter().map(|row| row.get(0)).collect();
    let (used, unused): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| used.contains(name));
    ended().extend(used);
    for name in unused {
        client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\"")).expect("no one uses it");
    }
}

fn name(folder: &Path) -> Option<String> {
    let server = SERVER.as_ref()?;
    let folder = folder.file_name()?.to_str()?;
    // One server may serve several runs.
    let letters = folder.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    Some(format!("test_{}_{letters}", server.len()))
}

/// The database as a setting: the URL, or the path of the file.
pub fn location(folder: &Path) -> PathBuf {
    match (SERVER.as_ref(), name(folder)) {
        (Some(server), Some(name)) => PathBuf::from(format!("{server}/{name}")),
        _ => folder.join("test.db"),
    }
}

/// Every cell with text or bytes of every table, with its table and column: `users.email`.
pub fn cells(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Some(name) = name(folder) else { return Vec::new() };
    on_server(&name, |client| {
        // Ten times as fast as the information schema, and every test does it.
        let columns = client
            .query(
                "SELECT relname::text, attname::text, atttypid::regtype::text
                 FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
                   AND atttypid IN ('text'::regtype, 'bytea'::regtype)",
                &[],
            )
            .expect("columns");
        let mut found = Vec::new();
        for column in columns {
            let (table, column, kind): (String, String, String) =
                (column.get(0), column.get(1), column.get(2));
            let bytes = if kind == "bytea" {
                format!("\"{column}\"")
            } else {
                format!("convert_to(\"{column}\", 'UTF8')")
            };
            let sql = format!("SELECT {bytes} FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
            let rows = client.query(&sql, &[]).expect("cells");
            found.extend(rows.into_iter().map(|row| (format!("{table}.{column}"), row.get(0))));
        }
        found
    })
}

/// Every row of every table, as text, in the order of these texts.
pub fn everything(folder: &Path) -> Vec<String> {
    let name = name(folder).expect("a database on PostgreSQL");
    on_server(&name, |client| {
        let tables = client.query(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
            &[],
        );
        let tables: Vec<String> = tables.expect("tables").iter().map(|row| row.get(0)).collect();
        let rows = |table: &String| {
            let sql = format!("SELECT t::text FROM \"{table}\" AS t ORDER BY 1");
            let found = client.query(&sql, &[]).expect("rows");
            found.iter().map(|row| format!("{table} {}", row.get::<_, String>(0))).collect::<Vec<_>>()
        };
        tables.iter().flat_map(rows).collect()
    })
}

/// Runs statements that only PostgreSQL supports.
pub fn execute(folder: &Path, sql: &str) {
    let name = name(folder).expect("a database on PostgreSQL");
    on_server(&name, |client| client.batch_execute(sql).expect("the statements run"));
}

/// Runs a statement, and returns the number of changed rows.
pub fn change(folder: &Path, sql: &str) -> u64 {
    let name = name(folder).expect("a database on PostgreSQL");
    on_server(&name, |client| client.execute(sql, &[]).expect("the statement runs"))
}

/// On a thread of its own: the client blocks, which a thread of a runtime may not.
fn on_server<T: Send>(database: &str, work: impl FnOnce(&mut Client) -> T + Send) -> T {
    let server = SERVER.as_ref().expect("TEST_POSTGRES");
    let url = format!("{server}/{database}");
    let run = || {
        let mut client = Client::connect(&url, NoTls).expect("PostgreSQL answers");
        work(&mut client)
    };
    std::thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
