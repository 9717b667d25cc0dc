//! A pending write: a closure over a transaction, its deadline, and the channel for its outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::lines::Waiting;
use super::party::Party;
use super::tx::Tx;
use crate::problem::{Problem, Unavailable};

/// A pending write of any return type.
pub(super) trait Job: Send {
    /// On whose behalf it runs.
    fn party(&self) -> Party;
    /// How long its runs took.
    fn took(&self) -> Duration;
    /// The write must not start after this.
    fn deadline(&self) -> Instant;
    /// Runs the write and stores its outcome. Returns whether it succeeded.
    fn run(&mut self, tx: &Tx) -> bool;
    /// The database error that the write ended with, if it ended with one.
    fn unavailable(&self) -> Option<Unavailable>;
    /// Replaces the outcome with a failure.
    fn fail(&mut self, problem: Problem);
    /// The runtime with the task that awaits the outcome; `None` if a thread does.
    fn runtime(&self) -> Option<&Handle>;
    /// Sends the outcome.
    fn answer(self: Box<Self>);
}

/// The only implementation of [`Job`].
pub(super) struct Write<T, F> {
    work: F,
    party: Party,
    took: Duration,
    deadline: Instant,
    outcome: Option<Result<T, Problem>>,
    answer: oneshot::Sender<Result<T, Problem>>,
    runtime: Option<Handle>,
}

impl<T, F> Write<T, F> {
    /// A write whose outcome a thread awaits.
    pub(super) fn new(
        work: F,
        party: Party,
        deadline: Instant,
        answer: oneshot::Sender<Result<T, Problem>>,
    ) -> Self {
        Self { work, party, took: Duration::ZERO, deadline, outcome: None, answer, runtime: None }
    }

    /// The same, for a task of the current runtime.
    pub(super) fn of_task(self) -> Self {
        Self { runtime: Some(Handle::current()), ..self }
    }
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnMut(&Tx) -> Result<T, Problem> + Send,
{
    fn party(&self) -> Party {
        self.party
    }

    fn took(&self) -> Duration {
        self.took
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn run(&mut self, tx: &Tx) -> bool {
        let begun = Instant::now();
        let work = &mut self.work;
        // Unwind-safe: the closure only touches the transaction, which is rolled back after a panic.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx)));
        let outcome = outcome.unwrap_or_else(|panic| Err(Problem::Internal(panic_text(&*panic))));
        let accepted = outcome.is_ok();
        self.took += begun.elapsed();
        self.outcome = Some(outcome);
        accepted
    }

    fn unavailable(&self) -> Option<Unavailable> {
        match self.outcome {
            Some(Err(Problem::Unavailable(unavailable))) => Some(unavailable),
            _ => None,
        }
    }

    fn fail(&mut self, problem: Problem) {
        self.outcome = Some(Err(problem));
    }

    fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // The caller may be gone; the commit stands.
            let _ = self.answer.send(outcome);
        }
    }
}

impl Waiting for Box<dyn Job> {
    fn party(&self) -> Party {
        (**self).party()
    }
}

/// Sends the outcomes of a batch. Those that tasks await are sent by a task: a thread outside of the runtime would wake a
/// worker for each of them.
pub(super) fn answer(batch: Vec<Box<dyn Job>>) {
    let (of_tasks, of_threads): (Vec<_>, Vec<_>) = batch.into_iter().partition(|job| job.runtime().is_some());
    for job in of_threads {
        job.answer();
    }
    if let Some(runtime) = of_tasks.first().and_then(|job| job.runtime()).cloned() {
        runtime.spawn(async {
            for job in of_tasks {
                // What the closure holds is dropped with it. A panic there must not cost the others their outcome.
                let _ = catch_unwind(AssertUnwindSafe(|| job.answer()));
            }
        });
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a write panicked: {}", text.unwrap_or("no text"))
}
