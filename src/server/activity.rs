//! Whether a connection owes its client an answer. When the server stops, one that does not is closed at once, even
//! in the middle of a request's head, and one that does gets the time to send it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

const IDLE: u8 = 0;
/// A request is being answered.
const WORKING: u8 = 1;
/// The answer is ready and not all of it is sent.
const SENDING: u8 = 2;

/// What a connection does.
#[derive(Default)]
pub(super) struct Activity {
    state: AtomicU8,
    became_idle: Notify,
}

impl Activity {
    /// A request has come. To be held until its answer is ready.
    pub(super) fn work(&self) -> Working<'_> {
        self.state.store(WORKING, Ordering::Release);
        Working(self)
    }

    /// Whether no answer is owed.
    pub(super) fn is_idle(&self) -> bool {
        self.state.load(Ordering::Acquire) == IDLE
    }

    /// Waits until no answer is owed.
    pub(super) async fn idle(&self) {
        loop {
            let became_idle = self.became_idle.notified();
            if self.is_idle() {
                return;
            }
            became_idle.await;
        }
    }

    fn flushed(&self) {
        let is_sent = self.state.compare_exchange(SENDING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if is_sent {
            self.became_idle.notify_waiters();
        }
    }
}

/// A request that is being answered.
pub(super) struct Working<'a>(&'a Activity);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.state.store(SENDING, Ordering::Release);
    }
}

/// A stream that notices when an answer is sent: hyper flushes the stream when it has written all it has.
pub(super) struct Watched<'a, S> {
    stream: S,
    activity: &'a Activity,
}

impl<'a, S> Watched<'a, S> {
    pub(super) fn new(stream: S, activity: &'a Activity) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.activity.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
