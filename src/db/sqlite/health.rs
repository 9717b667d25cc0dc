//! The health of the file beyond one call: damage, which lasts until it is repaired; a suspicion of damage, until the
//! file is examined; and whether the disk refused the last write, which the next successful write clears.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::Thread;

use rusqlite::Connection;
use uuid::Uuid;

use crate::problem::{Problem, Unavailable};

const NONE: u8 = 0;
const SUSPECTED: u8 = 1;
const GONE: u8 = 2;
const INDEX_OVERWRITTEN: u8 = 3;
/// And what is damaged, added to it.
const DAMAGED: u8 = 4;

/// What is wrong with a damaged database. It decides whether the WAL may stay beside the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Pages of the file; its WAL is intact and belongs to it.
    Pages,
    /// Another program has replaced rows through SQLite, WAL and all.
    Rows,
    /// The WAL lacks frames that were written.
    Log,
    /// Another program has written to the file, so that the WAL does not belong to it any more.
    Foreign,
}

impl Damage {
    const ALL: [Self; 4] = [Self::Pages, Self::Rows, Self::Log, Self::Foreign];
}

/// How far the WAL was checkpointed when this process last checked: the WAL's salts, and the number of checkpointed
/// frames. Any checkpoint changes it; otherwise only a WAL restart does, which follows a checkpoint.
pub(super) type Progress = (Option<[u8; 8]>, i64);

/// Shared by the writer and all readers.
#[derive(Default)]
pub(super) struct FileHealth {
    lasting: AtomicU8,
    /// The thread that examines the file after a suspicion.
    examiner: OnceLock<Thread>,
    was_write_refused: AtomicBool,
    newest_audit_log: Mutex<Option<Uuid>>,
    progress: Mutex<Progress>,
}

impl FileHealth {
    /// Fails while the file is unusable for a lasting reason, or is being examined.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self.lasting.load(Ordering::Acquire) {
            NONE => Ok(()),
            SUSPECTED => Err(Problem::Unavailable(Unavailable::BeingExamined)),
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
            Unavailable::Unreadable => self.suspect(),
            Unavailable::DiskFull | Unavailable::DiskFailed | Unavailable::ReadOnly => {
                self.was_write_refused.store(true, Ordering::Release);
            }
            _ => {}
        }
    }

    /// SQLite reports a read that failed once like a damaged page, so the file is examined first.
    fn suspect(&self) {
        let is_new =
            self.lasting.compare_exchange(NONE, SUSPECTED, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if is_new && let Some(examiner) = self.examiner.get() {
            examiner.unpark();
        }
    }

    /// Names the thread that is woken after a suspicion.
    pub(super) fn is_examined_by(&self, thread: Thread) {
        let _ = self.examiner.set(thread);
    }

    pub(super) fn is_suspected(&self) -> bool {
        self.lasting.load(Ordering::Acquire) == SUSPECTED
    }

    /// The file was found intact, or is no longer there to be examined.
    pub(super) fn clear_suspicion(&self) {
        let _ = self.lasting.compare_exchange(SUSPECTED, NONE, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Records damage that was verified. It lasts.
    pub(super) fn record_damage(&self, damage: Damage) {
        self.lasting.store(DAMAGED + damage as u8, Ordering::Release);
    }

    pub(super) fn damage(&self) -> Option<Damage> {
        let lasting = self.lasting.load(Ordering::Acquire);
        Damage::ALL.into_iter().find(|damage| DAMAGED + *damage as u8 == lasting)
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
