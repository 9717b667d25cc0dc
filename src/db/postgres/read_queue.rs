//! The pending reads. No party has more than half of the threads that read, so that the others always find one.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::db::jobs::Job;
use crate::db::lines::{PartyLines, Waiting};
use crate::db::party::Party;
use crate::problem::{Problem, Unavailable};

/// The most pending reads. Further ones get 503.
const READS_MAX: usize = 1024;

/// What a read sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::db) enum ReadView {
    /// One snapshot for all statements.
    Snapshot,
    /// There is one statement, which is a snapshot by itself.
    Statement,
}

/// A pending read.
pub(super) struct Reading {
    pub view: ReadView,
    pub job: Box<dyn Job>,
}

/// A queue that several threads take from, one read at a time.
pub(super) struct ReadQueue {
    state: Mutex<ReadState>,
    changed: Condvar,
    of_each: usize,
}

struct ReadState {
    lines: PartyLines<Reading>,
    is_closed: bool,
}

impl Waiting for Reading {
    fn party(&self) -> Party {
        self.job.party()
    }
}

impl ReadQueue {
    /// A queue for this number of threads.
    pub(super) fn new(threads: usize) -> Self {
        let state = ReadState { lines: PartyLines::new(), is_closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), of_each: (threads / 2).max(1) }
    }

    fn state(&self) -> MutexGuard<'_, ReadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a read, unless the queue is full or closed.
    pub(super) fn add(&self, reading: Reading) -> Result<(), Problem> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Problem::Unavailable(Unavailable::ShuttingDown));
        }
        if state.lines.len() >= READS_MAX {
            return Err(Problem::Unavailable(Unavailable::Overload));
        }
        state.lines.add(reading);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The next read. `None` once the queue is closed and empty. The thread says with [`ReadQueue::end`] when it has ended.
    pub(super) fn take(&self) -> Option<Reading> {
        let mut state = self.state();
        loop {
            if let Some(reading) = state.lines.take(1, self.of_each).pop() {
                return Some(reading);
            }
            if state.lines.is_empty() && state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that a read of the party has ended.
    pub(super) fn end(&self, party: Party, took: Duration) {
        let mut state = self.state();
        state.lines.end(party, took);
        let is_another_waiting = !state.lines.is_empty();
        drop(state);
        // Its party may have another one, for which a thread was free all the time.
        if is_another_waiting {
            self.changed.notify_one();
        }
    }

    /// No more reads: the threads end once the queue is empty.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }
}
