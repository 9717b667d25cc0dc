//! A transaction as the layers above see it: five verbs, the time, and new ids.
//!
//! A [`Tx`] cannot leave the closure that it was given to. Statements are prepared once for each
//! connection. Errors of the engine's library become problems there.

use std::cell::Cell;

use uuid::{ContextV7, Uuid};

use super::rows::{Row, RowResult};
use super::sqlite::cells::SqliteConnection;
use super::sqlite::verbs::{self, Enough};
use super::values::{Parameter, Parameters};
use crate::clock::{Clock, Timestamp};
use crate::problem::Problem;

/// An open transaction.
pub struct Tx<'c> {
    on: On<'c>,
    now: Timestamp,
    ids: &'c ContextV7,
    after: Cell<After>,
    statements: Cell<u32>,
}

/// What it runs on.
#[derive(Clone, Copy)]
pub(super) enum On<'c> {
    Sqlite(&'c SqliteConnection),
}

/// What is to be done after the commit. Collected here, so that no operation can forget it.
#[derive(Clone, Copy, Default)]
pub(super) struct After {
    /// A mail was queued.
    pub(super) rings_for_mail: bool,
    /// The disk takes writes again.
    pub(super) proves_disk: bool,
}

impl After {
    /// What is to be done after a commit of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            rings_for_mail: self.rings_for_mail || other.rings_for_mail,
            proves_disk: self.proves_disk || other.proves_disk,
        }
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(on: On<'c>, clock: &Clock, ids: &'c ContextV7) -> Self {
        Self { on, now: clock.now(), ids, after: Cell::default(), statements: Cell::default() }
    }

    pub(super) fn on(&self) -> On<'c> {
        self.on
    }

    /// Says that a commit of this shows that the disk takes writes again.
    pub(super) fn prove_disk(&self) {
        self.after.set(After { proves_disk: true, ..self.after.get() });
    }

    /// Has the delivery of mail look at the outbox once this is committed.
    pub fn ring_for_mail(&self) {
        self.after.set(After { rings_for_mail: true, ..self.after.get() });
    }

    pub(super) fn after(&self) -> After {
        self.after.get()
    }

    /// How many statements this transaction ran so far.
    #[must_use]
    pub fn statements(&self) -> u32 {
        self.statements.get()
    }

    /// The moment of this transaction: one for all that happens in it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id. Ids of one process sort in the order they were made, also within a millisecond.
    #[must_use]
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        let millis = u64::try_from(self.now.as_millis()).unwrap_or_default();
        let nanos = u32::try_from(millis % 1000).unwrap_or_default() * 1_000_000;
        Uuid::new_v7(uuid::Timestamp::from_unix(self.ids, millis / 1000, nanos)).into()
    }

    /// The one row that must be there.
    pub fn row<T>(
        &self,
        sql: &str,
        parameters: impl Parameters,
        read: impl FnOnce(&Row) -> RowResult<T>,
    ) -> Result<T, Problem> {
        self.optional(sql, parameters, read)?.ok_or_else(|| Problem::internal(sql, "there is no such row"))
    }

    /// The one row that may be there.
    pub fn optional<T>(
        &self,
        sql: &str,
        parameters: impl Parameters,
        read: impl FnOnce(&Row) -> RowResult<T>,
    ) -> Result<Option<T>, Problem> {
        let (mut read, mut found) = (Some(read), None);
        self.query(sql, parameters, |row| {
            found = read.take().map(|read| read(row)).transpose()?;
            Ok(Enough::Yes)
        })?;
        Ok(found)
    }

    /// The one number that a statement comes to: a `count(*)`, a `sum`.
    pub fn count(&self, sql: &str, parameters: impl Parameters) -> Result<u64, Problem> {
        self.row(sql, parameters, |row| row.get(0)).map(i64::unsigned_abs)
    }

    /// Whether there is any such row.
    pub fn exists(&self, sql: &str, parameters: impl Parameters) -> Result<bool, Problem> {
        self.optional(sql, parameters, |_| Ok(())).map(|found| found.is_some())
    }

    /// Every row, in the statement's order.
    pub fn rows<T>(
        &self,
        sql: &str,
        parameters: impl Parameters,
        mut read: impl FnMut(&Row) -> RowResult<T>,
    ) -> Result<Vec<T>, Problem> {
        let mut found = Vec::new();
        self.query(sql, parameters, |row| {
            found.push(read(row)?);
            Ok(Enough::No)
        })?;
        Ok(found)
    }

    /// Writes, and says how many rows that changed.
    pub fn execute(&self, sql: &str, parameters: impl Parameters) -> Result<usize, Problem> {
        parameters.with(|parameters| {
            self.begin(sql, parameters);
            match self.on {
                On::Sqlite(connection) => verbs::execute(connection, sql, parameters),
            }
        })
    }

    fn query(
        &self,
        sql: &str,
        parameters: impl Parameters,
        read: impl FnMut(&Row) -> RowResult<Enough>,
    ) -> Result<(), Problem> {
        parameters.with(|parameters| {
            self.begin(sql, parameters);
            match self.on {
                On::Sqlite(connection) => verbs::query(connection, sql, parameters, read),
            }
        })
    }

    fn begin(&self, sql: &str, parameters: &[&dyn Parameter]) {
        self.statements.set(self.statements.get() + 1);
        tracing::trace!(
            target: "brms::statements",
            sql,
            kinds = ?parameters.iter().map(|parameter| parameter.value().kind()).collect::<Vec<_>>(),
        );
    }
}
