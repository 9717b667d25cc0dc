//! A transaction as the layers above see it: its query methods, its time, and new ids.
//!
//! A [`Tx`] cannot leave its closure. Statements are prepared once per connection. Errors of the database library are
//! mapped to problems in the engine.

use std::cell::{Cell, OnceCell};
use std::sync::Mutex;

use tokio::time::Instant;
use uuid::{ContextV7, Uuid};

use super::budget::{Budget, Demand};
use super::memory::Memory;
use super::postgres::session::PostgresSession;
use super::rows::{Enough, Row, RowResult};
use super::sqlite::cells::SqliteConnection;
use super::sqlite::verbs;
use super::values::{Parameter, Parameters};
use crate::clock::{Clock, Timestamp};
use crate::failure::Failure;
use crate::problem::{Most, Problem};

/// Makes the ids of a process sort by creation, also when the clock goes back. All threads that write share one.
pub(super) type IdSequence = Mutex<ContextV7>;

/// An open transaction.
pub struct Tx<'c> {
    on: On<'c>,
    now: Timestamp,
    ids: &'c IdSequence,
    /// Of the batch that it is a part of.
    memory: Option<&'c Memory>,
    after: Cell<AfterCommit>,
    statements: Cell<u32>,
    /// Of the call that it is made for; none for the operator.
    budget: OnceCell<Budget>,
}

