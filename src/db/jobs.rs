//! A write as it waits for its turn: a closure over a transaction, and where its outcome goes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::tx::Tx;
use crate::problem::{Problem, Unavailable};

/// A write that waits, whatever it returns.
pub(super) trait Job: Send {
    /// After this it is too late to begin.
    fn deadline(&self) -> Instant;
    /// Runs the write and keeps what came out. False: it was refused, or it failed.
    fn run(&mut self, tx: &Tx) -> bool;
    /// What of the database itself kept it from its work.
    fn trouble(&self) -> Option<Unavailable>;
    /// Keeps a failure in place of what came out.
    fn fail(&mut self, problem: Problem);
    /// Sends what came out.
    fn answer(self: Box<Self>);
}

/// The only kind of [`Job`].
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

    fn trouble(&self) -> Option<Unavailable> {
        match self.outcome {
            Some(Err(Problem::Unavailable(unavailable))) => Some(unavailable),
            _ => None,
        }
    }

    fn fail(&mut self, problem: Problem) {
        self.outcome = Some(Err(problem));
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // The caller may be gone; what was committed stays.
            let _ = self.answer.send(outcome);
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a write panicked: {}", text.unwrap_or("no text"))
}
