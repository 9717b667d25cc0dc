//! What a connection does: whether it owes its client an answer, and how long the client has been silent. When the server
//! stops, a connection that owes nothing is closed at once, even in the middle of a request's head, and one that owes an
//! answer gets the time to send it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The head of a request is awaited: the first one of the connection, or one that has begun.
const HEAD: u8 = 0;
/// A request is being answered.
const WORKING: u8 = 1;
/// The answer is ready and not all of it is sent.
const SENDING: u8 = 2;
/// All answers are sent, and nothing of another request has come.
const KEPT: u8 = 3;

/// How an answer begins.
const BEGINNING: &[u8] = b"HTTP/1.";

/// How long a client may be silent.
#[derive(Clone, Copy)]
pub(super) struct Silence {
    /// Until the head of a request is whole.
    pub head_max: Duration,
    /// Between two requests.
    pub kept_max: Duration,
}

/// What a connection does.
pub(super) struct Activity {
    state: AtomicU8,
    opened: Instant,
    /// Since when it does that, in milliseconds after it was opened.
    since_ms: AtomicU64,
    became_idle: Notify,
    /// What hyper answered by itself.
    own_answer: OnceLock<Vec<u8>>,
    /// Of the newest answer that is sent in parts: whether all of them have come.
    parts_are_over: Mutex<Option<Arc<AtomicBool>>>,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(HEAD),
            opened: Instant::now(),
            since_ms: AtomicU64::new(0),
            became_idle: Notify::new(),
            own_answer: OnceLock::new(),
            parts_are_over: Mutex::default(),
        }
    }

    /// A request has come. To be held until its answer is ready.
    pub(super) fn work(&self) -> Working<'_> {
        self.state.store(WORKING, Ordering::Release);
        Working(self)
    }

    /// The answer that is ready is sent in parts.
    pub(super) fn sends_parts(&self, are_over: Arc<AtomicBool>) {
        *self.parts_are_over.lock().unwrap_or_else(PoisonError::into_inner) = Some(are_over);
    }

    /// Whether no answer is owed.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), HEAD | KEPT)
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

    /// Waits until the client has been silent for too long. Looks often enough to miss no change of what it does,
    /// which costs a request nothing: no timer is set for it.
    pub(super) async fn silent_for_too_long(&self, silence: Silence) {
        let look_after = silence.head_max.min(silence.kept_max);
        loop {
            let allowed = match self.state.load(Ordering::Acquire) {
                HEAD => silence.head_max,
                KEPT => silence.kept_max,
                _ => Duration::MAX,
            };
            let since = Duration::from_millis(self.since_ms.load(Ordering::Acquire));
            let left = allowed.saturating_sub(self.opened.elapsed().saturating_sub(since));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(look_after)).await;
        }
    }

    /// What hyper said itself because it could not read the head of a request: an answer without a body.
    pub(super) fn own_answer_of_hyper(&self) -> Option<&[u8]> {
        self.own_answer.get().map(Vec::as_slice)
    }

    fn becomes(&self, from: u8, to: u8) -> bool {
        if self.state.load(Ordering::Acquire) != from {
            return false;
        }
        let since_ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since_ms.store(since_ms, Ordering::Release);
        self.state.store(to, Ordering::Release);
        true
    }

    /// Whether an answer has begun whose last part has not come.
    pub(super) fn has_unfinished_parts(&self) -> bool {
        let parts = self.parts_are_over.lock().unwrap_or_else(PoisonError::into_inner).clone();
        parts.is_some_and(|are_over| !are_over.load(Ordering::Acquire))
    }

    fn flushed(&self) {
        if self.has_unfinished_parts() {
            return;
        }
        if self.becomes(SENDING, KEPT) {
            self.became_idle.notify_waiters();
        }
    }

    /// Whether bytes that hyper writes now are its own and no answer of ours: it could not read a request. They are kept,
    /// so that an answer with a body can be sent in their place.
    fn keeps_back<'b>(&self, parts: impl Iterator<Item = &'b [u8]>) -> Option<usize> {
        if !self.is_idle() {
            return None;
        }
        let bytes = parts.collect::<Vec<_>>().concat();
        // A part of an answer of ours that was flushed before its end is none of its.
        if !bytes.starts_with(BEGINNING) {
            return None;
        }
        let length = bytes.len();
        self.own_answer.set(bytes).is_ok().then_some(length)
    }
}

/// A request that is being answered.
pub(super) struct Working<'a>(&'a Activity);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.state.store(SENDING, Ordering::Release);
    }
}

/// A stream that notices when an answer is sent (hyper flushes the stream when it has written all it has), when a request
/// begins, and when hyper answers by itself.
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
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.activity.becomes(KEPT, HEAD);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(length) = self.activity.keeps_back([bytes].into_iter()) {
            return Poll::Ready(Ok(length));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(length) = self.activity.keeps_back(parts.iter().map(|part| &**part)) {
            return Poll::Ready(Ok(length));
        }
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

    /// Closing is left to the farewell, since there may be an answer to send in the place of hyper's.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
