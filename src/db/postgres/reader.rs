//! The threads that read. Each owns a connection and takes pending reads from one queue.

use std::sync::Arc;

use tokio::time::Instant;

use super::failure::PostgresFailure;
use super::read_queue::{ReadQueue, ReadView, Reading};
use super::session::PostgresSession;
use super::shared::{PostgresShared, RECONNECT_PAUSE_MAX, pause};
use crate::clock::Clock;
use crate::db::jobs::Job;
use crate::db::tx::{IdSequence, On, Tx};
use crate::problem::{Problem, Unavailable};

pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A reading thread.
pub(super) struct Reader {
    session: Option<PostgresSession>,
    clock: Clock,
    shared: Arc<PostgresShared>,
}

impl Reader {
    pub(super) fn new(clock: Clock, shared: Arc<PostgresShared>) -> Self {
        Self { session: None, clock, shared }
    }

    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self, queue: &ReadQueue) {
        while let Some(reading) = queue.take() {
            let done = self.work(reading);
            queue.end(done.party(), done.took());
            done.answer();
        }
    }

    /// Runs a read to its end. It runs again if its connection was lost.
    pub(super) fn work(&mut self, Reading { view, mut job }: Reading) -> Box<dyn Job> {
        for tries in 0.. {
            if Instant::now() >= job.deadline() {
                job.fail(if tries == 0 {
                    Problem::TimedOut
                } else {
                    Problem::Unavailable(Unavailable::Database)
                });
                break;
            }
            match self.attempt(view, &mut *job) {
                Some(PostgresFailure::Lost) => {
                    self.session = None;
                    std::thread::sleep(pause(tries + 4, RECONNECT_PAUSE_MAX));
                }
                // A conflict with a server that replays changes of its primary.
                Some(PostgresFailure::Conflict) => {}
                _ => break,
            }
        }
        job
    }

    fn attempt(&mut self, view: ReadView, job: &mut dyn Job) -> Option<PostgresFailure> {
        let Some(session) = self.session.take().or_else(|| self.shared.connect()) else {
            return Some(PostgresFailure::Lost);
        };
        let session = self.session.insert(session);
        session.clear_failure();
        if view == ReadView::Snapshot
            && let Err(failure) = session.command(BEGIN)
        {
            job.fail(Problem::Unavailable(failure.unavailable()));
            return Some(failure);
        }
        // A reader stores no ids, so it needs no shared counter.
        job.run(&Tx::new(On::Postgres(session), &self.clock, &IdSequence::default()));
        let failure = session.failure();
        if view == ReadView::Snapshot
            && failure != Some(PostgresFailure::Lost)
            && session.command("ROLLBACK").is_err()
        {
            self.session = None;
        }
        failure
    }
}
