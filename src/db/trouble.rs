//! What is known to be wrong with the file beyond one call: damage, which stays until somebody repairs it, and
//! whether the disk refused the last write, which the next successful one clears.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::Shared;
use super::connection::{self, Source};
use super::opened_file::{Look, OpenedFile};
use super::tx;
use crate::problem::{Busy, Problem};
use uuid::Uuid;

const NONE: u8 = 0;
const DAMAGED: u8 = 1;
const GONE: u8 = 2;
/// How often, and after how long, something that looks wrong is looked at again: another program may be at work.
const COMPARED_AGAIN_MAX: u32 = 25;
const COMPARE_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// The largest file that is read as a whole to compare it. Takes about 0.1 s.
const CHECKED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Shared by the writer and all readers.
#[derive(Default)]
pub(super) struct Trouble {
    lasting: AtomicU8,
    was_write_refused: AtomicBool,
    newest_audit_log: Mutex<Option<Uuid>>,
    is_look_queued: AtomicBool,
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

    /// Whether a look at the file still has to be queued.
    pub(super) fn queues_look(&self) -> bool {
        !self.is_look_queued.swap(true, Ordering::AcqRel)
    }

    pub(super) fn has_looked(&self) {
        self.is_look_queued.store(false, Ordering::Release);
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

/// Looks at the file after a transaction. What keeps the comparison from being made is no verdict: it is made again
/// at the next look.
pub(super) fn look(shared: &Shared, writer: &Connection) -> Result<(), Busy> {
    match shared.file.look() {
        Look::InPlace => Ok(()),
        Look::Gone => Err(Busy::FileGone),
        Look::Written => match compare(shared, writer) {
            Err(Busy::Damaged) => Err(Busy::Damaged),
            _ => Ok(()),
        },
    }
}

/// Another program has written the file. That is right if it was a fold of the log, and then a new connection
/// finds what the writer has in its cache.
fn compare(shared: &Shared, writer: &Connection) -> Result<(), Busy> {
    let file = &shared.file;
    let state = file.state().map_err(|_| Busy::FileGone)?;
    if let Some(wrong) = difference(shared, writer)? {
        let path = file.path().display();
        tracing::error!(
            %path, wrong,
            "another program has written to the database file, and its content is no longer consistent"
        );
        shared.trouble.note(Busy::Damaged);
        return Err(Busy::Damaged);
    }
    // What is cached of pages that only look the same.
    let _ = writer.execute_batch("PRAGMA shrink_memory");
    file.accept_state(state);
    Ok(())
}

/// What is wrong with the file, if anything is.
fn difference(shared: &Shared, writer: &Connection) -> Result<Option<String>, Busy> {
    let file = &shared.file;
    if is_cut_short(file) {
        return Ok(Some("it is shorter than its first page says".to_owned()));
    }
    let outcome = (|| {
        let schema_cookie = file.header().map(|header| i64::from(header.schema_cookie)).unwrap_or_default();
        let fresh = connection::open_reader(&Source::shared(file.path()))?;
        let mut own = State::of(writer)?;
        let mut found = State::of(&fresh)?;
        for _ in 0..COMPARED_AGAIN_MAX {
            if found == own {
                break;
            }
            // Somebody may have written between the two looks.
            thread::sleep(COMPARE_AGAIN_AFTER);
            own = State::of(writer)?;
            found = State::of(&fresh)?;
        }
        if found != own {
            return Ok(Some(format!("it has {found:?}, and {own:?} was written")));
        }
        if schema_cookie > own.schema_version {
            return Ok(Some("its schema differs from the one that was opened".to_owned()));
        }
        let newest = *shared.trouble.newest_audit_log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = newest
            && !has_audit_log(&fresh, newest)?
        {
            return Ok(Some("it lacks what was written last".to_owned()));
        }
        // Reading all of a large file would keep every write waiting. There the look at what was written last has to do,
        // and SQLite's own word on each page that is read.
        if file.state().is_ok_and(|(bytes, _)| bytes > CHECKED_BYTES_MAX) {
            return Ok(None);
        }
        let whole: String = fresh.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((whole != "ok").then_some(whole))
    })();
    outcome.or_else(|cause| match tx::problem("comparing the file", &cause) {
        Problem::Unavailable(Busy::Damaged) => Ok(Some(cause.to_string())),
        Problem::Unavailable(busy) => Err(busy),
        _ => Err(Busy::Broken),
    })
}

/// Whether the file stays shorter than it says. SQLite writes the first page first when it folds a log, so a file that
/// grows is short for a moment.
fn is_cut_short(file: &OpenedFile) -> bool {
    for _ in 0..COMPARED_AGAIN_MAX {
        let length = file.state().map_or(0, |(length, _)| length);
        if file.header().is_ok_and(|header| header.bytes <= length) {
            return false;
        }
        thread::sleep(COMPARE_AGAIN_AFTER);
    }
    true
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
