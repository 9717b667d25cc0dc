//! The health of the file beyond one call: damage, which lasts until it is repaired, and whether the disk refused the
//! last write, which the next successful write clears.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use uuid::Uuid;

use crate::problem::{Problem, Unavailable};

const NONE: u8 = 0;
const DAMAGED: u8 = 1;
const GONE: u8 = 2;
const INDEX_OVERWRITTEN: u8 = 3;

/// How far the WAL was checkpointed when this process last checked: the WAL's salts, and the number of checkpointed
/// frames. Any checkpoint changes it; otherwise only a WAL restart does, which follows a checkpoint.
pub(super) type Progress = (Option<[u8; 8]>, i64);

/// Shared by the writer and all readers.
#[derive(Default)]
pub(super) struct FileHealth {
    lasting: AtomicU8,
    was_write_refused: AtomicBool,
    newest_audit_log: Mutex<Option<Uuid>>,
    progress: Mutex<Progress>,
}

impl FileHealth {
    /// Fails while the file is unusable for a lasting reason.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self.lasting.load(Ordering::Acquire) {
            NONE => Ok(()),
            GONE => Err(Problem::Unavailable(Unavailable::FileGone)),
            INDEX_OVERWRITTEN => Err(Problem::Unavailable(Unavailable::PartEnded)),
            _ => Err(Problem::Unavailable(Unavailable::Damaged)),
        }
    }

    /// Records the health that an outcome implies.
    pub(super) fn note_outcome<T>(&self, outcome: &Result<T, Problem>) {
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

    /// Records that a write went into a file that no longer exists at its path.
    pub(super) fn record_loss(&self) {
        self.lasting.store(GONE, Ordering::Release);
    }

    /// The wal-index was overwritten. The WAL itself is complete, and the next start rebuilds the index from it.
    pub(super) fn lose_index(&self) {
        self.lasting.store(INDEX_OVERWRITTEN, Ordering::Release);
    }

    /// Records a successful write.
    pub(super) fn record_write(&self, writer: &Connection) {
        self.was_write_refused.store(false, Ordering::Release);
        // The next write reports such an error.
        if let Ok(newest) = newest_audit_log(writer) {
            *self.newest_audit_log.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        }
    }

    pub(super) fn set_progress(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    pub(super) fn is_progress_new(&self, progress: Progress) -> bool {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) != progress
    }

    /// The newest audit log row that this process has written.
    pub(super) fn newest_written(&self) -> Option<Uuid> {
        *self.newest_audit_log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the disk refused the last write.
    pub(super) fn was_write_refused(&self) -> bool {
        self.was_write_refused.load(Ordering::Acquire)
    }
}

/// The newest audit log row: every change adds one, and ids sort by time.
pub(super) fn newest_audit_log(connection: &Connection) -> rusqlite::Result<Option<Uuid>> {
    connection.prepare_cached("SELECT max(id) FROM audit_logs")?.query_row([], |row| row.get(0))
}

pub(super) fn has_audit_log(connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM audit_logs WHERE id = ?1")?.exists([id])
}
