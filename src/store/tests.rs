//! Query plans, for tests of statements that are assembled at run time.

use crate::clock::Clock;
use crate::db::sqlite::Options;
use crate::db::{Db, Engine, Parameter};

/// An empty database for reading query plans.
pub(super) struct Plans {
    pub(super) db: Db,
    _folder: tempfile::TempDir,
}

impl Plans {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Engine::open_sqlite(&Options::new(folder.path().join("a.db")), Clock::default()).unwrap();
        Self { db, _folder: folder }
    }

    /// The steps of a statement's query plan, with NULL for all `parameters`.
    pub(super) fn of(&self, statement: &str, parameters: usize) -> Vec<String> {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let nothing = vec![&None::<i64> as &dyn Parameter; parameters];
        let steps = |row: &crate::db::Row| row.get::<String>("detail");
        self.db.peek(|tx| tx.rows(&explain, nothing.as_slice(), steps)).unwrap()
    }

    /// The first column of each row.
    pub(super) fn names(&self, statement: &str) -> Vec<String> {
        self.db.peek(|tx| tx.rows(statement, (), |row| row.get(0))).unwrap()
    }
}
