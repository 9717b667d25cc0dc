//! Folds the write-ahead log into the file beside the writer, so that no answer waits for it.
//!
//! SQLite starts the log from its beginning again only when all of it is in the file at the moment that a write
//! begins. While writes keep coming another thread never gets there, so the work is shared: this thread
//! folds nearly everything, and the writer the little that came meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::compare;
use super::connection::{self, PAGES_MAX, Source};
use super::opened_file::{Look, OpenedFile};
use super::options::BUSY_TIMEOUT;
use super::shared::Shared;
use crate::lifeline::Ending;

/// How often the log is folded before the writer's turn: what came while the one before went on is left each time.
const FOLDS: u32 = 3;
/// How often the log's length is looked at while there are writes.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// After how long without a write the log is emptied. What was wiped from the file stays readable in the log until
/// something else is written over it, and on a quiet server nothing is.
const IDLE_AFTER: Duration = Duration::from_secs(3);

/// What the writer holds of the thread. Dropping it ends the thread.
pub(super) struct Checkpointer {
    thread: Option<JoinHandle<()>>,
    signals: Arc<Signals>,
}

#[derive(Default)]
struct Signals {
    is_stopping: AtomicBool,
    has_grown: AtomicBool,
    /// Whether nearly all of the log is folded, and the writer's turn has come.
    is_writers_turn: AtomicBool,
}

impl Checkpointer {
    /// `empties`: whether nobody else looks after this log.
    pub(super) fn start(
        source: &Source,
        shared: Arc<Shared>,
        empties: bool,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let connection = connection::open_plain(source)?;
        // SQLite's own default, said here because durability hangs on it.
        connection.pragma_update(None, "synchronous", "FULL")?;
        let signals = Arc::new(Signals::default());
        let of_thread = Arc::clone(&signals);
        let pulse = shared.lifeline.pulse(Ending::Checkpointer);
        let thread = thread::Builder::new().name("brms-checkpoint".to_owned()).spawn(move || {
            run(&connection, &shared, &of_thread, empties);
            // A file that is not this server's any more is not folded into, not even by closing it.
            leave_log_if_wrong(&connection, &shared);
            drop(connection);
            pulse.finish();
        })?;
        Ok(Self { thread: Some(thread), signals })
    }

    /// Says that the log grew. True: the writer is to fold what is left of it, now.
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

fn run(connection: &Connection, shared: &Shared, signals: &Signals, empties: bool) {
    // A server that was killed may have left one.
    let mut has_content = empties;
    while !signals.is_stopping.load(Ordering::Acquire) {
        if has_content {
            thread::park_timeout(IDLE_AFTER);
        } else {
            thread::park();
        }
        if shared.trouble.check().is_err() {
            has_content = false;
        } else if signals.has_grown.swap(false, Ordering::AcqRel) {
            has_content = empties;
            match fold_if_long(connection, shared) {
                Ok(is_folded) if is_folded => signals.is_writers_turn.store(true, Ordering::Release),
                Ok(_) => {}
                // The writer's own limit folds it all the same.
                Err(cause) => tracing::warn!(%cause, "the log could not be folded beside the writer"),
            }
            if !signals.is_stopping.load(Ordering::Acquire) {
                thread::sleep(LOOK_AGAIN_AFTER);
            }
        } else if has_content && !signals.is_stopping.load(Ordering::Acquire) {
            match empty(connection, shared) {
                Ok(is_empty) => has_content = !is_empty,
                Err(cause) => tracing::warn!(%cause, "the log could not be emptied"),
            }
        }
    }
}

/// Leaves an empty log if nobody reads it just now. Nearly all is done before it keeps writes out, and for what is
/// left it waits for nobody.
pub(super) fn empty(connection: &Connection, shared: &Shared) -> rusqlite::Result<bool> {
    if compare::look_in_full(shared, connection).is_err() {
        return Ok(false);
    }
    let Some(_folding) = shared.file.folding() else { return Ok(false) };
    checkpoint(connection)?;
    connection.busy_timeout(Duration::ZERO)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    compare::folded_as_of_now(shared, connection);
    is_busy.map(|is_busy: bool| !is_busy)
}

/// Leaves little of a long log to the writer. SQLite itself waits for the disk only in the fold that ends a log, which is
/// the writer's, and on a large file that keeps everybody waiting for thousands of pages: so they are sent there now.
fn fold_if_long(connection: &Connection, shared: &Shared) -> rusqlite::Result<bool> {
    if pages_not_folded(connection)? < PAGES_MAX {
        return Ok(false);
    }
    let Some(_folding) = shared.file.folding() else { return Ok(false) };
    for _ in 0..FOLDS {
        checkpoint(connection)?;
        // If the disk refuses, SQLite's own wait says so too, and then the log stays as it is.
        let _ = shared.file.sync();
    }
    compare::folded_as_of_now(shared, connection);
    Ok(true)
}

/// Folds all of the log into the file, whatever became of the log's name. False: not all of it could be folded.
pub(super) fn fold_now(connection: &Connection, file: &OpenedFile) -> bool {
    let folded = connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get::<_, i64>(0));
    folded.is_ok_and(|is_busy| is_busy == 0) && file.sync().is_ok()
}

