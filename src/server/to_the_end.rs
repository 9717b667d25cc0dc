//! Work that goes on when the task that began it ends.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Handles a request in the task of its connection, and in a task of its own once the connection has ended. A task for
/// each request would do the same, and costs every request a second way through the scheduler.
pub(super) struct ToTheEnd<F: Future<Output: Send> + Send + 'static> {
    /// `None` after the end.
    work: Option<Pin<Box<F>>>,
}

impl<F: Future<Output: Send> + Send + 'static> ToTheEnd<F> {
    pub(super) fn new(work: F) -> Self {
        Self { work: Some(Box::pin(work)) }
    }
}

/// The text of a panic that ended the work.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Panicked(String);

impl std::fmt::Display for Panicked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "panic: {}", self.0)
    }
}

impl Panicked {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        Self(text.or_else(|| payload.downcast_ref().copied()).unwrap_or("no text").to_owned())
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for ToTheEnd<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        // A panic ends this request, and not the connection with the responses that it still owes. Nothing of the work
        // is looked at afterwards.
        let ended = match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(payload) => Err(Panicked::new(&*payload)),
        };
        self.work = None;
        Poll::Ready(ended)
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for ToTheEnd<F> {
    fn drop(&mut self) {
        // Without a runtime the process is ending.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_that_is_dropped_half_way_goes_on() {
        let (go_on, told_to) = oneshot::channel();
        let (report, reported) = oneshot::channel();
        let mut work = Box::pin(ToTheEnd::new(async move {
            told_to.await.unwrap();
            report.send(()).unwrap();
        }));
        assert!(std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await.is_pending());
        drop(work);
        go_on.send(()).unwrap();
        reported.await.unwrap();
    }

    #[tokio::test]
    async fn work_that_was_never_polled_is_done_too() {
        let (report, reported) = oneshot::channel();
        drop(ToTheEnd::new(async move { report.send(()).unwrap() }));
        reported.await.unwrap();
    }

    #[tokio::test]
    async fn the_outcome_or_the_panic_is_returned_once() {
        assert_eq!(ToTheEnd::new(async { 1 }).await, Ok(1));
        let panicking =
            |text: &'static str| ToTheEnd::new(async move { assert!(text.is_empty(), "{text} is text") });
        assert_eq!(panicking("a").await, Err(Panicked("a is text".to_owned())));
        assert_eq!(panicking("").await, Ok(()));
        let plain: fn() = || panic!("plain");
        assert_eq!(ToTheEnd::new(async move { plain() }).await, Err(Panicked("plain".to_owned())));
    }
}
