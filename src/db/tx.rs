//! A transaction as the layers above see it: five verbs, the time, and new ids.
//!
//! A [`Tx`] cannot leave the closure that it was given to. Statements are prepared once for each
//! connection. Errors of the library become problems here.

use std::cell::Cell;
use std::str::FromStr;

use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, Params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::{ContextV7, Uuid};

use crate::clock::{Clock, Timestamp};
use crate::problem::{Busy, Problem};

pub use rusqlite::Row;
/// What a function from a row to a value returns.
pub type RowResult<T> = rusqlite::Result<T>;

/// An open transaction.
pub struct Tx<'c> {
    connection: &'c Connection,
    now: Timestamp,
    ids: &'c ContextV7,
    after: Cell<After>,
    statements: Cell<u32>,
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
    pub(super) fn new(connection: &'c Connection, clock: &Clock, ids: &'c ContextV7) -> Self {
        Self { connection, now: clock.now(), ids, after: Cell::default(), statements: Cell::default() }
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

    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, Problem> {
        self.statements.set(self.statements.get() + 1);
        self.connection.prepare_cached(sql).map_err(|cause| problem(sql, &cause))
    }

    /// The moment of this transaction: one for all that happens in it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id. Ids of one process sort in the order they were made, also within a millisecond.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.now.as_millis()).unwrap_or_default();
        let nanos = u32::try_from(millis % 1000).unwrap_or_default() * 1_000_000;
        Uuid::new_v7(uuid::Timestamp::from_unix(self.ids, millis / 1000, nanos))
    }

    /// The one row that must be there.
    pub fn row<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row) -> RowResult<T>,
    ) -> Result<T, Problem> {
        let mut statement = self.statement(sql)?;
        statement.query_row(parameters, read).map_err(|cause| problem(sql, &cause))
    }

    /// The one row that may be there.
    pub fn optional<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row) -> RowResult<T>,
    ) -> Result<Option<T>, Problem> {
        let mut statement = self.statement(sql)?;
        statement.query_row(parameters, read).optional().map_err(|cause| problem(sql, &cause))
    }

    /// The one number that a statement comes to: a `count(*)`, a `sum`.
    pub fn count(&self, sql: &str, parameters: impl Params) -> Result<u64, Problem> {
        self.row(sql, parameters, |row| row.get(0)).map(i64::unsigned_abs)
    }

    /// Whether there is any such row.
    pub fn exists(&self, sql: &str, parameters: impl Params) -> Result<bool, Problem> {
        let mut statement = self.statement(sql)?;
        statement.exists(parameters).map_err(|cause| problem(sql, &cause))
    }

    /// Every row, in the statement's order.
    pub fn rows<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row) -> RowResult<T>,
    ) -> Result<Vec<T>, Problem> {
        let mut statement = self.statement(sql)?;
        let rows = statement.query_map(parameters, read).map_err(|cause| problem(sql, &cause))?;
        rows.collect::<Result<_, _>>().map_err(|cause| problem(sql, &cause))
    }

    /// Writes, and says how many rows that changed.
    pub fn execute(&self, sql: &str, parameters: impl Params) -> Result<usize, Problem> {
        let mut statement = self.statement(sql)?;
        statement.execute(parameters).map_err(|cause| problem(sql, &cause))
    }
}

/// What an error of the library means for the one who asked.
pub(super) fn problem(doing: &str, cause: &rusqlite::Error) -> Problem {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Problem::Unavailable(Busy::DiskFull),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Problem::Unavailable(Busy::Database)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => logged(doing, cause, Busy::Damaged),
        Some(ErrorCode::ReadOnly) => logged(doing, cause, Busy::ReadOnly),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => logged(doing, cause, Busy::DiskFailed),
        _ => Problem::internal(doing, cause),
    }
}

/// A problem of the file or its disk, whose cause is for the log alone.
fn logged(doing: &str, cause: &rusqlite::Error, busy: Busy) -> Problem {
    tracing::error!(doing, %cause, "the database file cannot be used");
    Problem::Unavailable(busy)
}

/// Reads a column that holds one of the description's words.
pub fn word<T: FromStr<Err = String>>(row: &Row, column: &str) -> RowResult<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|cause: String| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, cause.into())
    })
}

/// Reads a column that holds JSON, or NULL.
pub fn json<T: DeserializeOwned>(row: &Row, column: &str) -> RowResult<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|cause| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, cause.into())
    })
}

/// JSON for such a column. Whatever cannot be written comes out as null and fails the column's CHECK.
pub fn json_text(value: &impl Serialize) -> String {
    serde_json::json!(value).to_string()
}

/// Ids as one parameter for `json_each`: `id IN (SELECT unhex(value) FROM json_each(?1))`. A plus before the columns of the
/// other conditions and of the order keeps SQLite from walking through all that they allow.
#[must_use]
pub fn id_list(ids: &[Uuid]) -> String {
    let mut list = String::with_capacity(ids.len() * 35 + 2);
    list.push('[');
    for (position, id) in ids.iter().enumerate() {
        if position > 0 {
            list.push(',');
        }
        list.push('"');
        list.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        list.push('"');
    }
    list.push(']');
    list
}
