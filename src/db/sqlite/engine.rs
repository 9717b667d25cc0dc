//! A SQLite file as an engine: the one writer, the connections that read, and the state they share.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use uuid::ContextV7;

use super::connection::{self, Source};
use super::opened_file::{Look, OpenedFile};
use super::options::{BUSY_TIMEOUT, Options};
use super::problem::problem;
use super::shared::Shared;
use super::{checkpoint, files, opening, readiness};
use crate::clock::Clock;
use crate::db::jobs::{Job, Write};
use crate::db::tx::{On, Tx};
use crate::failure::Failure;
use crate::lifeline::Lifeline;
use crate::problem::{Problem, Unavailable};
use crate::temporary;

/// The most write requests that may wait. Beyond it the answer is 503.
const WRITE_QUEUE_MAX: usize = 1024;

/// An open file. It closes when this is dropped.
pub(in crate::db) struct Engine {
    clock: Clock,
    readers: r2d2::Pool<SqliteConnectionManager>,
    /// As many turns as there are readers: waiting for one is asynchronous, taking a reader is not.
    reader_turns: Arc<Semaphore>,
    /// As many as the runtime has workers, so that a worker always finds one free.
    peekers: Vec<Mutex<Connection>>,
    writes: mpsc::Sender<Box<dyn Job>>,
    /// Held by the one who has the writer look at the file.
    looking: tokio::sync::Mutex<()>,
    /// Whether the file was opened as one that nobody changes, and there is no writer.
    is_read_only: bool,
    /// Tells when the writer has finished what was queued.
    writing: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// The last field, so that the file is closed after all connections.
    shared: Arc<Shared>,
}

impl Engine {
    pub(super) fn open(options: &Options, clock: Clock) -> Result<Self, Failure> {
        let options = &Options { path: files::real_path(&options.path)?, ..options.clone() };
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
        // Before the first connection, so that it is dropped after it whatever fails here.
        let shared = Shared::new(OpenedFile::new(path).map_err(|cause| failed(&cause))?);
        opening::keep_others_out(&shared.file, options)?;
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
        let (writes, queue) = mpsc::channel(WRITE_QUEUE_MAX);
        let writing = match first {
            Some(first) => {
                let writing = opening::start_writer(first, &source, &shared, options, clock.clone(), queue);
                Some(writing.map_err(|cause| failed(&cause))?)
            }
            None => None,
        };
        Ok(Self {
            clock,
            reader_turns: Arc::new(Semaphore::new(options.readers.max(1) as usize)),
            readers,
            peekers,
            writes,
            looking: tokio::sync::Mutex::default(),
            is_read_only: source.is_read_only(),
            writing: Mutex::new(writing),
            shared,
        })
    }