/// The connection with the transaction.
#[derive(Clone, Copy)]
pub(super) enum On<'c> {
    Sqlite(&'c SqliteConnection),
    Postgres(&'c PostgresSession),
}

/// Actions to take after the commit, collected here so that no operation can forget them.
#[derive(Clone, Copy, Default)]
pub(super) struct AfterCommit {
    /// A mail was queued.
    pub(super) has_queued_mail: bool,
    /// The disk takes writes again.
    pub(super) has_proven_disk: bool,
}

impl AfterCommit {
    /// The union of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            has_queued_mail: self.has_queued_mail || other.has_queued_mail,
            has_proven_disk: self.has_proven_disk || other.has_proven_disk,
        }
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(on: On<'c>, clock: &Clock, ids: &'c IdSequence) -> Self {
        let (after, statements, budget) = (Cell::default(), Cell::default(), OnceCell::new());
        Self { on, now: clock.now(), ids, memory: None, after, statements, budget }
    }

    /// The same, as a part of a batch of writes.
    pub(super) fn in_batch(self, memory: &'c Memory) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// The same, at the time of the batch that it is a part of.
    pub(super) fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Looks something up by a key and the time of the transaction, unless the batch has it already.
    pub(crate) fn find_once<T: Clone + Send + 'static>(
        &self,
        key: &[u8],
        find: impl FnOnce() -> Result<Option<T>, Problem>,
    ) -> Result<Option<T>, Problem> {
        match self.memory {
            Some(memory) => memory.find(key, self.now, find),
            None => find(),
        }
    }

    /// Looks everything up anew from here on: after an insert that changes what [`Tx::find_once`] has found.
    pub(crate) fn forget_found(&self) {
        self.memory.inspect(|memory| memory.clear());
    }

    pub(super) fn on(&self) -> On<'c> {
        self.on
    }

    /// Records that a commit of this transaction proves that the disk accepts writes again.
    pub(super) fn record_proven_disk(&self) {
        self.after.set(AfterCommit { has_proven_disk: true, ..self.after.get() });
    }

    /// Notifies mail delivery after the commit.
    pub fn notify_mail_delivery(&self) {
        self.after.set(AfterCommit { has_queued_mail: true, ..self.after.get() });
    }

    pub(super) fn after(&self) -> AfterCommit {
        self.after.get()
    }

    /// From here on the transaction has the budget of one call, and this time.
    pub(crate) fn limit(&self, until: Instant) {
        self.budget.get_or_init(|| Budget::until(until));
    }

    /// Fails if the call may not write so much more (409). To be asked before the first write.
    pub(crate) fn ask_for(&self, more: Demand) -> Result<(), Problem> {
        self.budget.get().map_or(Ok(()), |budget| budget.check_room(more))
    }

    /// Fails with 409 if a call would store more than a limit. The operator may: a seed has what an export had.
    pub(crate) fn check(&self, most: Most, count: usize) -> Result<(), Problem> {
        self.budget.get().map_or(Ok(()), |_| most.check(count))
    }

    /// Runs work that does not count toward the budget.
    pub(crate) fn uncounted<T>(&self, work: impl FnOnce() -> T) -> T {
        match self.budget.get() {
            Some(budget) => budget.pause(work),
            None => work(),
        }
    }

    /// The number of statements that this transaction has run.
    #[must_use]
    pub fn statements(&self) -> u32 {
        self.statements.get()
    }

    /// The time of this transaction, the same throughout.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id. Ids of one process sort by creation, also within a millisecond.
    #[must_use]
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        let millis = u64::try_from(self.now.as_millis()).unwrap_or_default();
        let nanos = u32::try_from(millis % 1000).unwrap_or_default() * 1_000_000;
        Uuid::new_v7(uuid::Timestamp::from_unix(self.ids, millis / 1000, nanos)).into()
    }

    /// The single row, which must exist.
    pub fn row<T>(
        &self,
        sql: &str,
        parameters: impl Parameters,
        read: impl FnOnce(&Row) -> RowResult<T>,
    ) -> Result<T, Problem> {
        self.optional(sql, parameters, read)?.ok_or_else(|| Problem::internal(sql, "there is no such row"))
    }

    /// The first row, or `None`.
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

    /// The single number that a statement returns: a `count(*)` or a `sum`.
    pub fn count(&self, sql: &str, parameters: impl Parameters) -> Result<u64, Problem> {
        self.row(sql, parameters, |row| row.get(0)).map(i64::unsigned_abs)
    }

    /// Whether any row matches.
    pub fn exists(&self, sql: &str, parameters: impl Parameters) -> Result<bool, Problem> {
        self.optional(sql, parameters, |_| Ok(())).map(|found| found.is_some())
    }

    /// All rows, in the statement's order.
    pub fn rows<T>(
        &self,
        sql: &str,
        parameters: impl Parameters,
        read: impl FnMut(&Row) -> RowResult<T>,
    ) -> Result<Vec<T>, Problem> {
        self.rows_until(sql, parameters, read, |_| Enough::No)
    }

    /// [`Tx::rows`], up to and including the first one that is enough.
    pub fn rows_until<T>(
        &self,
        sql: &str,
        parameters: impl Parameters,
        mut read: impl FnMut(&Row) -> RowResult<T>,
        mut is_enough: impl FnMut(&T) -> Enough,
    ) -> Result<Vec<T>, Problem> {
        let mut found = Vec::new();
        self.query(sql, parameters, |row| {
            let read = read(row)?;
            let enough = is_enough(&read);
            found.push(read);
            Ok(enough)
        })?;
        Ok(found)
    }

    /// Reads all rows of a statement without parameters, one after the other: none is kept.
    pub(super) fn each(&self, sql: &str, mut read: impl FnMut(&Row) -> RowResult<()>) -> Result<(), Failure> {
        let mut failed = None;
        self.query(sql, (), |row| {
            Ok(match read(row) {
                Ok(()) => Enough::No,
                Err(failure) => {
                    failed = Some(failure);
                    Enough::Yes
                }
            })
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Executes a write and returns the number of changed rows.
    pub fn execute(&self, sql: &str, parameters: impl Parameters) -> Result<usize, Problem> {
        parameters.with(|parameters| {
            self.begin(sql, parameters)?;
            let changed = match self.on {
                On::Sqlite(connection) => verbs::execute(connection, sql, parameters),
                On::Postgres(session) => session.execute(sql, parameters),
            }?;
            self.spend(changed, parameters).map(|()| changed)
        })
    }

    fn query(
        &self,
        sql: &str,
        parameters: impl Parameters,
        mut read: impl FnMut(&Row) -> RowResult<Enough>,
    ) -> Result<(), Problem> {
        parameters.with(|parameters| {
            self.begin(sql, parameters)?;
            let mut rows = 0;
            let read = |row: &Row| {
                rows += 1;
                read(row)
            };
            match self.on {
                On::Sqlite(connection) => verbs::query(connection, sql, parameters, read),
                On::Postgres(session) => session.query(sql, parameters, read),
            }?;
            // Others return what they have changed.
            if sql.starts_with("SELECT") { Ok(()) } else { self.spend(rows, parameters) }
        })
    }

    fn spend(&self, rows: usize, parameters: &[&dyn Parameter]) -> Result<(), Problem> {
        self.budget.get().map_or(Ok(()), |budget| budget.count(rows, parameters))
    }

    fn begin(&self, sql: &str, parameters: &[&dyn Parameter]) -> Result<(), Problem> {
        self.budget.get().map_or(Ok(()), Budget::check_time)?;
        self.statements.set(self.statements.get() + 1);
        self.memory.inspect(|memory| memory.note(sql));
        tracing::trace!(
            target: "brms::statements",
            sql,
            kinds = ?parameters.iter().map(|parameter| parameter.value().kind()).collect::<Vec<_>>(),
        );
        Ok(())
    }
}
