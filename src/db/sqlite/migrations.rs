//! Numbered schema steps: forward only, each in a transaction of its own that also stores its number. A new file gets
//! all of them at once. A file newer than this binary is refused.

use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::lock::ServeLock;
use super::opened_file::OpenedFile;
use super::options::BUSY_TIMEOUT;
use super::{copy, files, functions};
use crate::failure::Failure;

/// How often the lock is retried.
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(50);

/// All steps in order; a step's number is its position, counted from 1.
pub(super) const ALL: &[&str] = &[
    include_str!("../migrations/sqlite/0001_people_and_access.sql"),
    include_str!("../migrations/sqlite/0002_the_whole_api.sql"),
    include_str!("../migrations/sqlite/0003_mail_over_smtp.sql"),
    include_str!("../migrations/sqlite/0004_one_index_less.sql"),
    include_str!("../migrations/sqlite/0005_idempotency_keys.sql"),
    include_str!("../migrations/sqlite/0006_folded_texts.sql"),
    include_str!("../migrations/sqlite/0007_organisation_names.sql"),
    include_str!("../migrations/sqlite/0008_listed_projects.sql"),
    include_str!("../migrations/sqlite/0009_fewer_trees.sql"),
    include_str!("../migrations/sqlite/0010_totals.sql"),
    include_str!("../migrations/sqlite/0011_search_index.sql"),
    include_str!("../migrations/sqlite/0012_mail_claims.sql"),
    include_str!("../migrations/sqlite/0013_removed_entries.sql"),
    include_str!("../migrations/sqlite/0014_sign_in.sql"),
];

/// What all steps together make of an empty file. A new file gets this: to run them one after another takes as long as
/// all the rest of a start. A test compares both.
pub(super) const SCHEMA: &str = include_str!("../schema/sqlite.sql");

/// The number of the last step, which every migrated file has.
pub(in crate::db) fn last() -> u32 {
    number(ALL.len())
}

/// In the file's header, to identify the file. "BRMS" in ASCII.
const APPLICATION_ID: i32 = 0x4252_4d53;

/// Applies the steps that the file lacks.
pub(super) fn run(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), Failure> {
    let failed = |step: u32, cause: &dyn std::fmt::Display| {
        Failure(format!("{}: schema step {step} failed, nothing was changed: {cause}", path.display()))
    };
    let mut done = check_step(connection, path, steps)?;
    functions::register(connection).map_err(|cause| failed(done + 1, &cause))?;
    if done > 0 && done < number(steps.len()) {
        keep_copy(connection, path, done)?;
    }
    // A step that makes a table anew would look for each row of it in all rows that refer to it. The tests check the
    // foreign keys of upgraded files.
    let set = |connection: &Connection, pragma: &str| {
        connection.execute_batch(pragma).map_err(|cause| Failure(format!("{}: {cause}", path.display())))
    };
    set(connection, "PRAGMA foreign_keys = OFF")?;
    if done == 0 && steps == ALL {
        apply(connection, 0..last(), SCHEMA).map_err(|cause| failed(last(), &cause))?;
        done = step(connection, path)?;
    }
    for (position, sql) in steps.iter().enumerate() {
        let step = number(position + 1);
        if step > done {
            apply(connection, step - 1..step, sql).map_err(|cause| failed(step, &cause))?;
        }
    }
    set(connection, "PRAGMA foreign_keys = ON")
}

/// The last step applied to the file. Refuses a file that is not a brms database or is newer. Changes nothing.
pub(super) fn check_step(connection: &Connection, path: &Path, steps: &[&str]) -> Result<u32, Failure> {
    let done = step(connection, path)?;
    refuse_newer(done, path, steps)?;
    Ok(done)
}

/// Takes the lock for the duration of the steps, if any are due. The process that holds it may be an older server,
/// which must not go on with a schema that it does not know. If it is migrating the file itself, this waits for it.
pub(super) fn lock_if_due<'f>(
    connection: &Connection,
    file: &'f OpenedFile,
    steps: &[&str],
) -> Result<Option<StepLock<'f>>, Failure> {
    let path = file.path();
    let until = Instant::now() + BUSY_TIMEOUT;
    while check_step(connection, path, steps)? < number(steps.len()) {
        if let Some(lock) = ServeLock::take_if_free(path)?
            && file.try_lock()
        {
            return Ok(Some(StepLock { file, _lock: lock }));
        }
        if Instant::now() >= until {
            return Err(Failure(format!(
                "{} needs a schema update for this brms, and an older server is using it; stop that, or start \
                 this version's server instead",
                path.display()
            )));
        }
        thread::sleep(LOCK_RETRY_DELAY);
    }
    Ok(None)
}

/// Keeps servers out while a command migrates the file.
pub(super) struct StepLock<'f> {
    file: &'f OpenedFile,
    _lock: ServeLock,
}