    /// Runs `work` inside one transaction of the one writer and answers after it is on the disk.
    ///
    /// `work` may run more than once (each time from a clean state), so it must not carry anything over.
    /// An `Err` means that nothing was written. A write that has not begun at `deadline` never will.
    pub(in crate::db) async fn write<T, F>(&self, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        self.shared.trouble.check()?;
        let (answer, outcome) = oneshot::channel();
        let job = Box::new(Write::new(work, deadline, answer));
        self.writes.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Problem::Unavailable(Unavailable::Overload),
            mpsc::error::TrySendError::Closed(_) => Problem::Unavailable(Unavailable::ShuttingDown),
        })?;
        // No time-out here: the writer drops late jobs unrun, and one that has begun is awaited.
        outcome.await.unwrap_or_else(|_| Err(self.unanswered()))
    }

    /// Runs `work` on one snapshot of a connection that cannot write.
    pub(in crate::db) async fn read<T, F>(self: &Arc<Self>, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        let turns = Arc::clone(&self.reader_turns);
        let turn = tokio::time::timeout_at(deadline, turns.acquire_owned()).await;
        let turn = turn
            .map_err(|_| Problem::TimedOut)?
            .map_err(|_| Problem::Unavailable(Unavailable::ShuttingDown))?;
        let engine = Arc::clone(self);
        let running = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let connection = engine.readers.get().map_err(|cause| match engine.shared.file.look() {
                Look::Gone => Problem::Unavailable(Unavailable::FileGone),
                _ => Problem::internal("taking a connection to read", cause),
            })?;
            engine.snapshot(&connection, work)
        });
        match tokio::time::timeout_at(deadline, running).await {
            Err(_) => Err(Problem::TimedOut),
            Ok(Err(cause)) => Err(Problem::internal("reading", cause)),
            Ok(Ok(outcome)) => outcome,
        }
    }

    /// Runs `work`, which must take microseconds, on this very thread and on a snapshot.
    pub(in crate::db) fn peek<T>(&self, work: impl FnOnce(&Tx) -> Result<T, Problem>) -> Result<T, Problem> {
        let free = self.peekers.iter().find_map(|peeker| peeker.try_lock().ok());
        let connection = match free {
            Some(connection) => connection,
            // Only when more threads peek than the runtime has workers. A poisoned lock holds a
            // connection whose snapshot was ended by its guard, so it is as good as any.
            None => self.peekers[0].lock().unwrap_or_else(PoisonError::into_inner),
        };
        self.snapshot(&connection, work)
    }

    /// The same as [`Db::write`] for code without a runtime, such as the command line.
    pub(in crate::db) fn write_blocking<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        self.shared.trouble.check()?;
        if self.is_read_only {
            return Err(Problem::Unavailable(Unavailable::ReadOnly));
        }
        let (answer, outcome) = oneshot::channel();
        let never = Instant::now() + Duration::from_hours(24);
        self.writes
            .blocking_send(Box::new(Write::new(work, never, answer)))
            .map_err(|_| Problem::Unavailable(Unavailable::ShuttingDown))?;
        outcome.blocking_recv().map_err(|_| self.unanswered())?
    }

    /// Whether a write would be taken now, without making one: asks the writer for its turn and looks at the file
    /// and its disk. Only after a write that the disk refused it makes one that changes nothing, since nothing
    /// else tells whether the next would be taken.
    pub(in crate::db) async fn check_writable(&self, deadline: Instant) -> Result<(), Problem> {
        let shared = Arc::clone(&self.shared);
        self.write(deadline, move |tx| readiness::probe(tx, &shared)).await
    }

    /// Whether what was not found is really not there. A file that another program has overwritten holds other
    /// people and other tokens; as long as it is not known to be right, nobody is told that theirs are unknown.
    pub(in crate::db) async fn confirm(&self, deadline: Instant) -> Result<(), Problem> {
        let file = &self.shared.file;
        if file.look() == Look::Written {
            // One has the writer look; who waited for that finds it done.
            let turn = tokio::time::timeout_at(deadline, self.looking.lock()).await;
            let _turn = turn.map_err(|_| Problem::TimedOut)?;
            if file.look() == Look::Written {
                self.write(deadline, |_| Ok(())).await?;
            }
        }
        match file.look() {
            Look::InPlace => self.shared.trouble.check(),
            Look::Gone => Err(Problem::Unavailable(Unavailable::FileGone)),
            Look::Written => Err(Problem::Unavailable(Unavailable::Database)),
            Look::Unknown => Err(Problem::Unavailable(Unavailable::DiskFailed)),
        }
    }

    /// Rung after a commit that queued a mail, for who delivers it.
    pub(in crate::db) fn mail_bell(&self) -> &Notify {
        &self.shared.mail_bell
    }

    /// Says that the server stops: from now on other processes are not waited for.
    pub(in crate::db) fn begin_to_stop(&self) {
        self.shared.is_stopping.store(true, Ordering::Release);
    }

    /// Tells when this process cannot work with the file any more.
    pub(in crate::db) fn lifeline(&self) -> &Lifeline {
        &self.shared.lifeline
    }

    /// The clock that transactions read.
    pub(in crate::db) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl Drop for Engine {
    /// Lets the writer finish what is queued and fold the log into the file.
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.writes, closed));
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The writer itself never holds a Db, so this cannot wait for itself.
        if let Some(thread) = writing {
            let _ = thread.join();
        }
        // The last of these to close folds the log, unless it is told to leave it.
        for peeker in &self.peekers {
            let connection = peeker.lock().unwrap_or_else(PoisonError::into_inner);
            checkpoint::leave_log_if_wrong(&connection, &self.shared);
        }
    }
}

impl Engine {
    /// The writer ended before it answered: because of what is wrong with the file, or by a fault of ours.
    fn unanswered(&self) -> Problem {
        let ended = || Problem::Internal("the writer ended without an answer".into());
        self.shared.trouble.check().err().unwrap_or_else(ended)
    }

    /// Runs `work` between BEGIN and ROLLBACK, so that all it reads is of one moment.
    fn snapshot<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Tx) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.shared.trouble.check()?;
        let open =
            connection.unchecked_transaction().map_err(|cause| problem("beginning to read", &cause))?;
        // Dropping the transaction, also by a panic, rolls it back.
        // A reader makes no ids that stay.
        let outcome = work(&Tx::new(On::Sqlite(connection), &self.clock, &ContextV7::new()));
        drop(open);
        self.shared.trouble.learn(&outcome);
        outcome
    }
}

/// The pool's own troubles, such as a file that went away, belong in the log.
#[derive(Debug)]
struct PoolErrors;

impl r2d2::HandleError<rusqlite::Error> for PoolErrors {
    fn handle_error(&self, cause: rusqlite::Error) {
        tracing::error!(%cause, "a connection to read could not be made");
    }
}
