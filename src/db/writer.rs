//! The one writer: a thread that takes the writes that wait, runs them inside one transaction, commits
//! once, and answers all of them after the commit, refusals too.
//!
//! A commit with `synchronous=FULL` costs a wait for the disk; sharing it is what makes durable writes
//! fast. The price is that writes in one batch share their fate, and these are the ways out:
//!
//! - A write that is refused before it changed anything has nothing to take back.
//! - A write that fails or panics after a change spoils the batch: everything is rolled back and each
//!   write of the batch runs again alone, so that only the one at fault fails. That is why writes are
//!   `FnMut`, and why there are no savepoints.
//! - When SQLite ends the transaction by itself (full disk, I/O error) or the commit fails, nothing else
//!   of the batch runs and all of it gets 503.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::ContextV7;

use super::checkpoint::{CheckpointMode, Checkpointer, checkpoint};
use super::tx::{Tx, problem};
use crate::clock::Clock;
use crate::problem::{Busy, Problem};

/// A write that waits, whatever it returns.
pub(super) trait Job: Send {
    /// After this it is too late to begin.
    fn deadline(&self) -> Instant;
    /// Runs the write and keeps what came out. False: it was refused, or it failed.
    fn run(&mut self, tx: &Tx) -> bool;
    /// Keeps a failure in place of what came out.
    fn fail(&mut self, problem: Problem);
    /// Sends what came out.
    fn answer(self: Box<Self>);
}

/// The only kind of [`Job`]: a closure, and where its outcome goes.
pub(super) struct Write<T, F> {
    work: F,
    deadline: Instant,
    outcome: Option<Result<T, Problem>>,
    answer: oneshot::Sender<Result<T, Problem>>,
}

