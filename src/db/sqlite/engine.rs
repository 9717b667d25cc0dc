//! The SQLite engine: one writer, a pool of readers, and the state that they share.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::Connection;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::connection::{self, Source};
use super::opened_file::FileStatus;
use super::options::{BUSY_TIMEOUT, OlderFile, Options};
use super::pending::PendingWrites;
use super::problem::problem;
use super::shared::Shared;
use super::{checkpoint, files, migrations, opening, readiness};
use crate::clock::Clock;
use crate::db::jobs::Write;
use crate::db::party::Party;
use crate::db::turns::Turns;
use crate::db::tx::{IdSequence, On, Tx};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::lifeline::Lifeline;
use crate::problem::{Problem, Unavailable};
use crate::temporary;

/// An open database file.
pub(in crate::db) struct SqliteEngine {
    clock: Clock,
    readers: r2d2::Pool<SqliteConnectionManager>,
    /// On the connections of the pool, of which no party has more than half.
    reader_turns: Turns,
    /// One for each worker of the runtime, so that a worker always finds a free one.
    peekers: Vec<Mutex<Connection>>,
    writes: Arc<PendingWrites>,
    /// Held by the request that has the writer check the file.
    verifying: tokio::sync::Mutex<()>,
    /// Whether the file is only read. Then there is no writer.
    is_read_only: bool,
    /// The writer's thread; it ends once the queue is empty.
    writing: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// The last field, so that the file is closed after all connections.
    shared: Arc<Shared>,
}

