//! The single writer: a thread that takes the pending writes, runs them in one transaction, commits once, and answers
//! all of them after the commit, including refusals.
//!
//! A commit with `synchronous=FULL` waits for the disk; sharing it makes durable writes fast (group commit). The
//! writes of a batch commit or fail together, with these rules:
//!
//! - A write that is refused before it changed anything needs no rollback.
//! - A write that fails or panics after a change causes a rollback, and each write of the batch up to it is retried
//!   alone, so that only that one fails. That is why writes are `FnMut`, and why there are no savepoints.
//! - A batch that has run for long commits; what of it has not begun goes back into the queue.
//! - If SQLite ends the transaction itself (disk full, I/O error) or the commit fails, the rest of the batch is
//!   skipped and all of its writes get 503.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::Instant;

use super::checkpoint::{Checkpointer, checkpoint, skip_checkpoint_if_replaced, truncate};
use super::connection::PAGES_MAX;
use super::examination::examine;
use super::opened_file::FileStatus;
use super::options::BUSY_TIMEOUT;
use super::pending::PendingWrites;
use super::problem::problem;
use super::shared::Shared;
use super::system::WalLock;
use super::{compare, rescue, stuck_lock};
use crate::clock::Clock;
use crate::db::jobs::{self, Job};
use crate::db::memory::Memory;
use crate::db::tx::{AfterCommit, IdSequence, On, Tx};
use crate::lifeline::Ending;
use crate::problem::{Problem, Unavailable};

/// At about this length the writer checkpoints the WAL, if the checkpoint thread cannot keep up. SQLite would do it
/// within the commit, and report an error of the checkpoint as one of the commit, which stands all the same.
const LOG_PAGES_MAX: i64 = 3 * PAGES_MAX;
const LOG_BYTES_MAX: u64 = 4096 * LOG_PAGES_MAX.unsigned_abs();

/// After this long no further write of a batch begins: the first one waits for the commit.
const BATCH_TIME_MAX: Duration = Duration::from_millis(10);

/// How long to wait for another process while the server is stopping.
const BUSY_TIMEOUT_AT_STOP: Duration = Duration::from_millis(200);

/// How long a file is examined while the server is stopping.
const EXAMINED_AT_STOP_WITHIN: Duration = Duration::from_secs(5);

/// Why a batch did not commit.
enum BatchFailure {
    /// One write failed after a partial change; the others can be retried without it.
    OneWrite,
    /// The database itself failed.
    Database(Unavailable),
}

/// The write connection and its thread's loop.
pub(super) struct Writer {
    connection: Connection,
    clock: Clock,
    ids: IdSequence,
    memory: Memory,
    batch_max: usize,
    checkpointer: Option<Checkpointer>,
    shared: Arc<Shared>,
}

type Batch = Vec<Box<dyn Job>>;

