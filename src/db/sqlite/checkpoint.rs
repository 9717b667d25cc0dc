//! Checkpoints the write-ahead log (WAL) in a background thread, so that no write waits for it.
//!
//! SQLite restarts the WAL from its beginning only if all of it is checkpointed when a write begins. Under a steady
//! load a background thread never reaches that state, so the work is shared: this thread checkpoints nearly all
//! frames, and the writer the few that were added meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::connection::{self, PAGES_MAX, Source};
use super::examination::examine;
use super::opened_file::{FileStatus, OpenedFile};
use super::options::BUSY_TIMEOUT;
use super::shared::Shared;
use super::system::WalLock;
use super::{compare, stuck_lock};
use crate::lifeline::Ending;

/// How many passes run before the writer's turn; each pass leaves the frames that were added during it.
const CHECKPOINT_PASSES: u32 = 3;
/// How often the WAL length is checked while there are writes.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The WAL is truncated after this long without a write. Data that was erased from the file stays readable in the WAL
/// until it is overwritten, and on an idle server nothing overwrites it.
const IDLE_AFTER: Duration = Duration::from_secs(3);
/// When a file that could not be read is examined again.
const EXAMINE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The writer's handle to the checkpoint thread. Dropping it stops the thread.
pub(super) struct Checkpointer {
    thread: Option<JoinHandle<()>>,
    signals: Arc<Signals>,
}

#[derive(Default)]
struct Signals {
    is_stopping: AtomicBool,
    has_grown: AtomicBool,
    /// Whether nearly all of the WAL is checkpointed and the writer should do the rest.
    is_writers_turn: AtomicBool,
}

impl Checkpointer {
    pub(super) fn start(source: &Source, shared: Arc<Shared>) -> Result<Self, Box<dyn std::error::Error>> {
        let connection = connection::open_plain(source)?;
        // SQLite's default, set explicitly because durability depends on it.
        connection.pragma_update(None, "synchronous", "FULL")?;
        let signals = Arc::new(Signals::default());
        let of_thread = Arc::clone(&signals);
        let pulse = shared.lifeline.pulse(Ending::Checkpointer);
        let thread = thread::Builder::new().name("brms-checkpoint".to_owned()).spawn(move || {
            run(&connection, &shared, &of_thread);
            // No checkpoint on close into a file that is no longer this server's.
            skip_checkpoint_if_replaced(&connection, &shared);
            drop(connection);
            pulse.finish();
        })?;
        Ok(Self { thread: Some(thread), signals })
    }

    /// Signals that the WAL has grown. Returns true if the writer should checkpoint the rest now.
    pub(super) fn notify(&self) -> bool {
        self.signals.has_grown.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        self.signals.is_writers_turn.swap(false, Ordering::AcqRel)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.signals.is_stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, shared: &Shared, signals: &Signals) {
    // A server that was killed may have left a WAL.
    let mut has_content = shared.is_lock_held;
    shared.health.is_examined_by(thread::current());
    while !signals.is_stopping.load(Ordering::Acquire) {
        if shared.health.is_suspected() {
            examine(shared, &|| signals.is_stopping.load(Ordering::Acquire));
            has_content = shared.is_lock_held;
            if shared.health.is_suspected() {
                thread::park_timeout(EXAMINE_AGAIN_AFTER);
            }
            continue;
        }
        if has_content {
            thread::park_timeout(IDLE_AFTER);
        } else {
            thread::park();
        }
        if shared.health.check().is_err() {
            // A suspicion is examined at once.
            has_content = false;
        } else if signals.has_grown.swap(false, Ordering::AcqRel) {
            has_content = shared.is_lock_held;
            match checkpoint_if_long(connection, shared) {
                Ok(is_checkpointed) if is_checkpointed => {
                    signals.is_writers_turn.store(true, Ordering::Release);
                    if pages_to_checkpoint(connection).is_ok_and(|pages| pages >= PAGES_MAX) {
                        watch_lock(connection, shared);
                    }
                }
                Ok(_) => {}
                // The writer's own limit still applies.
                Err(cause) => {
                    tracing::warn!(%cause, "the background checkpoint of the write-ahead log failed");
                }
            }
            if !signals.is_stopping.load(Ordering::Acquire) {
                thread::sleep(POLL_INTERVAL);
            }
        } else if has_content && !signals.is_stopping.load(Ordering::Acquire) {
            match truncate(connection, shared) {
                Ok(is_truncated) => {
                    has_content = !is_truncated;
                    if has_content {
                        watch_lock(connection, shared);
                    }
                }
                Err(cause) => tracing::warn!(%cause, "the write-ahead log could not be truncated"),
            }
        }
    }
}

/// Ends the process if no checkpoint can be made any more.
fn watch_lock(connection: &Connection, shared: &Shared) {
    let is_refused = || {
        // If it is not refused, it writes into the file.
        if compare::verify_in_full(shared, connection).is_err() {
            return false;
        }
        let Some(_checkpoint) = shared.file.begin_checkpoint() else { return false };
        let refused = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, bool>(0));
        compare::record_checkpoint(shared, connection);
        refused.unwrap_or(false)
    };
    stuck_lock::end_if_stuck(shared, WalLock::Checkpoint, is_refused);
}

/// Truncates the WAL and returns whether that succeeded; it fails while there are readers. Most of the work is done
/// before writes are blocked, and the final step does not wait for locks.
pub(super) fn truncate(connection: &Connection, shared: &Shared) -> rusqlite::Result<bool> {
    if compare::verify_in_full(shared, connection).is_err() {
        return Ok(false);
    }
    let Some(_checkpoint) = shared.file.begin_checkpoint() else { return Ok(false) };
    checkpoint(connection)?;
    connection.busy_timeout(Duration::ZERO)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    compare::record_checkpoint(shared, connection);
    is_busy.map(|is_busy: bool| !is_busy)
}