impl<T, F> Write<T, F> {
    pub(super) fn new(work: F, deadline: Instant, answer: oneshot::Sender<Result<T, Problem>>) -> Self {
        Self { work, deadline, outcome: None, answer }
    }
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnMut(&Tx) -> Result<T, Problem> + Send,
{
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn run(&mut self, tx: &Tx) -> bool {
        let work = &mut self.work;
        // The closure sees the transaction alone, and that is rolled back if it had changed anything.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx)));
        let outcome = outcome.unwrap_or_else(|panic| Err(Problem::Internal(panic_text(&*panic))));
        let accepted = outcome.is_ok();
        self.outcome = Some(outcome);
        accepted
    }

    fn fail(&mut self, problem: Problem) {
        self.outcome = Some(Err(problem));
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Whoever asked may be gone; what was committed stays.
            let _ = self.answer.send(outcome);
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a write panicked: {}", text.unwrap_or("no text"))
}

/// Why a batch did not commit.
enum Spoiled {
    /// One write left half a change. The others can do without it.
    ByOne,
    /// The database itself failed.
    ByDatabase(Busy),
}

/// The connection that writes, and its thread's loop.
pub(super) struct Writer {
    connection: Connection,
    clock: Clock,
    ids: ContextV7,
    batch_max: usize,
    checkpointer: Option<Checkpointer>,
    is_lock_held: bool,
}

type Batch = Vec<Box<dyn Job>>;

impl Writer {
    pub(super) fn new(
        connection: Connection,
        clock: Clock,
        batch_max: usize,
        checkpointer: Option<Checkpointer>,
        is_lock_held: bool,
    ) -> Self {
        Self { connection, clock, ids: ContextV7::new(), batch_max, checkpointer, is_lock_held }
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < self.batch_max
                && let Ok(next) = queue.try_recv()
            {
                batch.push(next);
            }
            for job in self.work(batch) {
                job.answer();
            }
            self.checkpoint_rest();
        }
        drop(self.checkpointer.take());
        // So that the file alone is whole for whoever copies it after a clean stop. Not in a command, which may run
        // beside a server: it keeps all writes waiting for as long as anybody reads. SQLite folds the log all the
        // same when the last connection of all closes.
        if self.is_lock_held
            && let Err(cause) = checkpoint(&self.connection, CheckpointMode::Truncate)
        {
            tracing::warn!(%cause, "the log could not be folded into the database file");
        }
    }

    /// Folds the end of the log when the rest of it is folded, so that it starts again from its beginning.
    fn checkpoint_rest(&self) {
        if self.checkpointer.as_ref().is_some_and(Checkpointer::notify)
            && let Err(cause) = checkpoint(&self.connection, CheckpointMode::Passive)
        {
            tracing::warn!(%cause, "the end of the log could not be folded");
        }
    }

    /// Runs a batch to its end: committed, refused or failed, each write has its outcome afterwards.
    fn work(&self, mut batch: Batch) -> Batch {
        match self.attempt(&mut batch) {
            Err(Spoiled::ByOne) if batch.len() > 1 => {
                return batch.into_iter().flat_map(|job| self.work(vec![job])).collect();
            }
            // Committed; or alone, and then its own refusal is the outcome and it was rolled back.
            Ok(()) | Err(Spoiled::ByOne) => {}
            Err(Spoiled::ByDatabase(busy)) => {
                tracing::error!(cause = ?busy, writes = batch.len(), "the database took none of these writes");
                for job in &mut batch {
                    job.fail(Problem::Unavailable(busy));
                }
            }
        }
        batch
    }

    fn attempt(&self, batch: &mut Batch) -> Result<(), Spoiled> {
        self.command("BEGIN IMMEDIATE")?;
        let outcome = self.run_all(batch).and_then(|()| self.command("COMMIT"));
        if outcome.is_err() && !self.connection.is_autocommit() {
            // Nothing to do if this fails too: the next BEGIN would, and say so.
            let _ = self.command("ROLLBACK");
        }
        outcome
    }

    fn run_all(&self, batch: &mut Batch) -> Result<(), Spoiled> {
        for job in batch {
            if Instant::now() >= job.deadline() {
                job.fail(Problem::TimedOut);
                continue;
            }
            let changes_before = self.connection.total_changes();
            let accepted = job.run(&Tx::new(&self.connection, &self.clock, &self.ids));
            if self.connection.is_autocommit() {
                return Err(Spoiled::ByDatabase(Busy::DiskFull));
            }
            if !accepted && self.connection.total_changes() != changes_before {
                return Err(Spoiled::ByOne);
            }
        }
        Ok(())
    }

    fn command(&self, sql: &str) -> Result<(), Spoiled> {
        self.connection.execute_batch(sql).map_err(|cause| match problem(sql, &cause) {
            Problem::Unavailable(busy) => Spoiled::ByDatabase(busy),
            other => {
                tracing::error!(cause = %other, "the database failed");
                Spoiled::ByDatabase(Busy::Database)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::db::{Options, connection, params};

    struct Bench {
        _folder: tempfile::TempDir,
        writer: Writer,
    }

    type Outcome = oneshot::Receiver<Result<usize, Problem>>;

    impl Bench {
        fn new(size_max: Option<u64>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.db");
            connection::prepare_file(&path, true).unwrap();
            let options = Options { size_max, ..Options::new(&path) };
            let connection = connection::open_plain(&path).unwrap();
            connection::to_writer(&connection, &options).unwrap();
            connection.execute_batch("CREATE TABLE t (x INTEGER NOT NULL)").unwrap();
            Self { writer: Writer::new(connection, Clock::default(), 32, None, true), _folder: folder }
        }

        fn run(&self, jobs: Vec<(Box<dyn Job>, Outcome)>) -> Vec<Result<usize, Problem>> {
            let (batch, outcomes): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
            for job in self.writer.work(batch) {
                job.answer();
            }
            outcomes.into_iter().map(|outcome| outcome.blocking_recv().unwrap()).collect()
        }

        fn sum(&self) -> i64 {
            let sql = "SELECT coalesce(sum(x), 0) FROM t";
            self.writer.connection.query_row(sql, [], |row| row.get(0)).unwrap()
        }
    }

    fn job(
        work: impl FnMut(&Tx) -> Result<usize, Problem> + Send + 'static,
        deadline: Instant,
    ) -> (Box<dyn Job>, Outcome) {
        let (answer, outcome) = oneshot::channel();
        (Box::new(Write::new(work, deadline, answer)), outcome)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    fn adds(value: i64) -> (Box<dyn Job>, Outcome) {
        job(move |tx| tx.execute("INSERT INTO t VALUES (?1)", params![value]), soon())
    }

    #[test]
    fn a_batch_commits_what_is_right_and_refuses_the_rest() {
        let bench = Bench::new(None);
        let refused = job(|_| Err(Problem::NotFound("thing")), soon());
        let outcomes = bench.run(vec![adds(1), refused, adds(2)]);
        assert!(matches!(outcomes[..], [Ok(1), Err(Problem::NotFound(_)), Ok(1)]), "{outcomes:?}");
        assert_eq!(bench.sum(), 3);
    }

    #[test]
    fn half_a_change_is_taken_back_and_the_others_stay() {
        let bench = Bench::new(None);
        let half = job(
            |tx| {
                tx.execute("INSERT INTO t VALUES (100)", [])?;
                Err(Problem::NotFound("thing"))
            },
            soon(),
        );
        let outcomes = bench.run(vec![adds(1), half, adds(2)]);
        assert!(matches!(outcomes[..], [Ok(1), Err(Problem::NotFound(_)), Ok(1)]), "{outcomes:?}");
        assert_eq!(bench.sum(), 3);
    }

    #[test]
    fn a_panic_fails_one_write() {
        let bench = Bench::new(None);
        let panics = job(
            |tx| {
                tx.execute("INSERT INTO t VALUES (100)", [])?;
                panic!("as planned")
            },
            soon(),
        );
        let outcomes = bench.run(vec![adds(1), panics, adds(2)]);
        assert!(matches!(&outcomes[..], [Ok(1), Err(Problem::Internal(_)), Ok(1)]), "{outcomes:?}");
        assert_eq!(bench.sum(), 3);
    }

    #[test]
    fn a_late_write_never_begins() {
        let bench = Bench::new(None);
        let late = job(|tx| tx.execute("INSERT INTO t VALUES (100)", []), Instant::now());
        let outcomes = bench.run(vec![late, adds(1)]);
        assert!(matches!(outcomes[..], [Err(Problem::TimedOut), Ok(1)]), "{outcomes:?}");
        assert_eq!(bench.sum(), 1);
    }

    #[test]
    fn a_full_file_takes_nothing_of_the_batch_and_works_again_with_room() {
        let bench = Bench::new(Some(10 * 4096));
        bench.writer.connection.execute_batch("CREATE TABLE ballast (b BLOB)").unwrap();
        bench.writer.connection.execute_batch("INSERT INTO ballast VALUES (zeroblob(20000))").unwrap();
        let large = || {
            job(
                |tx| {
                    tx.execute("INSERT INTO t VALUES (5)", [])?;
                    tx.execute("INSERT INTO ballast VALUES (zeroblob(30000))", [])
                },
                soon(),
            )
        };
        let outcomes = bench.run(vec![adds(1), large(), adds(2)]);
        assert!(matches!(outcomes[1], Err(Problem::Unavailable(Busy::DiskFull))), "{outcomes:?}");
        // The small ones either went in alone or were told to come back; never half.
        let value = |position: usize, value: i64| if outcomes[position].is_ok() { value } else { 0 };
        assert_eq!(bench.sum(), value(0, 1) + value(2, 2));

        bench.writer.connection.execute_batch("DELETE FROM ballast").unwrap();
        let before = bench.sum();
        assert!(matches!(bench.run(vec![large()])[..], [Ok(1)]));
        assert_eq!(bench.sum(), before + 5);
    }
}