impl Writer {
    pub(super) fn new(
        connection: Connection,
        clock: Clock,
        batch_max: usize,
        checkpointer: Option<Checkpointer>,
        shared: Arc<Shared>,
    ) -> Self {
        let (ids, memory) = (IdSequence::default(), Memory::default());
        Self { connection, clock, ids, memory, batch_max, checkpointer, shared }
    }

    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self, queue: &PendingWrites) {
        let pulse = self.shared.lifeline.pulse(Ending::Writer);
        let _abandoned = Abandoned(queue);
        while let Some(batch) = queue.take(self.batch_max) {
            let changes_before = self.connection.total_changes();
            let mut put_off = Batch::new();
            let done = self.work(batch, &mut put_off);
            queue.end(&done, put_off);
            jobs::answer(done);
            if self.shared.lifeline.ending().is_some_and(Ending::is_of_file) {
                break;
            }
            // A batch without changes, such as a readiness check, does not postpone the truncation of the WAL.
            if self.connection.total_changes() != changes_before {
                self.checkpoint_rest();
            }
        }
        drop(self.checkpointer.take());
        self.close();
        pulse.finish();
    }

    /// Leaves the database file complete after a clean stop, so that it can be copied alone. Skipped in a command,
    /// which may run beside a server: it would block writes until all readers are done. SQLite checkpoints the WAL
    /// anyway when the last connection closes.
    fn close(self) {
        if !self.shared.is_lock_held {
            return;
        }
        self.end_suspicion();
        if self.shared.health.check().is_ok() {
            match compare::verify(&self.shared, &self.connection) {
                Ok(()) => self.checkpoint_and_truncate(),
                Err(Unavailable::FileGone) => self.rescue_data(),
                Err(_) => {}
            }
        }
        // Also a suspicion of the check before the last checkpoint.
        self.end_suspicion();
        if let Some(damage) = self.shared.health.damage() {
            if rescue::is_log_unfit(damage, &self.connection, &self.shared.file) {
                rescue::move_log_aside(&self.shared.file);
            }
            self.shared.lifeline.end(Ending::Damaged);
        } else if self.shared.health.is_suspected() {
            tracing::error!(
                "the database could not be read; the file and its write-ahead log stay as they are"
            );
        }
        skip_checkpoint_if_replaced(&self.connection, &self.shared);
    }

    /// The checkpoint thread has ended, so nothing else examines the file any more.
    fn end_suspicion(&self) {
        if self.shared.health.is_suspected() {
            let until = Instant::now() + EXAMINED_AT_STOP_WITHIN;
            examine(&self.shared, &|| Instant::now() >= until);
        }
    }

    /// Does not wait for readers: then the WAL stays beside the file, as after a crash.
    fn checkpoint_and_truncate(&self) {
        match truncate(&self.connection, &self.shared) {
            Ok(true) => {}
            // Why is in the log.
            Ok(false) if self.shared.health.check().is_err() => {}
            Ok(false) if self.shared.lifeline.ending() == Some(Ending::StuckLock) => {}
            Ok(false) => tracing::warn!(
                "the write-ahead log stays beside the database file, because another process is reading it"
            ),
            Err(cause) => {
                tracing::warn!(%cause, "the write-ahead log could not be checkpointed into the database file");
            }
        }
    }

    /// The file or its WAL is no longer at its path; the data would be lost with the process.
    fn rescue_data(&self) {
        self.shared.health.record_loss();
        let ending = rescue::keep(&self.connection, &self.shared);
        self.shared.lifeline.end(ending);
    }

    /// Checkpoints the end of the WAL after the checkpoint thread did the rest, so that the WAL restarts from its
    /// beginning.
    fn checkpoint_rest(&self) {
        if self.checkpointer.as_ref().is_some_and(Checkpointer::notify)
            && let Some(_checkpoint) = self.shared.file.begin_checkpoint()
        {
            if let Err(cause) = checkpoint(&self.connection) {
                tracing::warn!(%cause, "the end of the write-ahead log could not be checkpointed");
            }
            compare::record_checkpoint(&self.shared, &self.connection);
        }
    }

    /// The WAL is long, or exceeds the disk or a file size limit. After a checkpoint the next write restarts it.
    fn checkpoint_now(&self) {
        if let Some(_checkpoint) = self.shared.file.begin_checkpoint() {
            // The next write reports an error of this.
            let _ = checkpoint(&self.connection);
            compare::record_checkpoint(&self.shared, &self.connection);
        }
    }

    /// Runs a batch to its end; afterwards each of its writes has its outcome, but for those that did not begin.
    fn work(&self, mut batch: Batch, put_off: &mut Batch) -> Batch {
        let changes_before = self.connection.total_changes();
        match self.attempt(&mut batch, put_off) {
            Err(BatchFailure::OneWrite) if batch.len() > 1 => {
                return batch.into_iter().flat_map(|job| self.work(vec![job], &mut Batch::new())).collect();
            }
            // It ran alone: its own error is the outcome, and it was rolled back.
            Err(BatchFailure::OneWrite) => {}
            Ok(after) => self.verify_after_commit(&mut batch, after, changes_before),
            Err(BatchFailure::Database(unavailable)) => self.refuse(&mut batch, unavailable),
        }
        batch
            .iter()
            .filter_map(|job| job.unavailable())
            .for_each(|unavailable| self.shared.health.note(unavailable));
        batch
    }

    /// A failed batch. A full disk must not hide that the file is gone: then the data has to be saved.
    fn refuse(&self, batch: &mut Batch, cause: Unavailable) {
        let is_of_disk = matches!(cause, Unavailable::DiskFull | Unavailable::DiskFailed);
        let is_gone = is_of_disk && self.shared.file.status() == FileStatus::Gone;
        let unavailable = if is_gone { Unavailable::FileGone } else { cause };
        tracing::error!(cause = ?unavailable, writes = batch.len(), "the database refused every write in this batch");
        fail_all(batch, unavailable);
        self.shared.health.note(unavailable);
        if is_gone {
            self.rescue_data();
        } else if is_of_disk {
            self.checkpoint_now();
        }
    }

    /// After a commit and before any answer: writes into a file that is no longer the server's are not reported as
    /// successful.
    fn verify_after_commit(&self, batch: &mut Batch, after: AfterCommit, changes_before: u64) {
        let has_written = self.connection.total_changes() != changes_before;
        match compare::verify(&self.shared, &self.connection) {
            Ok(()) => {
                if has_written || after.has_proven_disk {
                    self.shared.health.record_write(&self.connection);
                }
                if after.has_queued_mail {
                    self.shared.mail_queued.notify_one();
                }
            }
            Err(unavailable) => {
                // The commit stands in the open file, and it is not known whether that is the one at the path.
                let is_unknown = has_written && unavailable == Unavailable::DiskFailed;
                fail_all(batch, if is_unknown { Unavailable::OutcomeUnknown } else { unavailable });
                if unavailable == Unavailable::FileGone && has_written {
                    self.rescue_data();
                }
            }
        }
    }

    fn attempt(&self, batch: &mut Batch, put_off: &mut Batch) -> Result<AfterCommit, BatchFailure> {
        self.shared.health.check().map_err(BatchFailure::of)?;
        if self.shared.is_stopping.load(Ordering::Acquire) {
            // Fail sooner instead of waiting for another process.
            let _ = self.connection.busy_timeout(BUSY_TIMEOUT_AT_STOP);
        }
        compare::verify_before_write(&self.shared, &self.connection).map_err(BatchFailure::Database)?;
        self.memory.clear();
        self.begin()?;
        let changes_before = self.connection.total_changes();
        let outcome = self.run_all(batch, put_off);
        let is_committing = outcome.is_ok();
        let outcome = outcome.and_then(|after| self.commit(changes_before).map(|()| after));
        if outcome.is_err() && !self.connection.is_autocommit() {
            // An error here needs no handling: the next BEGIN fails too and reports it.
            let _ = self.command("ROLLBACK");
        }
        if is_committing && matches!(outcome, Err(BatchFailure::Database(Unavailable::DiskFailed))) {
            self.overwrite_log();
        }
        if outcome.is_ok() && self.shared.file.log_bytes() >= LOG_BYTES_MAX && self.is_log_long() {
            self.checkpoint_now();
        }
        outcome
    }

    /// Measures only what wrote something: the commit of a readiness check does not wait for the disk.
    fn commit(&self, changes_before: u64) -> Result<(), BatchFailure> {
        let begun = Instant::now();
        self.command("COMMIT")?;
        if self.connection.total_changes() != changes_before {
            self.shared.commits.record(begun.elapsed());
        }
        Ok(())
    }

    /// The WAL keeps its length when SQLite begins it anew, so its frames count.
    fn is_log_long(&self) -> bool {
        compare::log_and_checkpointed_frames(&self.connection)
            .is_ok_and(|(frames, _)| frames >= LOG_PAGES_MAX)
    }

    fn begin(&self) -> Result<(), BatchFailure> {
        let begun = self.command("BEGIN IMMEDIATE");
        if matches!(begun, Err(BatchFailure::Database(Unavailable::Database))) {
            stuck_lock::end_if_stuck(&self.shared, WalLock::Write, || self.is_write_lock_refused());
        }
        begun
    }

    /// Whether SQLite refuses the lock of the writer right now.
    fn is_write_lock_refused(&self) -> bool {
        let begun = self
            .connection
            .busy_timeout(Duration::ZERO)
            .and_then(|()| self.connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK"));
        // An error here shows in the next write.
        let _ = self.connection.busy_timeout(BUSY_TIMEOUT);
        begun.is_err_and(|cause| cause.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
    }

    /// A commit whose sync failed is rolled back but its frames are in the WAL: if the process ended now, the next
    /// start would recover it as committed. The next write starts at the same position and breaks the chain of
    /// checksums.
    fn overwrite_log(&self) {
        let step = self.connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let written = step.and_then(|step| self.connection.pragma_update(None, "user_version", step));
        if let Err(cause) = written {
            tracing::warn!(%cause, "the disk refuses writes");
        }
    }

    fn run_all(&self, batch: &mut Batch, put_off: &mut Batch) -> Result<AfterCommit, BatchFailure> {
        let mut after = AfterCommit::default();
        let begun = Instant::now();
        for number in 0..batch.len() {
            let now = Instant::now();
            if number > 0 && now >= begun + BATCH_TIME_MAX {
                *put_off = batch.split_off(number);
                break;
            }
            let job = &mut batch[number];
            if now >= job.deadline() {
                job.fail(Problem::TimedOut);
                continue;
            }
            let changes_before = self.connection.total_changes();
            let tx = Tx::new(On::Sqlite(&self.connection), &self.clock, &self.ids).in_batch(&self.memory);
            let accepted = job.run(&tx);
            if self.connection.is_autocommit() {
                return Err(BatchFailure::Database(job.unavailable().unwrap_or(Unavailable::DiskFailed)));
            }
            if !accepted && self.connection.total_changes() != changes_before {
                *put_off = batch.split_off(number + 1);
                return Err(BatchFailure::OneWrite);
            }
            if accepted {
                after = after.and(tx.after());
            }
        }
        Ok(after)
    }

    fn command(&self, sql: &str) -> Result<(), BatchFailure> {
        self.connection.execute_batch(sql).map_err(|cause| BatchFailure::of(problem(sql, &cause)))
    }
}

/// However the thread ends, no write waits for it any more.
struct Abandoned<'q>(&'q PendingWrites);

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl BatchFailure {
    fn of(problem: Problem) -> Self {
        match problem {
            Problem::Unavailable(unavailable) => Self::Database(unavailable),
            other => {
                tracing::error!(cause = %other, "the database failed");
                Self::Database(Unavailable::Broken)
            }
        }
    }
}

fn fail_all(batch: &mut Batch, unavailable: Unavailable) {
    for job in batch {
        job.fail(Problem::Unavailable(unavailable));
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
