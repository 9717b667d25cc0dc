//! Gives unused space back to the disk, by a copy that takes the place of the file.
//!
//! The copy is checked and compared before, and takes its name by a rename: whenever the process ends, the database is
//! either the old file or the new one, and both have everything. Not by VACUUM in place, which has no such moment for a
//! look at the new content, and which needs the space of the file twice.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::connection::{self, Source};
use super::files::{hand_over, real_path};
use super::lock::ServeLock;
use super::opened_file::OpenedFile;
use super::{backup, copy, migrations};
use crate::failure::Failure;

/// The result of a compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The length of the file before.
    pub bytes_before: u64,
    /// Its length now.
    pub bytes: u64,
}

/// Makes `database` anew without its unused space. No other program may have it open.
pub fn compact(database: &Path) -> Result<Compacted, Failure> {
    let database = &real_path(database)?;
    let failed = |cause: &dyn std::fmt::Display| {
        Failure(format!("{} was not compacted: {cause}; nothing was changed", database.display()))
    };
    // Refuses what is not a file of brms, before the lock makes a file beside it.
    let step = migrations::step(&backup::connect(database)?, database)?;
    if step == 0 {
        return Err(Failure(format!("{} is empty, so there is nothing to compact", database.display())));
    }
    migrations::refuse_newer(step, database, migrations::ALL)?;
    refuse_second_name(database)?;
    let lock = ServeLock::take(database)?;
    let old = open_alone(database).map_err(|cause| failed(&cause))?;
    // A copy has indexes made anew, so damage would no longer show in it.
    copy::check(&old).map_err(|cause| failed(&format_args!("it is damaged ({cause}); see brms check")))?;
    let bytes_before = database.metadata().map_err(|cause| failed(&cause))?.len();
    let made = copy::make(&old, database)
        .and_then(|copy| hand_over(copy.as_file(), database).map(|()| copy))
        .map_err(|cause| failed(&cause))?;
    let copied = connection::open_plain(&Source::shared(made.path()));
    let is_same = copied.and_then(|copied| Ok(numbers_of_rows(&old)? == numbers_of_rows(&copied)?));
    match is_same {
        Ok(true) => {}
        Ok(false) => return Err(failed(&"the copy has not as many rows in each table")),
        Err(cause) => return Err(failed(&cause)),
    }
    let bytes = copy::replace(made, database).map_err(|cause| failed(&cause))?;
    // Until the new file has its name, no program may write into the old one.
    drop(old);
    drop(lock);
    Ok(Compacted { bytes_before, bytes })
}

/// By a second name the old content would still be there, and writes to it would be lost.
fn refuse_second_name(database: &Path) -> Result<(), Failure> {
    let file = OpenedFile::new(database)
        .map_err(|cause| Failure(format!("{} cannot be opened: {cause}", database.display())))?;
    if file.links() > 1 {
        return Err(Failure(format!(
            "{} has a second name (a hard link), by which the old file would stay; remove that name first",
            database.display()
        )));
    }
    Ok(())
}

/// Opens the file, with its write-ahead log in it, so that no other program can read or write it meanwhile.
fn open_alone(database: &Path) -> Result<Connection, Failure> {
    let in_use = || Failure("another program has it open; stop that first".to_owned());
    let opened = || -> rusqlite::Result<Option<Connection>> {
        let connection = connection::open_plain(&Source::shared(database))?;
        let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        if mode != "delete" {
            return Ok(None);
        }
        connection.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
        // The lock of a transaction stays from here on.
        connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
        Ok(Some(connection))
    };
    match opened() {
        Ok(connection) => connection.ok_or_else(in_use),
        Err(cause)
            if matches!(
                cause.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ) =>
        {
            Err(in_use())
        }
        Err(cause) => Err(Failure(cause.to_string())),
    }
}

/// The number of rows of each table. A virtual table has them in others.
fn numbers_of_rows(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
    let mut statement = connection.prepare(tables)?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let count = |name: String| {
        let counting = format!("SELECT count(*) FROM \"{name}\"");
        let number: i64 = connection.query_row(&counting, [], |row| row.get(0))?;
        Ok((name, number.unsigned_abs()))
    };
    names.into_iter().map(count).collect()
}
