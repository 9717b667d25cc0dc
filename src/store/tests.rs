//! How the database finds what a statement asks for: for tests of statements that are put together from parts.

use crate::clock::Clock;
use crate::db::sqlite::{self, Options};
use crate::db::{Db, Parameter};

/// An empty database, asked for plans.
pub(super) struct Plans {
    db: Db,
    _folder: tempfile::TempDir,
}

impl Plans {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = sqlite::open(&Options::new(folder.path().join("a.db")), Clock::default()).unwrap();
        Self { db, _folder: folder }
    }

    /// The steps of a statement's plan. Its `parameters` are NULL.
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