/// Keeps SQLite from folding the log when the connection closes, if the file is not the one that was served: the log
/// would damage what was put there since.
pub(super) fn leave_log_if_wrong(connection: &Connection, shared: &Shared) {
    if shared.trouble.check().is_err() || shared.file.look() != Look::InPlace {
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
}

/// Folds what can be folded without waiting for anybody, keeps nobody waiting, and counts the pages that are still not
/// folded.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    run_pragma(connection, "PRAGMA wal_checkpoint(PASSIVE)")
}

/// How much of the log is not folded yet. Folds nothing.
fn pages_not_folded(connection: &Connection) -> rusqlite::Result<i64> {
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
    use crate::db::sqlite::opened_file::OpenedFile;

    #[test]
    fn the_log_is_folded_beside_the_writer_and_starts_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        connection::prepare_file(&path).unwrap();
        let shared = Shared::new(OpenedFile::new(&path).unwrap());
        let source = Source::shared(&path);
        let writer = connection::open_plain(&source).unwrap();
        connection::to_writer(&writer, &Options::new(&path)).unwrap();
        writer.execute_batch("CREATE TABLE t (b BLOB)").unwrap();
        shared.file.remember_beside().unwrap();
        let checkpointer = Checkpointer::start(&source, shared, true).unwrap();
        let mut turns = 0;
        for _ in 0..40 {
            writer.execute_batch("INSERT INTO t VALUES (zeroblob(4000000)); DELETE FROM t").unwrap();
            thread::sleep(LOOK_AGAIN_AFTER * 2);
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
    fn what_was_wiped_is_gone_from_the_log_too_when_nobody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        connection::prepare_file(&path).unwrap();
        let shared = Shared::new(OpenedFile::new(&path).unwrap());
        let source = Source::shared(&path);
        let writer = connection::open_plain(&source).unwrap();
        connection::to_writer(&writer, &Options::new(&path)).unwrap();
        writer.execute_batch("CREATE TABLE t (code TEXT)").unwrap();
        shared.file.remember_beside().unwrap();
        let checkpointer = Checkpointer::start(&source, shared, true).unwrap();
        writer
            .execute_batch("INSERT INTO t VALUES ('the code of a link'); UPDATE t SET code = NULL")
            .unwrap();
        checkpointer.notify();
        let holds_code = |name: &str| {
            let bytes = std::fs::read(folder.path().join(name)).unwrap();
            bytes.windows(18).any(|part| part == b"the code of a link")
        };
        assert!(holds_code("a.db-wal"), "as long as there may be more to write");
        // Somebody who reads delays it, and no write waits for that.
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
            assert!(std::time::Instant::now() < until, "it is never emptied");
            thread::sleep(LOOK_AGAIN_AFTER);
        }
        assert!(!holds_code("a.db"));
    }
}