impl SqliteEngine {
    /// Opens the file, migrates its schema and starts the writer. A command that only reads may open a file in a
    /// read-only folder; then every write fails.
    pub(in crate::db) fn open(options: &Options, clock: Clock) -> Result<Self, Failure> {
        let reached_by = &options.path;
        let options = &Options { path: files::real_path(reached_by)?, ..options.clone() };
        let path = &options.path;
        let failed = |cause: &dyn std::fmt::Display| {
            Failure(format!("the database {} cannot be opened: {cause}", path.display()))
        };
        files::check_length(path).map_err(|cause| failed(&cause))?;
        let prepare = if options.create { connection::prepare_file } else { connection::require_file };
        prepare(path).map_err(|cause| failed(&cause))?;
        if options.is_lock_held {
            temporary::sweep(files::folder(path));
        }
        let source = if options.is_lock_held { Ok(Source::shared(path)) } else { Source::to_read(path) };
        let source = source.map_err(|cause| failed(&cause))?;
        // Opened before the first connection, so that it is dropped after it if anything fails here.
        let shared = Shared::open(options, reached_by).map_err(|cause| failed(&cause))?;
        opening::lock_out_other_servers(&shared.file, options)?;
        let first = opening::first_connection(&source, &shared.file, options)?;

        let readers = r2d2::Pool::builder()
            .max_size(options.readers.max(1))
            .min_idle(Some(1))
            .error_handler(Box::new(PoolErrors))
            .connection_timeout(BUSY_TIMEOUT)
            .build(connection::reader_manager(&source, Arc::clone(&shared)))
            .map_err(|cause| failed(&cause))?;
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let peekers = (0..workers)
            .map(|_| connection::open_reader(&source).map(Mutex::new))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|cause| failed(&cause))?;
        let writes = Arc::new(PendingWrites::new());
        let start = |first| opening::start_writer(first, &source, &shared, clock.clone(), &writes);
        let writing = first.map(start).transpose().map_err(|cause| failed(&cause))?;
        if writing.is_none() {
            writes.close();
        }
        Ok(Self {
            clock,
            reader_turns: Turns::new(options.readers.max(1) as usize, (options.readers as usize / 2).max(1)),
            readers,
            peekers,
            writes,
            verifying: tokio::sync::Mutex::default(),
            is_read_only: source.is_read_only() || options.older == OlderFile::ReadOnly,
            writing: Mutex::new(writing),
            shared,
        })
    }

    /// Runs `work` in a transaction of the single writer.
    pub(in crate::db) async fn write<T, F>(
        &self,
        party: Party,
        deadline: Instant,
        work: F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        self.shared.health.check()?;
        let (answer, outcome) = oneshot::channel();
        self.writes.add(Box::new(Write::new(work, party, deadline, answer).of_task()))?;
        // No timeout here: the writer drops writes that are past their deadline, and one that has started is awaited.
        outcome.await.unwrap_or_else(|_| Err(self.unanswered()))
    }

    /// Runs `work` in a read transaction on a connection of the pool.
    pub(in crate::db) async fn read<T, F>(
        self: &Arc<Self>,
        party: Party,
        deadline: Instant,
        work: F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        let turn = tokio::time::timeout_at(deadline, self.reader_turns.take(party)).await;
        let turn = turn
            .map_err(|_| Problem::TimedOut)?
            .map_err(|_| Problem::Unavailable(Unavailable::ShuttingDown))?;
        let engine = Arc::clone(self);
        let running = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let connection = engine.readers.get().map_err(|cause| match engine.shared.file.status() {
                FileStatus::Gone => Problem::Unavailable(Unavailable::FileGone),
                _ => Problem::internal("getting a connection from the pool", cause),
            })?;
            engine.snapshot(&connection, work)
        });
        match tokio::time::timeout_at(deadline, running).await {
            Err(_) => Err(Problem::TimedOut),
            Ok(Err(cause)) => Err(Problem::internal("reading", cause)),
            Ok(Ok(outcome)) => outcome,
        }
    }

    /// Runs `work`, which must take microseconds, in a read transaction on the calling thread.
    pub(in crate::db) fn peek<T>(&self, work: impl FnOnce(&Tx) -> Result<T, Problem>) -> Result<T, Problem> {
        self.snapshot(&self.peeker(), work)
    }

    /// [`SqliteEngine::peek`] for one statement, which is a snapshot by itself: to begin and to end a transaction around it
    /// costs as much again as the statement.
    pub(in crate::db) fn glance<T>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.look(&self.peeker(), |tx| {
            let outcome = work(tx);
            debug_assert!(tx.statements() <= 1, "two statements see two snapshots");
            outcome
        })
    }

    fn peeker(&self) -> MutexGuard<'_, Connection> {
        let free = self.peekers.iter().find_map(|peeker| peeker.try_lock().ok());
        // There is none only if more threads peek than the runtime has workers. A poisoned lock is fine: guards rolled
        // its transaction back and reset its statements.
        free.unwrap_or_else(|| self.peekers[0].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// [`SqliteEngine::write`] for a thread without a runtime.
    pub(in crate::db) fn write_blocking<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        self.shared.health.check()?;
        if self.is_read_only {
            return Err(Problem::Unavailable(Unavailable::ReadOnly));
        }
        let (answer, outcome) = oneshot::channel();
        let never = Instant::now() + Duration::from_hours(24);
        self.writes.add_always(Box::new(Write::new(work, Party::Server, never, answer)))?;
        outcome.blocking_recv().map_err(|_| self.unanswered())?
    }

    /// Checks whether a write would succeed now, without changing any data: waits for the writer and checks the file
    /// and its disk. Only after a failed write does it write, a statement that changes nothing, since nothing else
    /// shows whether the next write would succeed.
    pub(in crate::db) async fn check_writable(&self, deadline: Instant) -> Result<(), Problem> {
        let shared = Arc::clone(&self.shared);
        self.write(Party::Server, deadline, move |tx| readiness::probe(tx, &shared)).await
    }

    /// Confirms that a row that was not found does not exist. A file that another program has overwritten holds other
    /// users and tokens; until the file is verified, no valid token is rejected as unknown.
    pub(in crate::db) async fn confirm(&self, deadline: Instant) -> Result<(), Problem> {
        let file = &self.shared.file;
        if file.status() == FileStatus::Written {
            // One request has the writer check the file; the others wait for it and find the check done.
            let turn = tokio::time::timeout_at(deadline, self.verifying.lock()).await;
            let _turn = turn.map_err(|_| Problem::TimedOut)?;
            if file.status() == FileStatus::Written {
                self.write(Party::Server, deadline, |_| Ok(())).await?;
            }
        }
        match file.status() {
            FileStatus::Unchanged => self.shared.health.check(),
            FileStatus::Gone => Err(Problem::Unavailable(Unavailable::FileGone)),
            FileStatus::Written => Err(Problem::Unavailable(Unavailable::Database)),
            FileStatus::Unknown => Err(Problem::Unavailable(Unavailable::DiskFailed)),
        }
    }

    /// Whether the file has every schema step. One that is only read may lack some.
    pub(in crate::db) fn has_every_step(&self) -> Result<bool, Problem> {
        let step: u32 = self.peek(|tx| tx.row("PRAGMA user_version", (), |row| row.get(0)))?;
        Ok(step == migrations::last())
    }

    /// The path of the file.
    pub(in crate::db) fn path(&self) -> &Path {
        self.shared.file.path()
    }

    /// How many writes wait for the writer.
    pub(in crate::db) fn waiting_writes(&self) -> u64 {
        self.writes.len() as u64
    }

    /// How long commits took.
    pub(in crate::db) fn commits(&self) -> &Histogram {
        &self.shared.commits
    }

    /// Notified after each commit that queued a mail.
    pub(in crate::db) fn mail_queued(&self) -> &Notify {
        &self.shared.mail_queued
    }

    /// Shortens the wait for locks of other processes, because the server is stopping.
    pub(in crate::db) fn begin_to_stop(&self) {
        self.shared.is_stopping.store(true, Ordering::Release);
    }

    /// Reports when this process can no longer use the file.
    pub(in crate::db) fn lifeline(&self) -> &Lifeline {
        &self.shared.lifeline
    }
}

