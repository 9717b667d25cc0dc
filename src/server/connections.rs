//! Accepts connections and serves requests on them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::activity::{Activity, IdleTimeouts, TrackedStream};
use super::pace::PacedStream;
use super::site::Site;
use super::stream::{ClientListener, ClientStream, accept_any};
use super::{refusal, request};
use crate::http::parts_are_over;
use crate::lifeline::Ending;

/// The size limit of a request head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The delay after a failed `accept`, for example when file descriptors run out.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// The extra time after the shutdown deadline for aborted work to finish.
const GRACE: Duration = Duration::from_secs(1);
/// How long a client may take to close its side after the last response, and how much it may still send.
const LINGER_TIME: Duration = Duration::from_secs(2);
/// The same during shutdown; shorter than [`GRACE`].
const LINGER_TIME_AT_STOP: Duration = Duration::from_millis(800);
const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The limits of connections and requests.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// The most connections at once.
    pub connections_max: u32,
    /// How long receiving a request head may take, how long a client may stall while it receives a response, and the
    /// time in which it has to receive 64 KiB of a download, on average.
    pub header_timeout: Duration,
    /// How long an idle connection is kept open between two requests.
    pub keep_alive_timeout: Duration,
    /// The deadline by which a request's write has to begin.
    pub request_timeout: Duration,
    /// How long shutdown waits for requests in progress.
    pub stop_timeout: Duration,
}

/// Serves until shutdown is signalled; then stops accepting, waits for requests in progress, and returns.
pub async fn serve(
    site: Arc<Site>,
    listeners: Vec<ClientListener>,
    limits: ServerLimits,
    mut stop: watch::Receiver<bool>,
) {
    let pulse = site.app.db.lifeline().pulse(Ending::Accepting);
    let slots = Arc::new(Semaphore::new(limits.connections_max as usize));
    // All work for clients holds a clone of the sender; `ended` closes when the last one is dropped.
    let (running, mut ended) = mpsc::channel::<()>(1);
    let connection = Connection { site, limits, running, stop: stop.clone() };
    let mut turn = 0;
    loop {
        let accepted = tokio::select! {
            () = stop_requested(&mut stop) => break,
            accepted = accept(&listeners, &mut turn, &slots) => accepted,
        };
        let Some((stream, slot)) = accepted else { continue };
        tokio::spawn(connection.clone().run(stream, slot));
    }
    drop(listeners);
    drop(connection);
    if tokio::time::timeout(limits.stop_timeout + GRACE, ended.recv()).await.is_err() {
        tracing::warn!("some requests did not finish before the deadline and are aborted");
    }
    pulse.finish();
}

/// Waits until shutdown is signalled, or the sender of the signal is dropped.
async fn stop_requested(stop: &mut watch::Receiver<bool>) {
    // Drops the guard that this returns: it must not be held across an await.
    let _ = stop.wait_for(|stop| *stop).await.map(drop);
}

