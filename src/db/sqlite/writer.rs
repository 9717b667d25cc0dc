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

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::ContextV7;

use super::checkpoint::{Checkpointer, checkpoint, empty, leave_log_if_wrong};
use super::connection::PAGES_MAX;
use super::problem::problem;
use super::shared::Shared;
use super::{compare, rescue};
use crate::clock::Clock;
use crate::db::jobs::Job;
use crate::db::tx::{After, On, Tx};
use crate::lifeline::Ending;
use crate::problem::{Problem, Unavailable};

/// From about this length of the log on SQLite folds it itself (`wal_autocheckpoint`).
const LOG_BYTES_MAX: u64 = 2 * 4096 * PAGES_MAX.unsigned_abs();

/// How long another process is waited for when the server stops.
const BUSY_TIMEOUT_AT_STOP: Duration = Duration::from_millis(200);

/// Why a batch did not commit.
enum Spoiled {
    /// One write left half a change. The others can do without it.
    ByOne,
    /// The database itself failed.
    ByDatabase(Unavailable),
}

/// The connection that writes, and its thread's loop.
pub(super) struct Writer {
    connection: Connection,
    clock: Clock,
    ids: ContextV7,
    batch_max: usize,
    checkpointer: Option<Checkpointer>,
    shared: Arc<Shared>,
    is_lock_held: bool,
}

type Batch = Vec<Box<dyn Job>>;

