//! The state of a connection: whether a response is still owed to the client, and how long the client has been idle.
//! At shutdown, a connection that owes no response is closed at once, even while it receives a request head; one that
//! owes a response gets time to send it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Waiting for a request head: the first one of the connection, or one that has started to arrive.
const READING_HEAD: u8 = 0;
/// A request is being handled.
const WORKING: u8 = 1;
/// The response is ready but not fully sent.
const SENDING: u8 = 2;
/// Keep-alive: all responses are sent, and no byte of another request has arrived.
const KEEP_ALIVE: u8 = 3;

/// The first bytes of every HTTP/1 response.
const RESPONSE_START: &[u8] = b"HTTP/1.";

/// How long a client may be idle.
#[derive(Clone, Copy)]
pub(super) struct IdleTimeouts {
    /// Until a request head is complete.
    pub head: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
}

/// The state of one connection.
pub(super) struct Activity {
    state: AtomicU8,
    opened: Instant,
    /// When the current state began, in milliseconds after the connection was opened.
    since_ms: AtomicU64,
    became_idle: Notify,
    /// A response that hyper generated itself.
    own_answer: OnceLock<Vec<u8>>,
    has_sent_parts: AtomicBool,
    /// A request asked for another protocol, which is never spoken here. hyper keeps that on record for as long as the
    /// connection lives, and with it ends a connection without sending what it still holds.
    has_upgrade_request: AtomicBool,
    /// What hyper could not write at its last attempt, once there was such a request.
    unsent: Mutex<Vec<u8>>,
    /// For the latest chunked response: whether all its chunks have been produced.
    parts_are_over: Mutex<Option<Arc<AtomicBool>>>,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(READING_HEAD),
            opened: Instant::now(),
            since_ms: AtomicU64::new(0),
            became_idle: Notify::new(),
            own_answer: OnceLock::new(),
            has_sent_parts: AtomicBool::new(false),
            has_upgrade_request: AtomicBool::new(false),
            unsent: Mutex::default(),
            parts_are_over: Mutex::default(),
        }
    }

    /// Marks a request as received. The guard is held until the response is ready.
    pub(super) fn begin_request(&self) -> RequestGuard<'_> {
        self.state.store(WORKING, Ordering::Release);
        RequestGuard(self)
    }

    /// Records that a request asks for another protocol.
    pub(super) fn requests_upgrade(&self) {
        self.has_upgrade_request.store(true, Ordering::Release);
    }

    /// What hyper has left unsent at its end.
    pub(super) fn take_unsent(&self) -> Vec<u8> {
        std::mem::take(&mut *self.unsent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what a write did not take. hyper always offers all that it holds, and goes on until it is taken.
    fn wrote<'b>(&self, written: &Poll<io::Result<usize>>, parts: impl Iterator<Item = &'b [u8]>) {
        if self.has_upgrade_request.load(Ordering::Acquire) {
            let unsent = if written.is_pending() { parts.collect::<Vec<_>>().concat() } else { Vec::new() };
            *self.unsent.lock().unwrap_or_else(PoisonError::into_inner) = unsent;
        }
    }

    /// Marks the response as chunked.
    pub(super) fn sends_parts(&self, are_over: Arc<AtomicBool>) {
        self.has_sent_parts.store(true, Ordering::Release);
        *self.parts_are_over.lock().unwrap_or_else(PoisonError::into_inner) = Some(are_over);
    }

    /// Whether no response is owed.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), READING_HEAD | KEEP_ALIVE)
    }

    /// Waits until no response is owed.
    pub(super) async fn idle(&self) {
        loop {
            let became_idle = self.became_idle.notified();
            if self.is_idle() {
                return;
            }
            became_idle.await;
        }
    }

    /// Waits until the client has been idle for too long. Polls the state instead of setting a timer for each
    /// request, so it costs a request nothing.
    pub(super) async fn idle_for_too_long(&self, timeouts: IdleTimeouts) {
        let look_after = timeouts.head.min(timeouts.keep_alive);
        loop {
            let allowed = match self.state.load(Ordering::Acquire) {
                READING_HEAD => timeouts.head,
                KEEP_ALIVE => timeouts.keep_alive,
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

    /// The response that hyper generated because it could not parse a request head; it has no body.
    pub(super) fn answer_of_hyper(&self) -> Option<&[u8]> {
        self.own_answer.get().map(Vec::as_slice)
    }

    fn transition(&self, from: u8, to: u8) -> bool {
        if self.state.load(Ordering::Acquire) != from {
            return false;
        }
        let since_ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since_ms.store(since_ms, Ordering::Release);
        self.state.store(to, Ordering::Release);
        true
    }

    /// Whether any response so far was chunked.
    pub(super) fn has_sent_parts(&self) -> bool {
        self.has_sent_parts.load(Ordering::Acquire)
    }

    /// Whether a response has begun whose last chunk has not been produced.
    pub(super) fn has_unfinished_parts(&self) -> bool {
        let parts = self.parts_are_over.lock().unwrap_or_else(PoisonError::into_inner).clone();
        parts.is_some_and(|are_over| !are_over.load(Ordering::Acquire))
    }

    fn flushed(&self) {
        if self.has_unfinished_parts() {
            return;
        }
        if self.transition(SENDING, KEEP_ALIVE) {
            self.became_idle.notify_waiters();
        }
    }

    /// Whether the bytes that hyper writes now are its own error response to a request it could not parse. They are
    /// captured instead of sent, so that a response with a body can be sent in their place.
    fn captures_own_answer<'b>(&self, parts: impl Iterator<Item = &'b [u8]>) -> Option<usize> {
        if !self.is_idle() {
            return None;
        }
        let bytes = parts.collect::<Vec<_>>().concat();
        // Otherwise it is a chunk of one of our responses, flushed before the response is complete.
        if !bytes.starts_with(RESPONSE_START) {
            return None;
        }
        let length = bytes.len();
        self.own_answer.set(bytes).is_ok().then_some(length)
    }
}

/// A guard for a request that is being handled.
pub(super) struct RequestGuard<'a>(&'a Activity);

impl Drop for RequestGuard<'_> {
    fn drop(&mut self) {
        self.0.state.store(SENDING, Ordering::Release);
    }
}

/// A stream that detects when a response is sent (hyper flushes the stream once it has written everything), when a
/// request begins, and when hyper generates a response itself.
pub(super) struct TrackedStream<'a, S> {
    stream: S,
    activity: &'a Activity,
}

impl<'a, S> TrackedStream<'a, S> {
    pub(super) fn new(stream: S, activity: &'a Activity) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TrackedStream<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.activity.transition(KEEP_ALIVE, READING_HEAD);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TrackedStream<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(length) = self.activity.captures_own_answer([bytes].into_iter()) {
            return Poll::Ready(Ok(length));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.activity.wrote(&written, [bytes].into_iter());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(length) = self.activity.captures_own_answer(parts.iter().map(|part| &**part)) {
            return Poll::Ready(Ok(length));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.activity.wrote(&written, parts.iter().map(|part| &**part));
        written
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

    /// Only flushes. `linger` closes the stream, since a response may have to be sent in place of hyper's.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
