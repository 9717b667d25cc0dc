//! How fast a client has to receive a response. hyper has no time-out for a client that stops reading; it
//! would occupy its slot forever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::activity::Activity;
use super::stream::ClientStream;

/// What a client has to receive of a download within the time limit, on average.
const DOWNLOAD_BYTES_MIN: u32 = 64 * 1024;
/// How many limits of time a download can save up.
const SPARE_LIMITS: u32 = 4;
/// The send buffer of a connection with a download (Linux doubles it). By default it grows to megabytes, and
/// the socket is writable again only when a third of it is free, so a client that steadily reads a few
/// kilobytes a second would show no progress for minutes. This size shows progress about every 40 KiB, and
/// still allows a megabyte a second to a client that is 100 ms away.
const DOWNLOAD_BUFFER: usize = 64 * 1024;

/// A connection that fails with [`io::ErrorKind::TimedOut`] when its client receives too slowly.
pub(super) struct PacedStream<'a> {
    stream: &'a mut ClientStream,
    activity: &'a Activity,
    budget: TimeBudget,
    /// Runs while the socket is not writable, and ends when the budget is used up.
    waiting: Option<Pin<Box<Sleep>>>,
    /// A download was begun on it.
    has_downloads: bool,
}

impl<'a> PacedStream<'a> {
    pub(super) fn new(stream: &'a mut ClientStream, activity: &'a Activity, time_max: Duration) -> Self {
        let budget = TimeBudget::new(time_max);
        Self { stream, activity, budget, waiting: None, has_downloads: false }
    }

    /// Reduces the send buffer before the first byte of a download, so that progress shows.
    fn prepare(&mut self) {
        if !self.has_downloads && self.activity.has_sent_parts() {
            self.has_downloads = true;
            self.stream.limit_send_buffer(DOWNLOAD_BUFFER);
        }
    }

    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => {
                let left = self.budget.left;
                let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(left)));
                waiting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(Ok(length)) => {
                if let Some(waited) = self.waiting.take() {
                    self.budget.left = waited.deadline().saturating_duration_since(Instant::now());
                }
                // For every response after the first download: its last chunks are written after it has been
                // produced.
                if self.has_downloads {
                    self.budget.earn(length);
                } else {
                    self.budget.renew();
                }
                Poll::Ready(Ok(length))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

/// How much longer a client may stall. Only time in which the socket is not writable is deducted.
struct TimeBudget {
    left: Duration,
    limit: Duration,
}

impl TimeBudget {
    fn new(limit: Duration) -> Self {
        Self { left: limit, limit }
    }

    /// Any progress in a usual response renews the limit.
    fn renew(&mut self) {
        self.left = self.limit;
    }

    /// Adds time for bytes of a download that were written. Each byte earns its share, and at most four times
    /// the limit is kept: a full receive buffer opens its window only after most of it was read, and the send
    /// buffer adds its own, so a client at a steady pace shows no progress for the time of some 200 KiB.
    fn earn(&mut self, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX).min(SPARE_LIMITS * DOWNLOAD_BYTES_MIN);
        let earned = self.left + self.limit * length / DOWNLOAD_BYTES_MIN;
        self.left = earned.min(SPARE_LIMITS * self.limit);
    }
}

impl AsyncRead for PacedStream<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for PacedStream<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.prepare();
        let written = Pin::new(&mut *self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.prepare();
        let written = Pin::new(&mut *self.stream).poll_write_vectored(context, parts);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How long a download lasts for a client whose progress shows every `gap` seconds as so many bytes; at
    /// most a day.
    fn lasts(gap: u32, length: usize) -> Duration {
        let mut budget = TimeBudget::new(30 * SECOND);
        let mut time = Duration::ZERO;
        while time < 86_400 * SECOND {
            let Some(left) = budget.left.checked_sub(gap * SECOND) else {
                return time + budget.left;
            };
            time += gap * SECOND;
            budget.left = left;
            budget.earn(length);
        }
        time
    }

    #[test]
    fn a_download_lasts_while_its_client_receives_64_kib_in_the_limit_on_average() {
        let day = 86_400 * SECOND;
        // 3,000 bytes a second, seen every second or in pieces of up to 30 seconds.
        for gap in [1, 2, 7, 14, 28, 30] {
            assert!(lasts(gap, 3_000 * gap as usize) >= day, "{gap}");
        }
        // The window was full at first, and hid progress for 100 seconds.
        let mut budget = TimeBudget::new(30 * SECOND);
        budget.earn(512 * 1024);
        assert!(budget.left > 100 * SECOND);
        // 2,000 bytes a second are too few, however evenly.
        for gap in [1, 2, 7, 14, 28] {
            assert!(lasts(gap, 2_000 * gap as usize) < 1_800 * SECOND, "{gap}");
        }
        assert_eq!(lasts(61, 1_000_000), 30 * SECOND, "nothing for the whole time");
    }

    #[test]
    fn a_download_keeps_at_most_four_times_the_limit() {
        let mut budget = TimeBudget::new(30 * SECOND);
        budget.earn(1_000_000);
        assert_eq!(budget.left, 120 * SECOND);
        budget.left = 18 * SECOND;
        budget.earn(64 * 1024);
        assert_eq!(budget.left, 48 * SECOND);
    }

    #[test]
    fn any_progress_in_a_usual_response_renews_the_limit() {
        let mut budget = TimeBudget { left: SECOND, limit: 30 * SECOND };
        budget.renew();
        assert_eq!(budget.left, 30 * SECOND);
    }
}