impl Writer {
    pub(super) fn new(
        connection: Connection,
        clock: Clock,
        batch_max: usize,
        checkpointer: Option<Checkpointer>,
        shared: Arc<Shared>,
        is_lock_held: bool,
    ) -> Self {
        Self { connection, clock, ids: ContextV7::new(), batch_max, checkpointer, shared, is_lock_held }
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let pulse = self.shared.lifeline.pulse(Ending::Writer);
        while let Some(first) = queue.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < self.batch_max
                && let Ok(next) = queue.try_recv()
            {
                batch.push(next);
            }
            let changes_before = self.connection.total_changes();
            for job in self.work(batch) {
                job.answer();
            }
            if self.shared.lifeline.ending() == Some(Ending::FileGone) {
                break;
            }
            // A turn that wrote nothing, such as a look at readiness, is no reason to keep the log for longer.
            if self.connection.total_changes() != changes_before {
                self.checkpoint_rest();
            }
        }
        drop(self.checkpointer.take());
        self.close();
        pulse.finish();
    }

    /// Leaves the file alone whole, for whoever copies it after a clean stop. Not in a command, which may run
    /// beside a server: it keeps all writes waiting for as long as anybody reads. SQLite folds the log all the
    /// same when the last connection of all closes.
    fn close(self) {
        if !self.is_lock_held {
            return;
        }
        if self.shared.trouble.check().is_ok() {
            match compare::look(&self.shared, &self.connection) {
                Ok(()) => self.fold_all(),
                Err(Unavailable::FileGone) => self.keep_what_is_gone(),
                Err(_) => {}
            }
        }
        if self.shared.trouble.is_damaged() {
            rescue::put_log_aside(&self.shared.file);
            self.shared.lifeline.end(Ending::Damaged);
        }
        leave_log_if_wrong(&self.connection, &self.shared);
    }

    /// A reader is not waited for: the log stays beside the file then, as after a crash.
    fn fold_all(&self) {
        match empty(&self.connection, &self.shared) {
            Ok(true) => {}
            Ok(false) => tracing::warn!("the log stays beside the database file, since somebody reads it"),
            Err(cause) => tracing::warn!(%cause, "the log could not be folded into the database file"),
        }
    }

    /// The file, or its log, is not at its path, and what was written would be gone with the process.
    fn keep_what_is_gone(&self) {
        self.shared.trouble.lost();
        rescue::keep(&self.connection, &self.shared);
        self.shared.lifeline.end(Ending::FileGone);
    }

    /// Folds the end of the log when the rest of it is folded, so that it starts again from its beginning.
    fn checkpoint_rest(&self) {
        if self.checkpointer.as_ref().is_some_and(Checkpointer::notify)
            && let Some(_folding) = self.shared.file.folding()
        {
            if let Err(cause) = checkpoint(&self.connection) {
                tracing::warn!(%cause, "the end of the log could not be folded");
            }
            compare::folded_as_of_now(&self.shared, &self.connection);
        }
    }

    /// The log itself may be what is too long for the disk or for a limit on the size of files. Once it is folded the next
    /// write begins it anew.
    fn make_room(&self) {
        if let Some(_folding) = self.shared.file.folding() {
            // What keeps it from being folded is told by the next write.
            let _ = checkpoint(&self.connection);
            compare::folded_as_of_now(&self.shared, &self.connection);
        }
    }

    /// Runs a batch to its end: committed, refused or failed, each write has its outcome afterwards.
    fn work(&self, mut batch: Batch) -> Batch {
        let changes_before = self.connection.total_changes();
        match self.attempt(&mut batch) {
            Err(Spoiled::ByOne) if batch.len() > 1 => {
                return batch.into_iter().flat_map(|job| self.work(vec![job])).collect();
            }
            // Alone, and then its own refusal is the outcome and it was rolled back.
            Err(Spoiled::ByOne) => {}
            Ok(after) => {
                self.look_again(&mut batch, after, self.connection.total_changes() != changes_before);
            }
            Err(Spoiled::ByDatabase(unavailable)) => {
                tracing::error!(cause = ?unavailable, writes = batch.len(), "the database refused every write in this batch");
                fail_all(&mut batch, unavailable);
                self.shared.trouble.note(unavailable);
                if matches!(unavailable, Unavailable::DiskFull | Unavailable::DiskFailed) {
                    self.make_room();
                }
            }
        }
        batch
            .iter()
            .filter_map(|job| job.trouble())
            .for_each(|unavailable| self.shared.trouble.note(unavailable));
        batch
    }

    /// After a commit and before any answer: what was written into a file that is not the server's any more is
    /// not answered as written.
    fn look_again(&self, batch: &mut Batch, after: After, has_written: bool) {
        match compare::look(&self.shared, &self.connection) {
            Ok(()) => {
                if has_written || after.proves_disk {
                    self.shared.trouble.wrote(&self.connection);
                }
                if after.rings_for_mail {
                    self.shared.mail_bell.notify_one();
                }
            }
            Err(unavailable) => {
                fail_all(batch, unavailable);
                if unavailable == Unavailable::FileGone && has_written {
                    self.keep_what_is_gone();
                }
            }
        }
    }

    fn attempt(&self, batch: &mut Batch) -> Result<After, Spoiled> {
        self.shared.trouble.check().map_err(Spoiled::of)?;
        if self.shared.is_stopping.load(Ordering::Acquire) {
            // Whoever waits for another process by now is told so sooner.
            let _ = self.connection.busy_timeout(BUSY_TIMEOUT_AT_STOP);
        }
        compare::look_before(&self.shared, &self.connection).map_err(Spoiled::ByDatabase)?;
        self.command("BEGIN IMMEDIATE")?;
        let outcome = self.run_all(batch);
        let is_committing = outcome.is_ok();
        // SQLite folds a log that has grown too long in the commit itself.
        let is_folding = self.shared.file.log_bytes() >= LOG_BYTES_MAX;
        let folding = if is_folding { self.shared.file.folding() } else { None };
        let outcome = outcome.and_then(|after| self.command("COMMIT").map(|()| after));
        drop(folding);
        if outcome.is_err() && !self.connection.is_autocommit() {
            // Nothing to do if this fails too: the next BEGIN would, and say so.
            let _ = self.command("ROLLBACK");
        }
        if is_committing && matches!(outcome, Err(Spoiled::ByDatabase(Unavailable::DiskFailed))) {
            self.overwrite_log();
        }
        outcome
    }

    /// A commit whose sync failed is rolled back, but stands in the log: if the process ended now, the next start
    /// would take it for committed. The next write begins at the same place and breaks its chain of checksums.
    fn overwrite_log(&self) {
        let step = self.connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let written = step.and_then(|step| self.connection.pragma_update(None, "user_version", step));
        if let Err(cause) = written {
            tracing::warn!(%cause, "the disk takes no writes");
        }
    }

    fn run_all(&self, batch: &mut Batch) -> Result<After, Spoiled> {
        let mut after = After::default();
        for job in batch {
            if Instant::now() >= job.deadline() {
                job.fail(Problem::TimedOut);
                continue;
            }
            let changes_before = self.connection.total_changes();
            let tx = Tx::new(On::Sqlite(&self.connection), &self.clock, &self.ids);
            let accepted = job.run(&tx);
            if self.connection.is_autocommit() {
                return Err(Spoiled::ByDatabase(job.trouble().unwrap_or(Unavailable::DiskFailed)));
            }
            if !accepted && self.connection.total_changes() != changes_before {
                return Err(Spoiled::ByOne);
            }
            if accepted {
                after = after.and(tx.after());
            }
        }
        Ok(after)
    }

    fn command(&self, sql: &str) -> Result<(), Spoiled> {
        self.connection.execute_batch(sql).map_err(|cause| Spoiled::of(problem(sql, &cause)))
    }
}

impl Spoiled {
    fn of(problem: Problem) -> Self {
        match problem {
            Problem::Unavailable(unavailable) => Self::ByDatabase(unavailable),
            other => {
                tracing::error!(cause = %other, "the database failed");
                Self::ByDatabase(Unavailable::Broken)
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
