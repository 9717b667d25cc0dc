//! Opening the file for the commands that work on it, also while a server serves it.

use super::threads;
use crate::clock::Clock;
use crate::config::DatabaseSettings;
use crate::db::sqlite::{self, Options};
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::problem::Problem;

/// Opens a file that must be there.
pub(super) fn open_existing(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(&Options::beside_a_server(&settings.database))
}

/// Opens a file, or makes it.
pub(super) fn open_or_create(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(&Options { create: true, ..Options::beside_a_server(&settings.database) })
}

fn open(options: &Options) -> Result<Db, Failure> {
    // The pool's three, the writer, and the fold of its log.
    threads::check(5)?;
    sqlite::open(options, Clock::default())
}

/// Reads from the file.
pub(super) fn read<T>(db: &Db, work: impl FnOnce(&Tx) -> Result<T, Problem>) -> Result<T, Failure> {
    Ok(db.peek(work)?)
}

/// Writes to the file, and waits for it.
pub(super) fn write<T: Send + 'static>(
    db: &Db,
    work: impl FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Failure> {
    Ok(db.write_blocking(work)?)
}