impl Drop for StepLock<'_> {
    fn drop(&mut self) {
        // Unlock without closing the file: see OpenedFile.
        let _ = self.file.unlock();
    }
}

/// Refuses a file of an older version that cannot be migrated because it is read-only.
pub(super) fn refuse_older(done: u32, path: &Path, steps: &[&str]) -> Result<(), Failure> {
    if done >= number(steps.len()) {
        return Ok(());
    }
    Err(Failure(format!(
        "{} has schema step {done} and needs step {} first, but its folder is not writable; make a \
         copy with `brms backup` and use that",
        path.display(),
        steps.len()
    )))
}

/// Refuses a file of a newer version: its later steps are unknown.
pub(super) fn refuse_newer(done: u32, path: &Path, steps: &[&str]) -> Result<(), Failure> {
    let known = number(steps.len());
    if done <= known {
        return Ok(());
    }
    Err(Failure(format!(
        "{} has schema step {done}, this brms supports up to {known}; use the newer brms that wrote it",
        path.display(),
    )))
}

/// Saturates, which no real number of steps reaches.
fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// The last step applied to the file; 0 for an empty file.
pub(super) fn step(connection: &Connection, path: &Path) -> Result<u32, Failure> {
    match find_step(connection) {
        Ok(Some(step)) => Ok(step),
        Ok(None) => {
            Err(Failure(format!("{}{}", foreign_file_message(connection, path), leftover_log_hint(path))))
        }
        Err(cause) => {
            let is_damaged = matches!(
                cause.sqlite_error_code(),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
            );
            let said = files::describe_write_error(path, &cause);
            let stale = if is_damaged { leftover_log_hint(path) } else { String::new() };
            Err(Failure(format!("{} cannot be read as a database: {said}{stale}", path.display())))
        }
    }
}

/// The error for a file that is not a brms database, or whose header lacks the two numbers: `.dump` of the sqlite3
/// command omits them.
fn foreign_file_message(connection: &Connection, path: &Path) -> String {
    let path = path.display();
    match step_of_schema(connection) {
        Some(step) => format!(
            "{path} has the tables of a brms database but not its header, as after restoring an sqlite3 `.dump`; if \
             it is one, run: sqlite3 {path} 'PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {step}'"
        ),
        None => format!("{path} is not a brms database; name another file"),
    }
}

/// The last step that produces exactly these tables and indexes.
fn step_of_schema(connection: &Connection) -> Option<u32> {
    fn names(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
        // Skips SQLite's internal tables, such as sqlite_stat1.
        let sql =
            "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
        connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }
    let found = names(connection).ok()?;
    let empty = Connection::open_in_memory().ok()?;
    functions::register(&empty).ok()?;
    let mut last = None;
    for (position, sql) in ALL.iter().enumerate() {
        empty.execute_batch(sql).ok()?;
        if names(&empty).is_ok_and(|names| names == found) {
            last = Some(number(position + 1));
        }
    }
    last
}

/// A hint for the case that SQLite has taken a leftover WAL for this file's.
fn leftover_log_hint(path: &Path) -> String {
    let Some(log) = files::companion(path) else { return String::new() };
    format!(
        ". {log} exists beside it. If the database was copied here, {log} belongs to the previous file; move {log} away \
         and try again",
        log = log.display()
    )
}

/// [`step`] without the messages. Returns `None` if the file is not a brms database.
pub(super) fn find_step(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let step: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let is_empty: bool =
        connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    Ok(match (application, step, is_empty) {
        (APPLICATION_ID, step, _) => Some(step),
        (0, 0, true) => Some(0),
        _ => None,
    })
}

/// Copies the file before a step, since a step cannot be undone. An existing copy is reused only if its content is the
/// same: it may stem from a database that was restored since. Reuse keeps repeated failing starts from filling the
/// disk.
fn keep_copy(connection: &Connection, path: &Path, done: u32) -> Result<(), Failure> {
    let kind = format!("before-step-{}", done + 1);
    let failed = |cause: &dyn std::fmt::Display| {
        Failure(format!(
            "the copy {} before a schema step cannot be made: {cause}",
            files::beside(path, &kind).display()
        ))
    };
    let copy = copy::make(connection, path).map_err(|cause| failed(&cause))?;
    files::hand_over(copy.as_file(), path).map_err(|cause| failed(&cause))?;
    for name in files::numbered(path, &kind) {
        if copy::is_same_content(copy.path(), &name) {
            return Ok(());
        }
        if files::is_free(&name) {
            return copy::place(copy, &name).map(drop).map_err(|cause| failed(&cause));
        }
    }
    Err(failed(&"there are too many of its kind; remove some"))
}

/// Brings the file from one step to another.
fn apply(connection: &mut Connection, steps: Range<u32>, sql: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let seen: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // Another process may have done so meanwhile.
    if seen == steps.start {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", steps.end)?;
    }
    transaction.commit()
}

#[cfg(test)]
#[path = "migrations_tests.rs"]
mod tests;
