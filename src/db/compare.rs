//! Whether the file is still what this process has written into it.

use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use super::connection::{self, Source};
use super::opened_file::Look;
use super::shared::Shared;
use super::trouble::newest_audit_log;
use super::tx;
use crate::problem::{Busy, Problem};

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
    if let Some(newest) = shared.trouble.newest_written()
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
