//! Opens the database for commands that work on it, also while a server is running.

use super::threads;
use crate::clock::Clock;
use crate::config::DatabaseSettings;
use crate::db::sqlite::{self, Options};
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::problem::Problem;

/// Opens an existing database.
pub(super) fn open_existing(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(&Options::beside_a_server(&settings.database))
}

/// Opens an existing database of any schema step to read it. The file stays as it is.
pub(super) fn open_unchanged(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(&Options::unchanged(&settings.database))
}

/// Opens a database, creating it if necessary.
pub(super) fn open_or_create(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(&Options { create: true, ..Options::beside_a_server(&settings.database) })
}

fn open(options: &Options) -> Result<Db, Failure> {
    // Three threads of the connection pool, the writer, and the WAL checkpointer.
    threads::check(5)?;
    sqlite::open(options, Clock::default())
}

/// Runs a read transaction.
pub(super) fn read<T>(db: &Db, work: impl FnOnce(&Tx) -> Result<T, Problem>) -> Result<T, Failure> {
    Ok(db.peek(work)?)
}

/// Runs a write transaction and waits for it.
pub(super) fn write<T: Send + 'static>(
    db: &Db,
    work: impl FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Failure> {
    Ok(db.write_blocking(work)?)
}
