//! What is known to be wrong with the file beyond one call: damage, which stays until somebody mends it, and
//! the last write that the disk refused, which the next one may undo.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use super::Shared;
use super::connection::{self, Source};
use super::opened_file::Look;
use super::tx;
use crate::problem::{Busy, Problem};

const NONE: u8 = 0;
const DAMAGED: u8 = 1;
const GONE: u8 = 2;

/// Shared by the writer and all readers.
#[derive(Default)]
pub(super) struct Trouble {
    lasting: AtomicU8,
    was_write_refused: AtomicBool,
    newest_audit_log: Mutex<Option<Uuid>>,
}

impl Trouble {
    /// Refuses while there is something that does not pass by itself.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self.lasting.load(Ordering::Acquire) {
            NONE => Ok(()),
            GONE => Err(Problem::Unavailable(Busy::FileGone)),
            _ => Err(Problem::Unavailable(Busy::Damaged)),
        }
    }

    /// Remembers what an outcome says of the file as a whole.
    pub(super) fn learn<T>(&self, outcome: &Result<T, Problem>) {
        if let Err(Problem::Unavailable(busy)) = outcome {
            self.note(*busy);
        }
    }

    pub(super) fn note(&self, busy: Busy) {
        match busy {
            Busy::Damaged => self.lasting.store(DAMAGED, Ordering::Release),
            Busy::DiskFull | Busy::DiskFailed | Busy::ReadOnly => self.refused(true),
            _ => {}
        }
    }

    /// The file is not there any more, and a write went into it.
    pub(super) fn lost(&self) {
        self.lasting.store(GONE, Ordering::Release);
    }

    /// Remembers how far this process has written.
    pub(super) fn wrote(&self, writer: &Connection) {
        self.refused(false);
        // An error here is one of the next write, too.
        if let Ok(newest) = newest_audit_log(writer) {
            *self.newest_audit_log.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        }
    }

    /// Whether the last write was refused by the disk.
    pub(super) fn refused(&self, is_refused: bool) {
        self.was_write_refused.store(is_refused, Ordering::Release);
    }

    pub(super) fn was_write_refused(&self) -> bool {
        self.was_write_refused.load(Ordering::Acquire)
    }
}

/// Looks at the file before a transaction: what another program has overwritten is not written to. A file that is gone
/// is found afterwards, when it is known whether anything was written into it.
pub(super) fn look_before(shared: &Shared, writer: &Connection) -> Result<(), Busy> {
    if !shared.file.may_be_written() {
        return Err(Busy::ReadOnly);
    }
    if shared.file.look() == Look::Written { compare(shared, writer) } else { Ok(()) }
}

/// Looks at the file after a transaction.
pub(super) fn look(shared: &Shared, writer: &Connection) -> Result<(), Busy> {
    match shared.file.look() {
        Look::InPlace => Ok(()),
        Look::Gone => Err(Busy::FileGone),
        Look::Written => compare(shared, writer),
    }
}

/// Another program has written the file. That is right if it was a fold of the log, and then a new connection
/// finds what the writer has in its cache.
fn compare(shared: &Shared, writer: &Connection) -> Result<(), Busy> {
    let file = &shared.file;
    let damaged = |cause: &dyn std::fmt::Display| {
        let path = file.path().display();
        tracing::error!(%path, %cause, "another program has written the database file, and it is not right any more");
        Busy::Damaged
    };
    // So that nobody writes between the two looks.
    let transaction = Transaction::new_unchecked(writer, TransactionBehavior::Immediate);
    let _open = match transaction.map_err(|cause| (tx::problem("comparing the file", &cause), cause)) {
        Ok(open) => open,
        Err((Problem::Unavailable(Busy::Database), _)) => return Err(Busy::Database),
        Err((_, cause)) => return Err(damaged(&cause)),
    };
    let header = file.header().map_err(|cause| damaged(&cause))?;
    let own = State::of(writer).map_err(|cause| damaged(&cause))?;
    if !header.is_whole {
        return Err(damaged(&"it is shorter than its first page says"));
    }
    if i64::from(header.schema_cookie) > own.schema_version {
        return Err(damaged(&"it has another schema than was opened"));
    }
    let fresh = connection::open_reader(&Source::shared(file.path())).map_err(|cause| damaged(&cause))?;
    let found = State::of(&fresh).map_err(|cause| damaged(&cause))?;
    if found != own {
        return Err(damaged(&format!("it has {found:?}, and {own:?} was written")));
    }
    let newest = *shared.trouble.newest_audit_log.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(newest) = newest
        && !has_audit_log(&fresh, newest).map_err(|cause| damaged(&cause))?
    {
        return Err(damaged(&"it lacks what was written last"));
    }
    let whole: String =
        fresh.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|cause| damaged(&cause))?;
    if whole != "ok" {
        return Err(damaged(&whole));
    }
    file.accept();
    Ok(())
}

/// What two connections agree on if they see the same file.
#[derive(Debug, PartialEq, Eq)]
struct State {
    schema_version: i64,
    pages: i64,
    free_pages: i64,
    newest_audit_log: Option<Uuid>,
}

impl State {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        Ok(Self {
            schema_version: pragma("schema_version")?,
            pages: pragma("page_count")?,
            free_pages: pragma("freelist_count")?,
            newest_audit_log: newest_audit_log(connection)?,
        })
    }
}

fn has_audit_log(connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM audit_logs WHERE id = ?1")?.exists([id])
}

/// Every change leaves a row there, and ids sort by their time.
fn newest_audit_log(connection: &Connection) -> rusqlite::Result<Option<Uuid>> {
    connection.prepare_cached("SELECT max(id) FROM audit_logs")?.query_row([], |row| row.get(0))
}
