//! The threads that write. Each owns a connection and takes pending writes, several at a time, from one queue; it runs
//! them in one SERIALIZABLE transaction and answers all of them after the commit, including refusals: what a
//! serializable transaction has read is valid only if it commits.
//!
//! - A conflict with a concurrent transaction runs the batch again, and after a few tries each of its writes alone.
//! - A write that fails after a change causes a rollback, and each write of the batch is retried alone, so that only
//!   that one fails.
//! - A batch that has run for long commits; what of it has not begun goes back into the queue.
//! - A connection that is lost before COMMIT has changed nothing, so the batch runs again on another one. If it is lost
//!   during COMMIT, the outcome is asked for (see [`outcome`](super::outcome)).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::failure::PostgresFailure;
use super::outcome::{self, CommitOutcome, TransactionId};
use super::session::PostgresSession;
use super::shared::{PostgresShared, RECONNECT_PAUSE_MAX, pause};
use super::write_queue::{BatchEnd, WriteQueue};
use crate::clock::Clock;
use crate::db::jobs::{self, Job};
use crate::db::memory::Memory;
use crate::db::tx::{AfterCommit, On, Tx};
use crate::lifeline::Ending;
use crate::problem::{Problem, Unavailable};

/// The most writes that share a transaction.
const BATCH_MAX: usize = 16;
/// After this long no further write of a batch begins: the first one waits for the commit.
const BATCH_TIME_MAX: Duration = Duration::from_millis(40);
/// How often a batch runs before each of its writes runs alone.
const TRIES_TOGETHER: u32 = 2;
/// The longest pause after a conflict.
const PAUSE_MAX: Duration = Duration::from_millis(30);

/// It also assigns the id by which the outcome of a lost COMMIT is found. A server that is recovering refuses.
const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT pg_current_xact_id()::text";

/// Without a time limit: PostgreSQL would end the wait for a synchronous standby and report success.
const COMMIT: &str = "SET LOCAL statement_timeout = 0; COMMIT";

type Jobs = Vec<Box<dyn Job>>;

/// Why a batch did not commit.
enum Uncommitted {
    /// One write failed after a partial change.
    OneWrite,
    /// The transaction failed and was rolled back.
    RolledBack(PostgresFailure),
    /// The connection was lost during COMMIT.
    Unknown(TransactionId, AfterCommit),
}

/// A writing thread.
pub(super) struct PostgresWriter {
    session: Option<PostgresSession>,
    clock: Clock,
    memory: Memory,
    /// How the batch in hand is ending.
    ended: BatchEnd,
    /// What of it has not begun, and will be in another one.
    put_off: Jobs,
    shared: Arc<PostgresShared>,
}

impl PostgresWriter {
    pub(super) fn new(clock: Clock, shared: Arc<PostgresShared>) -> Self {
        Self {
            session: None,
            clock,
            memory: Memory::default(),
            ended: BatchEnd::Calmly,
            put_off: Jobs::new(),
            shared,
        }
    }