impl Drop for SqliteEngine {
    /// Lets the writer finish the queue and checkpoint the WAL.
    fn drop(&mut self) {
        self.writes.close();
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The writer never holds the engine, so this cannot wait for itself.
        if let Some(thread) = writing {
            let _ = thread.join();
        }
        // The last connection to close checkpoints the WAL, unless told not to.
        for peeker in &self.peekers {
            let connection = peeker.lock().unwrap_or_else(PoisonError::into_inner);
            checkpoint::skip_checkpoint_if_replaced(&connection, &self.shared);
        }
    }
}

impl SqliteEngine {
    /// The writer ended without an answer: because of a file error, or a bug.
    fn unanswered(&self) -> Problem {
        let ended = || Problem::Internal("the writer ended without an answer".into());
        self.shared.health.check().err().unwrap_or_else(ended)
    }

    /// Runs `work` between BEGIN and ROLLBACK, so that all reads see one snapshot.
    fn snapshot<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Tx) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.look(connection, |tx| {
            // Dropping the transaction rolls it back, also after a panic.
            let _open =
                connection.unchecked_transaction().map_err(|cause| problem("beginning to read", &cause))?;
            work(tx)
        })
    }

    /// Reads on a connection, unless the file is known to be lost.
    fn look<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Tx) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.shared.health.check()?;
        // A reader stores no ids, so it needs no shared counter.
        let outcome = work(&Tx::new(On::Sqlite(connection), &self.clock, &IdSequence::default()));
        self.shared.health.note_outcome(&outcome);
        outcome
    }
}

/// Logs errors of the connection pool, such as a missing file.
#[derive(Debug)]
struct PoolErrors;

impl r2d2::HandleError<rusqlite::Error> for PoolErrors {
    fn handle_error(&self, cause: rusqlite::Error) {
        tracing::error!(%cause, "a read connection could not be opened");
    }
}
