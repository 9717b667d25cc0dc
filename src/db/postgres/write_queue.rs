//! The pending writes, and how many threads carry them out at once.
//!
//! Serializable transactions at once can conflict, and the work of those that lose is done again. So the number of threads
//! that write follows the conflicts: each lowers it by one, and a row of commits without any raises it by one. Where
//! PostgreSQL is near and busy this ends at two or three, with many writes in each transaction; where it is far away, and
//! transactions mostly wait for the network, at more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::db::jobs::Job;
use crate::db::lines::PartyLines;
use crate::problem::{Problem, Unavailable};

/// The most pending writes. Further ones get 503.
const PENDING_MAX: usize = 1024;
/// How many transactions in a row without a conflict raise the number of threads.
const CALM: u32 = 32;
/// The threads that write at first.
const THREADS_AT_FIRST: usize = 2;

/// How a batch ended, for the number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchEnd {
    Calmly,
    AfterConflict,
}

/// A queue that several threads take from.
pub(super) struct WriteQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

struct QueueState {
    pending: PartyLines<Box<dyn Job>>,
    /// The threads that carry out a batch, and how many may.
    busy: usize,
    allowed: usize,
    threads: usize,
    calm: u32,
    is_closed: bool,
}

impl WriteQueue {
    /// A queue for this number of threads.
    pub(super) fn new(threads: usize) -> Self {
        let allowed = THREADS_AT_FIRST.min(threads);
        let state =
            QueueState { pending: PartyLines::new(), busy: 0, allowed, threads, calm: 0, is_closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, QueueState>) -> MutexGuard<'s, QueueState> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a write, unless the queue is full or closed.
    pub(super) fn add(&self, job: Box<dyn Job>) -> Result<(), Problem> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Problem::Unavailable(Unavailable::ShuttingDown));
        }
        if state.pending.len() >= PENDING_MAX {
            return Err(Problem::Unavailable(Unavailable::Overload));
        }
        state.pending.add(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// How many writes no thread has taken yet.
    pub(super) fn waiting(&self) -> u64 {
        self.state().pending.len() as u64
    }

    /// The next writes, at least one and at most `count_max`. `None` once the queue is closed and empty. The thread says
    /// with [`WriteQueue::end`] when they have ended.
    pub(super) fn take(&self, count_max: usize) -> Option<Vec<Box<dyn Job>>> {
        let mut state = self.state();
        loop {
            if state.pending.is_empty() && state.is_closed {
                return None;
            }
            if !state.pending.is_empty() && state.busy < state.allowed {
                state.busy += 1;
                return Some(state.pending.take(count_max, usize::MAX));
            }
            state = self.wait(state);
        }
    }

    /// Notes the end of `done`, and takes back what did not begin.
    pub(super) fn end(&self, ended: BatchEnd, done: &[Box<dyn Job>], put_off: Vec<Box<dyn Job>>) {
        let mut state = self.state();
        state.busy -= 1;
        state.pending.give_back(put_off);
        for job in done {
            state.pending.end(job.party(), job.took());
        }
        match ended {
            BatchEnd::AfterConflict => {
                state.allowed = (state.allowed - 1).max(1);
                state.calm = 0;
            }
            BatchEnd::Calmly if state.calm + 1 == CALM => {
                state.allowed = (state.allowed + 1).min(state.threads);
                state.calm = 0;
            }
            BatchEnd::Calmly => state.calm += 1,
        }
        drop(state);
        self.changed.notify_all();
    }

    /// No more writes: the threads end once the queue is empty.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_lower_the_number_of_threads_and_calm_raises_it() {
        let queue = WriteQueue::new(4);
        let allowed_after = |ended: &[BatchEnd]| {
            for each in ended {
                queue.state().busy += 1;
                queue.end(*each, &[], Vec::new());
            }
            queue.state().allowed
        };
        assert_eq!(allowed_after(&[]), 2);
        assert_eq!(allowed_after(&[BatchEnd::AfterConflict; 3]), 1, "one always writes");
        assert_eq!(allowed_after(&[BatchEnd::Calmly; 31]), 1);
        assert_eq!(allowed_after(&[BatchEnd::Calmly]), 2);
        assert_eq!(allowed_after(&[BatchEnd::Calmly; 32 * 5]), 4, "no more than there are");
    }
}
