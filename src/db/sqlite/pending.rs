//! The pending writes of the single writer.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::db::jobs::Job;
use crate::db::lines::PartyLines;
use crate::problem::{Problem, Unavailable};

/// The most pending writes of requests. Further ones get 503.
const PENDING_MAX: usize = 1024;

/// The queue of the writer.
pub(super) struct PendingWrites {
    state: Mutex<PendingState>,
    arrived: Condvar,
}

struct PendingState {
    lines: PartyLines<Box<dyn Job>>,
    is_closed: bool,
}

impl PendingWrites {
    pub(super) fn new() -> Self {
        let state = PendingState { lines: PartyLines::new(), is_closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, PendingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the write of a request, unless too many are pending or the server is stopping.
    pub(super) fn add(&self, job: Box<dyn Job>) -> Result<(), Problem> {
        let state = self.state();
        if state.lines.len() >= PENDING_MAX {
            return Err(Problem::Unavailable(Unavailable::Overload));
        }
        self.add_to(state, job)
    }

    /// Adds the write of a thread, of which there are few.
    pub(super) fn add_always(&self, job: Box<dyn Job>) -> Result<(), Problem> {
        self.add_to(self.state(), job)
    }

    fn add_to(&self, mut state: MutexGuard<'_, PendingState>, job: Box<dyn Job>) -> Result<(), Problem> {
        if state.is_closed {
            return Err(Problem::Unavailable(Unavailable::ShuttingDown));
        }
        state.lines.add(job);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// How many writes wait.
    pub(super) fn len(&self) -> usize {
        self.state().lines.len()
    }

    /// The next writes, at least one and at most `count_max`. `None` once the queue is closed and empty.
    pub(super) fn take(&self, count_max: usize) -> Option<Vec<Box<dyn Job>>> {
        let is_idle = |state: &mut PendingState| state.lines.is_empty() && !state.is_closed;
        let waited = self.arrived.wait_while(self.state(), is_idle);
        let taken = waited.unwrap_or_else(PoisonError::into_inner).lines.take(count_max, usize::MAX);
        Some(taken).filter(|taken| !taken.is_empty())
    }

    /// Notes the end of `done`, and takes back what did not begin.
    pub(super) fn end(&self, done: &[Box<dyn Job>], put_off: Vec<Box<dyn Job>>) {
        let mut state = self.state();
        state.lines.give_back(put_off);
        for job in done {
            state.lines.end(job.party(), job.took());
        }
    }

    /// No more writes: the writer ends once the queue is empty.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.arrived.notify_all();
    }

    /// The writer has ended. What still waits is dropped, which tells those who wait for it.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let left = state.lines.take(usize::MAX, usize::MAX);
        drop(state);
        drop(left);
    }
}
