//! Opens the database for commands that work on it, also while a server is running.

use std::path::Path;

use super::threads;
use crate::clock::Clock;
use crate::config::{DatabaseLocation, DatabaseSettings};
use crate::db::sqlite::Options;
use crate::db::{Db, Engine, Tx};
use crate::failure::Failure;
use crate::problem::Problem;
use crate::startup;
use crate::store;

/// The file of a command that works on a file.
pub(super) fn file(settings: &DatabaseSettings) -> Result<&Path, Failure> {
    let is_none = || Failure(format!("{} is not a file; this command works on one", settings.database));
    settings.database.file().ok_or_else(is_none)
}

/// Opens an existing database.
pub(super) fn open_existing(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(settings, |path| Options::beside_a_server(path))
}

/// Opens an existing database to read it, and leaves it as it is: a file of any schema step; on PostgreSQL, where a newer
/// schema could end what its servers can do, only one of the last step.
pub(super) fn open_unchanged(settings: &DatabaseSettings) -> Result<Db, Failure> {
    if let DatabaseLocation::Postgres(url) = &settings.database {
        threads::check(5)?;
        let options = startup::of_postgres(url, &settings.postgres, 1)?.unchanged();
        return Engine::open_postgres(&options, Clock::default());
    }
    open(settings, |path| Options::unchanged(path))
}

/// Opens a database, creating a file if necessary.
pub(super) fn open_or_create(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(settings, |path| Options { create: true, ..Options::beside_a_server(path) })
}

fn open(settings: &DatabaseSettings, options: impl FnOnce(&Path) -> Options) -> Result<Db, Failure> {
    // Three threads of the connection pool, the writer, and the WAL checkpointer.
    threads::check(5)?;
    match &settings.database {
        DatabaseLocation::File(path) => Engine::open_sqlite(&options(path), Clock::default()),
        DatabaseLocation::Postgres(url) => {
            Engine::open_postgres(&startup::of_postgres(url, &settings.postgres, 1)?, Clock::default())
        }
    }
}

/// Runs a read transaction.
pub(super) fn read<T: Send>(
    db: &Db,
    work: impl FnOnce(&Tx) -> Result<T, Problem> + Send,
) -> Result<T, Failure> {
    Ok(db.peek(work)?)
}

/// Runs a write transaction and waits for it.
pub(super) fn write<T: Send + 'static>(
    db: &Db,
    work: impl FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Failure> {
    Ok(db.write_blocking(work)?)
}

/// The URL at which people reach the server: the given one, or that of the last server on the database.
pub(super) fn public_url(db: &Db, given: Option<&str>) -> Result<String, Failure> {
    let recorded = || read(db, store::servers::public_url);
    let found = given.map_or_else(recorded, |given| Ok(Some(given.to_owned())))?;
    found.ok_or_else(|| {
        "no server has run on this database, so the address of the link is not known; give --public-url \
         (BRMS_PUBLIC_URL), or start the server. Nothing was changed"
            .into()
    })
}