    /// Runs until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &WriteQueue) {
        let pulse = self.shared.lifeline.pulse(Ending::Writer);
        while let Some(batch) = queue.take(BATCH_MAX) {
            self.ended = BatchEnd::Calmly;
            let done = self.work(batch);
            queue.end(self.ended, &done, std::mem::take(&mut self.put_off));
            jobs::answer(done);
        }
        pulse.finish();
    }

    /// Runs a batch to its end; afterwards each write has its outcome.
    fn work(&mut self, mut batch: Jobs) -> Jobs {
        for tries in 0.. {
            let failure = match self.attempt(&mut batch) {
                Ok(after) => {
                    self.note(after);
                    return batch;
                }
                Err(Uncommitted::OneWrite) if batch.len() > 1 => return self.alone(batch),
                // It ran alone: its own error is the outcome, and it was rolled back.
                Err(Uncommitted::OneWrite) => return batch,
                Err(Uncommitted::Unknown(id, after)) => match self.settle(&id, &batch) {
                    CommitOutcome::Committed => {
                        self.note(after);
                        return batch;
                    }
                    CommitOutcome::RolledBack => PostgresFailure::Lost,
                    CommitOutcome::Unknown => {
                        tracing::error!(
                            writes = batch.len(),
                            "a commit was interrupted, and its outcome is not known"
                        );
                        fail_all(&mut batch, Unavailable::OutcomeUnknown);
                        return batch;
                    }
                },
                Err(Uncommitted::RolledBack(failure)) => failure,
            };
            let is_alone = batch.len() == 1;
            if failure == PostgresFailure::Conflict {
                self.ended = BatchEnd::AfterConflict;
            }
            match failure {
                PostgresFailure::Conflict if !is_alone && tries + 1 >= TRIES_TOGETHER => {
                    return self.alone(batch);
                }
                PostgresFailure::Duplicate | PostgresFailure::Other | PostgresFailure::Refused(_)
                    if !is_alone =>
                {
                    return self.alone(batch);
                }
                // The failed statement is the outcome of the write.
                PostgresFailure::Duplicate if tries > 0 => return batch,
                PostgresFailure::Other | PostgresFailure::Refused(_) => return batch,
                PostgresFailure::Conflict | PostgresFailure::Duplicate => {
                    std::thread::sleep(pause(tries, PAUSE_MAX));
                }
                PostgresFailure::Lost => {
                    self.session = None;
                    std::thread::sleep(pause(tries + 5, RECONNECT_PAUSE_MAX));
                }
            }
            if Instant::now() >= latest(&batch) || self.shared.is_stopping() && tries > 10 {
                fail_all(&mut batch, Unavailable::Database);
                return batch;
            }
        }
        batch
    }

    fn alone(&mut self, batch: Jobs) -> Jobs {
        batch.into_iter().flat_map(|job| self.work(vec![job])).collect()
    }

    fn note(&self, after: AfterCommit) {
        if after.has_queued_mail {
            self.shared.mail_queued.notify_one();
        }
    }

    fn attempt(&mut self, batch: &mut Jobs) -> Result<AfterCommit, Uncommitted> {
        if self.session.is_none() {
            self.session = self.shared.connect();
        }
        let Some(session) = &self.session else {
            return Err(Uncommitted::RolledBack(PostgresFailure::Lost));
        };
        let id = begin(session).map_err(|failure| unstored(batch, failure))?;
        self.memory.clear();
        let (ran, put_off) = self.run_all(session, batch);
        self.put_off.splice(..0, put_off);
        match ran {
            // Also what was refused: only a commit says that what it has read is consistent.
            Ok(after) => {
                let begun = Instant::now();
                match session.command(COMMIT) {
                    Ok(_) => {
                        self.shared.commits.record(begun.elapsed());
                        Ok(after)
                    }
                    Err(PostgresFailure::Lost) => Err(Uncommitted::Unknown(
                        TransactionId { id, timeline: session.timeline().to_owned() },
                        after,
                    )),
                    Err(failure) => Err(unstored(batch, failure)),
                }
            }
            Err(failure) => match session.command("ROLLBACK") {
                Ok(_) => Err(failure),
                Err(_) => Err(Uncommitted::RolledBack(PostgresFailure::Lost)),
            },
        }
    }

    /// Also returns what has not begun.
    fn run_all(
        &self,
        session: &PostgresSession,
        batch: &mut Jobs,
    ) -> (Result<AfterCommit, Uncommitted>, Jobs) {
        let begun = Instant::now();
        let mut after = AfterCommit::default();
        // One time for all: they commit at one, and what one of them has looked up serves the others.
        let now = self.clock.now();
        for number in 0..batch.len() {
            if number > 0 && begun.elapsed() >= BATCH_TIME_MAX {
                return (Ok(after), batch.split_off(number));
            }
            let job = &mut batch[number];
            if Instant::now() >= job.deadline() {
                job.fail(Problem::TimedOut);
                continue;
            }
            session.clear_changes();
            let tx =
                Tx::new(On::Postgres(session), &self.clock, &self.shared.ids).in_batch(&self.memory).at(now);
            let accepted = job.run(&tx);
            // Also if the write itself took no notice: a transaction with a failure in it cannot commit.
            if let Some(failure) = session.failure() {
                return (Err(Uncommitted::RolledBack(failure)), Jobs::new());
            }
            if !accepted && session.has_changed() {
                return (Err(Uncommitted::OneWrite), Jobs::new());
            }
            if accepted {
                after = after.and(tx.after());
            }
        }
        (Ok(after), Jobs::new())
    }

    /// Finds out whether a transaction was committed whose COMMIT has no answer.
    fn settle(&mut self, id: &TransactionId, batch: &Jobs) -> CommitOutcome {
        let until = latest(batch).max(Instant::now() + outcome::TIME_MIN);
        self.session = None;
        let mut tries = 0;
        while Instant::now() < until {
            let asked = self.shared.connect().and_then(|session| {
                let outcome = outcome::ask(&session, id);
                self.session = Some(session);
                outcome
            });
            if let Some(outcome) = asked {
                return outcome;
            }
            self.session = None;
            tries += 1;
            std::thread::sleep(pause(tries + 5, RECONNECT_PAUSE_MAX));
        }
        CommitOutcome::Unknown
    }
}

fn begin(session: &PostgresSession) -> Result<String, PostgresFailure> {
    session.clear_failure();
    let begun = session.command(BEGIN).map_err(|failure| match failure {
        // A standby: the next connection finds the primary.
        PostgresFailure::Other => PostgresFailure::Lost,
        failure => failure,
    });
    Ok(begun?.unwrap_or_default())
}

/// The transaction itself failed, not one of its writes: whatever a write has had as its outcome is not stored.
fn unstored(batch: &mut Jobs, failure: PostgresFailure) -> Uncommitted {
    fail_all(batch, failure.unavailable());
    Uncommitted::RolledBack(failure)
}

fn latest(batch: &Jobs) -> Instant {
    batch.iter().map(|job| job.deadline()).max().unwrap_or_else(Instant::now)
}

fn fail_all(batch: &mut Jobs, unavailable: Unavailable) {
    for job in batch {
        job.fail(Problem::Unavailable(unavailable));
    }
}
