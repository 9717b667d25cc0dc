//! A lock of SQLite that this process could not release.
//!
//! If the system refuses to release a lock of the WAL (`ENOLCK` on a network file system, for example), SQLite goes on
//! as if it was released and takes it for held ever after, for all connections of the process. Then no write succeeds,
//! or no checkpoint does, and the log grows. Only a new process helps, so this one ends.

use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::files;
use super::shared::Shared;
use super::system::WalLock;
use crate::lifeline::Ending;
use crate::temporary;

/// How often, and at which interval, a refused lock is tried again. Another process may take and release it, but is seen
/// to hold it most of the time.
const TRIES: u32 = 20;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(25);

/// To be called when a lock was refused: ends the process if the lock is stuck. `is_refused` tries to take it, without
/// waiting.
pub(super) fn end_if_stuck(shared: &Shared, lock: WalLock, is_refused: impl Fn() -> bool) {
    // The system does not tell of locks of this process, and a checkpoint holds some for as long as the disk takes.
    let is_free = || shared.file.is_held_elsewhere(lock) == Some(false) && !shared.file.is_checkpointing();
    let is_refused_here = || is_free() && is_refused();
    let is_refused_again = || {
        thread::sleep(TRY_AGAIN_AFTER);
        is_refused_here()
    };
    let is_stuck =
        is_refused_here() && can_lock(shared) && (0..TRIES).all(|_| is_refused_again()) && can_lock(shared);
    if is_stuck {
        let path = shared.file.path().display();
        tracing::error!(%path, ?lock, "a lock of the database file could not be released");
        shared.lifeline.end(Ending::StuckLock);
    }
}

/// Whether the system grants locks to SQLite at all, on another file of the same file system.
fn can_lock(shared: &Shared) -> bool {
    let locked = temporary::file(files::folder(shared.file.path()), "lock").is_ok_and(|file| {
        Connection::open(file.path())
            .and_then(|other| other.execute_batch("BEGIN EXCLUSIVE; ROLLBACK"))
            .is_ok()
    });
    if !locked {
        tracing::warn!("the system refuses locks on files");
    }
    locked
}