/// The next connection, once there is a free slot for it.
async fn accept(
    listeners: &[ClientListener],
    turn: &mut usize,
    slots: &Arc<Semaphore>,
) -> Option<(ClientStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match accept_any(listeners, turn).await {
        Ok(stream) => Some((stream, slot)),
        Err(cause) => {
            tracing::warn!(%cause, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            None
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// After its last response, or closed by the client.
    Closed,
    /// Closed by shutdown: no response is owed, or its deadline has passed.
    Aborted,
}

/// What is shared by all connections.
#[derive(Clone)]
struct Connection {
    site: Arc<Site>,
    limits: ServerLimits,
    running: mpsc::Sender<()>,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn run(self, mut stream: ClientStream, slot: OwnedSemaphorePermit) {
        stream.send_at_once();
        // Held until lingering is over: shutdown waits for it, since it lets the last response arrive.
        let (running, stop, site) = (self.running.clone(), self.stop.clone(), Arc::clone(&self.site));
        let counted = site.traffic.connected();
        if let Ok(peer) = stream.peer() {
            let ended = self.serve(&mut stream, peer).await;
            if ended == Ended::Closed {
                let time = if *stop.borrow() { LINGER_TIME_AT_STOP } else { LINGER_TIME };
                let _ = tokio::time::timeout(time, linger(stream)).await;
            }
        }
        drop((counted, slot, running));
    }

    async fn serve(mut self, stream: &mut ClientStream, peer: Option<IpAddr>) -> Ended {
        let activity = Activity::new();
        let ended = self.serve_requests(stream, peer, &activity).await;
        if activity.has_unfinished_parts() {
            // Resets the connection: to an HTTP/1.0 client a normal close would mean that the body is complete.
            stream.reset_at_close();
            return Ended::Aborted;
        }
        match (ended, activity.answer_of_hyper()) {
            (Ok(Ended::Closed), _) => {
                let unsent = activity.take_unsent();
                let _ = tokio::time::timeout(self.limits.header_timeout, stream.write_all(&unsent)).await;
                Ended::Closed
            }
            (Ok(Ended::Aborted), _) => Ended::Aborted,
            // The client disconnected, or does not speak HTTP: nothing to report.
            (Err(_), None) => Ended::Closed,
            (Err(cause), Some(answer)) => {
                let refused = refusal::refuse(&self.site, &cause, answer, peer).await;
                let _ = tokio::time::timeout(self.limits.header_timeout, stream.write_all(&refused)).await;
                Ended::Closed
            }
        }
    }

    async fn serve_requests(
        &mut self,
        stream: &mut ClientStream,
        peer: Option<IpAddr>,
        activity: &Activity,
    ) -> hyper::Result<Ended> {
        let (site, running, time_max) = (&self.site, &self.running, self.limits.request_timeout);
        let stream = PacedStream::new(stream, activity, self.limits.header_timeout);
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let request_guard = activity.begin_request();
            if request.headers().contains_key(hyper::header::UPGRADE)
                || request.method() == hyper::Method::CONNECT
            {
                activity.requests_upgrade();
            }
            let has_body = request.method() != hyper::Method::HEAD;
            let answer = request::answer(site, running, peer, time_max, request);
            async move {
                let answer = answer.await;
                if let Ok(answer) = &answer
                    && has_body
                    && let Some(are_over) = parts_are_over(answer.body())
                {
                    activity.sends_parts(are_over);
                }
                drop(request_guard);
                answer
            }
        });
        let serving = http1::Builder::new()
            // hyper's own time-out covers the head and the idle time before it together, and sets a timer for each
            // request.
            .header_read_timeout(None)
            // The buffer size is only a lower bound; `max_header_size` limits the head to the byte.
            .max_buf_size(HEAD_BYTES_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            // A client may close its sending side after the request and still receives the response.
            .half_close(true)
            .serve_connection(TokioIo::new(TrackedStream::new(stream, activity)), service);
        let mut serving = std::pin::pin!(serving);
        let timeouts =
            IdleTimeouts { head: self.limits.header_timeout, keep_alive: self.limits.keep_alive_timeout };
        tokio::select! {
            ended = serving.as_mut() => return ended.map(|()| Ended::Closed),
            () = activity.idle_for_too_long(timeouts) => return Ok(Ended::Closed),
            () = stop_requested(&mut self.stop) => {}
        }
        let is_idle = activity.is_idle();
        serving.as_mut().graceful_shutdown();
        Ok(tokio::select! {
            // Polled first, so that a request which has arrived completely counts as in progress.
            biased;
            _ = serving => if is_idle { Ended::Aborted } else { Ended::Closed },
            () = activity.idle() => Ended::Aborted,
            () = tokio::time::sleep(self.limits.stop_timeout) => Ended::Aborted,
        })
    }
}

/// Closes our side and reads until the client closes its side. Closing a socket with unread data resets the
/// connection, and the client would lose responses that it has not read yet, such as the rejection of a head that is
/// too long.
async fn linger(mut stream: ClientStream) {
    let _ = stream.shutdown().await;
    let mut unread = vec![0; 8 * 1024];
    let mut left = LINGER_BYTES_MAX;
    while let Ok(length @ 1..) = stream.read(&mut unread).await {
        let Some(rest) = left.checked_sub(length) else { return };
        left = rest;
    }
}