/// Checkpoints most of a long WAL, and syncs the pages to disk. SQLite itself syncs only in the checkpoint that
/// completes the WAL, which is the writer's; on a large file that would block all writes for thousands of pages.
fn checkpoint_if_long(connection: &Connection, shared: &Shared) -> rusqlite::Result<bool> {
    if pages_to_checkpoint(connection)? < PAGES_MAX {
        return Ok(false);
    }
    let Some(_checkpoint) = shared.file.begin_checkpoint() else { return Ok(false) };
    for _ in 0..CHECKPOINT_PASSES {
        checkpoint(connection)?;
        // If the sync fails, SQLite's own sync fails too, and the WAL stays as it is.
        let _ = shared.file.sync();
    }
    compare::record_checkpoint(shared, connection);
    Ok(true)
}

/// Checkpoints all of the WAL, even if its file was renamed or removed. Returns false if some frames remain.
pub(super) fn checkpoint_fully(connection: &Connection, file: &OpenedFile) -> bool {
    let checkpointed = connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get::<_, i64>(0));
    checkpointed.is_ok_and(|is_busy| is_busy == 0) && file.sync().is_ok()
}

/// Empties the WAL of a file that is no longer at its path, so that its space is free for a copy. Returns false if it
/// was not emptied: there is no room for that either, or another program has written to the file meanwhile.
pub(super) fn free_log(connection: &Connection, file: &OpenedFile) -> bool {
    let truncate = || connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    file.is_open_file_unchanged()
        && checkpoint_fully(connection, file)
        && truncate().is_ok_and(|is_busy| is_busy == 0)
}

/// Disables the checkpoint on close if the file is no longer the one that was served: the WAL would damage the file
/// that replaced it.
pub(super) fn skip_checkpoint_if_replaced(connection: &Connection, shared: &Shared) {
    if shared.health.check().is_err() || shared.file.status() != FileStatus::Unchanged {
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
}

/// Checkpoints as many frames as possible without waiting and without blocking writers. Returns the number of
/// remaining frames.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    run_pragma(connection, "PRAGMA wal_checkpoint(PASSIVE)")
}

/// The number of frames that are not checkpointed yet.
fn pages_to_checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    run_pragma(connection, "PRAGMA wal_checkpoint(NOOP)")
}

fn run_pragma(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::sqlite::Options;

    #[test]
    fn the_log_is_checkpointed_in_the_background_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        connection::prepare_file(&path).unwrap();
        let shared = Shared::open(&Options::new(&path), &path).unwrap();
        let source = Source::shared(&path);
        let writer = connection::open_plain(&source).unwrap();
        connection::before_first_write(&writer, &Options::new(&path)).unwrap();
        connection::to_writer(&writer).unwrap();
        writer.execute_batch("CREATE TABLE t (b BLOB)").unwrap();
        shared.file.record_wal_files().unwrap();
        let checkpointer = Checkpointer::start(&source, shared).unwrap();
        let mut turns = 0;
        for _ in 0..40 {
            writer.execute_batch("INSERT INTO t VALUES (zeroblob(4000000)); DELETE FROM t").unwrap();
            thread::sleep(POLL_INTERVAL * 2);
            if checkpointer.notify() {
                turns += 1;
                assert_eq!(checkpoint(&writer).unwrap(), 0);
            }
        }
        assert!(turns > 0, "the writer's turn never came");
        let length = std::fs::metadata(folder.path().join("a.db-wal")).unwrap().len();
        assert!(length < 3 * 4_096 * PAGES_MAX.unsigned_abs(), "the log grew to {length} bytes");
        drop(checkpointer);
    }

    #[test]
    fn erased_data_leaves_an_idle_log_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        connection::prepare_file(&path).unwrap();
        let shared = Shared::open(&Options::new(&path), &path).unwrap();
        let source = Source::shared(&path);
        let writer = connection::open_plain(&source).unwrap();
        connection::before_first_write(&writer, &Options::new(&path)).unwrap();
        connection::to_writer(&writer).unwrap();
        writer.execute_batch("CREATE TABLE t (code TEXT)").unwrap();
        shared.file.record_wal_files().unwrap();
        let checkpointer = Checkpointer::start(&source, shared).unwrap();
        writer
            .execute_batch("INSERT INTO t VALUES ('the code of a link'); UPDATE t SET code = NULL")
            .unwrap();
        checkpointer.notify();
        let holds_code = |name: &str| {
            let bytes = std::fs::read(folder.path().join(name)).unwrap();
            bytes.windows(18).any(|part| part == b"the code of a link")
        };
        assert!(holds_code("a.db-wal"), "the log is kept while writes may follow");
        // A reader delays the truncation, and no write waits for it.
        let reader = connection::open_reader(&source).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        thread::sleep(IDLE_AFTER + IDLE_AFTER / 2);
        assert!(holds_code("a.db-wal"));
        let begun = std::time::Instant::now();
        writer.execute_batch("INSERT INTO t VALUES ('more')").unwrap();
        assert!(begun.elapsed() < BUSY_TIMEOUT / 2, "a write waited {:?}", begun.elapsed());
        reader.execute_batch("COMMIT").unwrap();
        let until = std::time::Instant::now() + IDLE_AFTER * 5;
        while holds_code("a.db-wal") {
            assert!(std::time::Instant::now() < until, "it is never truncated");
            thread::sleep(POLL_INTERVAL);
        }
        assert!(!holds_code("a.db"));
    }
}
