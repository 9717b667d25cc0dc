//! Connections, from being accepted to the end of what was asked on them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_io_timeout::TimeoutStream;

use super::activity::{Activity, Silence, Watched};
use super::site::Site;
use super::{refusal, request};
use crate::http::parts_are_over;
use crate::lifeline::Ending;

/// The most bytes the head of a request may have.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The wait after the system could not give a connection, for example for want of file handles.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How long after the time for stopping everything that was cut off may take to notice.
const GRACE: Duration = Duration::from_secs(1);
/// How long a client may take to close its side after the last answer, and the most it may still send.
const LINGER_TIME: Duration = Duration::from_secs(2);
/// The same when the server stops; within [`GRACE`].
const LINGER_TIME_AT_STOP: Duration = Duration::from_millis(800);
const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a connection is allowed.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// The most connections at once.
    pub connections_max: u32,
    /// How long the head of a request may take, and how long a client may read nothing of an answer.
    pub header_timeout: Duration,
    /// How long a connection is kept between two requests.
    pub keep_alive_timeout: Duration,
    /// How long a request may take until its write begins.
    pub request_timeout: Duration,
    /// How long requests may still run when the server stops.
    pub stop_timeout: Duration,
}

/// Serves until told to stop; then takes no more connections, finishes what runs, and returns.
pub async fn serve(
    site: Arc<Site>,
    listener: TcpListener,
    limits: ServerLimits,
    mut stop: watch::Receiver<bool>,
) {
    let pulse = site.app.db.lifeline().pulse(Ending::Accepting);
    let places = Arc::new(Semaphore::new(limits.connections_max as usize));
    // Everything that runs for a client holds a clone; when the last is gone `ended` says so.
    let (running, mut ended) = mpsc::channel::<()>(1);
    let connection = Connection { site, limits, running, stop: stop.clone() };
    loop {
        let accepted = tokio::select! {
            () = stop_requested(&mut stop) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else { continue };
        tokio::spawn(connection.clone().run(stream, place));
    }
    drop(listener);
    drop(connection);
    if tokio::time::timeout(limits.stop_timeout + GRACE, ended.recv()).await.is_err() {
        tracing::warn!("some requests did not end in time and are cut off");
    }
    pulse.finish();
}

/// Waits until the server is told to stop, or what could tell it is gone.
async fn stop_requested(stop: &mut watch::Receiver<bool>) {
    // Not the guard that this returns, only that it came: a guard may not be held across an await.
    let _ = stop.wait_for(|stop| *stop).await.map(drop);
}

/// The next connection, as soon as there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
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
    /// After its last answer, or by the client's doing.
    ByItself,
    /// The server stops, and no answer is owed or there is no more time for it.
    Cut,
}

/// What every connection is served with.
#[derive(Clone)]
struct Connection {
    site: Arc<Site>,
    limits: ServerLimits,
    running: mpsc::Sender<()>,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn run(self, mut stream: TcpStream, place: OwnedSemaphorePermit) {
        // Answers are small and whole; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        // A stop of the server waits for the farewell, too: it is what lets the last answer arrive.
        let (running, stop) = (self.running.clone(), self.stop.clone());
        if let Ok(peer) = stream.peer_addr() {
            // A socket for both kinds of addresses has those of IPv4 as ::ffff:127.0.0.1.
            let ended = self.serve(&mut stream, peer.ip().to_canonical()).await;
            if ended == Ended::ByItself {
                let time = if *stop.borrow() { LINGER_TIME_AT_STOP } else { LINGER_TIME };
                let _ = tokio::time::timeout(time, linger(stream)).await;
            }
        }
        drop((place, running));
    }

    async fn serve(mut self, stream: &mut TcpStream, peer: IpAddr) -> Ended {
        let activity = Activity::new();
        let ended = self.serve_requests(stream, peer, &activity).await;
        if activity.has_unfinished_parts() {
            // A reset: for a client of HTTP/1.0 an orderly end would be the end of the body.
            let _ = stream.set_zero_linger();
            return Ended::Cut;
        }
        match (ended, activity.own_answer_of_hyper()) {
            (Ok(ended), _) => ended,
            // A client that went away, or that speaks something else than HTTP: nothing to report.
            (Err(_), None) => Ended::ByItself,
            (Err(cause), Some(answer)) => {
                let refused = refusal::refuse(&cause, answer, peer).await;
                let _ = tokio::time::timeout(self.limits.header_timeout, stream.write_all(&refused)).await;
                Ended::ByItself
            }
        }
    }

    async fn serve_requests(
        &mut self,
        stream: &mut TcpStream,
        peer: IpAddr,
        activity: &Activity,
    ) -> hyper::Result<Ended> {
        let (site, running, time_max) = (&self.site, &self.running, self.limits.request_timeout);
        let mut stream = TimeoutStream::new(stream);
        // hyper has no limit for a client that does not read: it would hold its place for good.
        stream.set_write_timeout(Some(self.limits.header_timeout));
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let working = activity.work();
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
                drop(working);
                answer
            }
        });
        let serving = http1::Builder::new()
            // hyper's own time-out is one for the head and for the silence before it, and sets a timer for each request.
            .header_read_timeout(None)
            // The buffer is only the least that is read; the head has the same limit to the byte.
            .max_buf_size(HEAD_BYTES_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            // A client that has sent all of its request may close its side and is answered all the same.
            .half_close(true)
            .serve_connection(TokioIo::new(Watched::new(Box::pin(stream), activity)), service);
        let mut serving = std::pin::pin!(serving);
        let silence =
            Silence { head_max: self.limits.header_timeout, kept_max: self.limits.keep_alive_timeout };
        tokio::select! {
            ended = serving.as_mut() => return ended.map(|()| Ended::ByItself),
            () = activity.silent_for_too_long(silence) => return Ok(Ended::ByItself),
            () = stop_requested(&mut self.stop) => {}
        }
        let owes_nothing = activity.is_idle();
        serving.as_mut().graceful_shutdown();
        Ok(tokio::select! {
            // First, so that a request which has arrived whole counts as one that runs.
            biased;
            _ = serving => if owes_nothing { Ended::Cut } else { Ended::ByItself },
            () = activity.idle() => Ended::Cut,
            () = tokio::time::sleep(self.limits.stop_timeout) => Ended::Cut,
        })
    }
}

/// Closes our side and reads what a client still sends, to its end. Closing with something unread resets the
/// connection, and the client loses what it has not read yet: the refusal of a head that is too long, and
/// good answers before it.
async fn linger(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut unread = vec![0; 8 * 1024];
    let mut left = LINGER_BYTES_MAX;
    while let Ok(length @ 1..) = stream.read(&mut unread).await {
        let Some(rest) = left.checked_sub(length) else { return };
        left = rest;
    }
}
