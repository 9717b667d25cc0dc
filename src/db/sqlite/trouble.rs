//! What is known to be wrong with the file beyond one call: damage, which stays until it is repaired, and
//! whether the disk refused the last write, which the next successful one clears.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use uuid::Uuid;

use crate::problem::{Problem, Unavailable};

const NONE: u8 = 0;
const DAMAGED: u8 = 1;
const GONE: u8 = 2;
const INDEX_WRONG: u8 = 3;

/// How far the log was folded when this process looked last: the run of the log, and how many of its frames are in the
/// file. Any fold changes it, and nothing else does but a log that begins anew, which follows a fold.
pub(super) type Progress = (Option<[u8; 8]>, i64);

/// Shared by the writer and all readers.
#[derive(Default)]
pub(super) struct Trouble {
    lasting: AtomicU8,
    was_write_refused: AtomicBool,
    newest_audit_log: Mutex<Option<Uuid>>,
    progress: Mutex<Progress>,
}

impl Trouble {
    /// Refuses while there is something that does not pass by itself.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self.lasting.load(Ordering::Acquire) {
            NONE => Ok(()),
            GONE => Err(Problem::Unavailable(Unavailable::FileGone)),
            INDEX_WRONG => Err(Problem::Unavailable(Unavailable::PartEnded)),
            _ => Err(Problem::Unavailable(Unavailable::Damaged)),
        }
    }

    /// Remembers what an outcome says of the file as a whole.
    pub(super) fn learn<T>(&self, outcome: &Result<T, Problem>) {
        if let Err(Problem::Unavailable(unavailable)) = outcome {
            self.note(*unavailable);
        }
    }

    pub(super) fn note(&self, unavailable: Unavailable) {
        match unavailable {
            Unavailable::Damaged => self.lasting.store(DAMAGED, Ordering::Release),
            Unavailable::DiskFull | Unavailable::DiskFailed | Unavailable::ReadOnly => {
                self.was_write_refused.store(true, Ordering::Release);
            }
            _ => {}
        }
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.lasting.load(Ordering::Acquire) == DAMAGED
    }

    /// The file is not there any more, and a write went into it.
    pub(super) fn lost(&self) {
        self.lasting.store(GONE, Ordering::Release);
    }

    /// The index of the log was overwritten. The log itself has everything, and a start makes the index anew.
    pub(super) fn lost_index(&self) {
        self.lasting.store(INDEX_WRONG, Ordering::Release);
    }

    /// Remembers how far this process has written.
    pub(super) fn wrote(&self, writer: &Connection) {
        self.was_write_refused.store(false, Ordering::Release);
        // An error here is one of the next write, too.
        if let Ok(newest) = newest_audit_log(writer) {
            *self.newest_audit_log.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        }
    }

    pub(super) fn set_progress(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    pub(super) fn has_progressed(&self, progress: Progress) -> bool {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) != progress
    }

    /// The newest row of the audit log that this process has written.
    pub(super) fn newest_written(&self) -> Option<Uuid> {
        *self.newest_audit_log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last write was refused by the disk.
    pub(super) fn was_write_refused(&self) -> bool {
        self.was_write_refused.load(Ordering::Acquire)
    }
}

/// Every change leaves a row there, and ids sort by their time.
pub(super) fn newest_audit_log(connection: &Connection) -> rusqlite::Result<Option<Uuid>> {
    connection.prepare_cached("SELECT max(id) FROM audit_logs")?.query_row([], |row| row.get(0))
}

pub(super) fn has_audit_log(connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM audit_logs WHERE id = ?1")?.exists([id])
}
