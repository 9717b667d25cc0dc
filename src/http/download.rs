//! Streamed responses, of any length.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::mpsc;

/// What is passed on at once. The server aborts the connection of a client that receives too slowly.
const PART_BYTES: usize = 64 * 1024;
/// The characters that RFC 8187 leaves unescaped.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A file that is sent while it is produced.
#[derive(Debug)]
pub struct Download {
    pub(super) content_type: &'static str,
    pub(super) disposition: String,
    pub(super) parts: Parts,
}

/// The writing end of a download. Dropping it without [`DownloadWriter::finish`] cuts the connection, so that a
/// truncated file does not look complete.
#[derive(Debug)]
pub struct DownloadWriter {
    parts: mpsc::Sender<Part>,
}

/// The client disconnected, or reads too slowly.
#[derive(Debug)]
pub struct ClientGone;

#[derive(Debug)]
enum Part {
    Bytes(Bytes),
    End,
}

impl Download {
    /// A file of this type and name. The task that `produce` returns writes it, and starts when the body is first read:
    /// never, for a HEAD request.
    pub fn new<P: Future<Output = ()> + Send + 'static>(
        content_type: &'static str,
        file_name: &str,
        produce: impl FnOnce(DownloadWriter) -> P + Send + Sync + 'static,
    ) -> Self {
        // One part is buffered while another is sent (backpressure).
        let (sender, parts) = mpsc::channel(1);
        let start = move || drop(tokio::spawn(produce(DownloadWriter { parts: sender })));
        let parts =
            Parts { start: Some(Start(Box::new(start))), receiver: Some(parts), is_over: Arc::default() };
        Self { content_type, disposition: disposition(file_name), parts }
    }
}

/// For clients that support only ASCII, and for all others (RFC 6266).
fn disposition(file_name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    let plain: String = file_name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(file_name, KEPT))
}

impl DownloadWriter {
    /// Sends more of the file, as fast as the client reads it.
    pub async fn write(&self, bytes: Vec<u8>) -> Result<(), ClientGone> {
        let mut rest = Bytes::from(bytes);
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(PART_BYTES));
            self.send(Part::Bytes(part)).await?;
        }
        Ok(())
    }

    /// Marks the file as complete.
    pub async fn finish(self) -> Result<(), ClientGone> {
        self.send(Part::End).await
    }

    async fn send(&self, part: Part) -> Result<(), ClientGone> {
        self.parts.send(part).await.map_err(|_| ClientGone)
    }
}

/// The remaining parts of a download.
#[derive(Debug)]
pub struct Parts {
    /// `None` once the producer runs.
    start: Option<Start>,
    /// `None` after the end.
    receiver: Option<mpsc::Receiver<Part>>,
    is_over: Arc<AtomicBool>,
}

/// Starts the producer of a download.
struct Start(Box<dyn FnOnce() + Send + Sync>);

impl std::fmt::Debug for Start {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Start")
    }
}

impl Parts {
    /// Becomes true when all parts were sent.
    #[must_use]
    pub fn is_over(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_over)
    }
}

/// The producer of a download failed, and the connection is cut.
#[derive(Debug)]
pub struct Unfinished;

impl std::fmt::Display for Unfinished {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a download failed before its end")
    }
}

impl std::error::Error for Unfinished {}

impl Body for Parts {
    type Data = Bytes;
    type Error = Unfinished;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unfinished>>> {
        if let Some(Start(start)) = self.start.take() {
            start();
        }
        let Some(parts) = &mut self.receiver else { return Poll::Ready(None) };
        match ready!(parts.poll_recv(context)) {
            Some(Part::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Part::End) => {
                self.receiver = None;
                self.is_over.store(true, Ordering::Release);
                Poll::Ready(None)
            }
            // `is_over` stays false: the connection is cut, so that the file does not look complete.
            None => {
                self.receiver = None;
                Poll::Ready(Some(Err(Unfinished)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.receiver.is_none()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Collected};

    use super::*;

    #[tokio::test]
    async fn a_download_is_complete_only_if_its_producer_finishes_it() {
        for is_finished in [true, false] {
            let made = vec![b'x'; 3 * PART_BYTES + 1];
            let expected = made.clone();
            let download = Download::new("text/csv", "a.csv", async move |writer| {
                writer.write(made).await.unwrap();
                if is_finished {
                    writer.finish().await.unwrap();
                }
            });
            let arrived = download.parts.collect().await.map(Collected::to_bytes);
            assert_eq!(arrived.is_ok(), is_finished);
            assert!(!is_finished || arrived.unwrap() == expected);
        }
    }

    #[tokio::test]
    async fn a_client_that_has_gone_ends_it_at_once() {
        let (report, reported) = tokio::sync::oneshot::channel();
        let mut download = Download::new("text/csv", "a.csv", async move |writer| {
            let written = async { while writer.write(vec![0]).await.is_ok() {} };
            written.await;
            report.send(()).unwrap();
        });
        download.parts.frame().await.unwrap().unwrap();
        drop(download);
        reported.await.unwrap();
    }

    #[tokio::test]
    async fn a_download_whose_body_is_not_read_is_not_produced() {
        let (started, mut is_started) = tokio::sync::mpsc::channel::<()>(1);
        let download =
            Download::new("text/csv", "a.csv", async move |_writer| started.send(()).await.unwrap());
        drop(download);
        assert!(is_started.recv().await.is_none());
    }

    #[test]
    fn any_name_of_a_file_is_a_header() {
        assert_eq!(
            disposition("audit logs \"Bücher\"\r\n.csv"),
            "attachment; filename=\"audit_logs__B_cher___.csv\"; \
             filename*=UTF-8''audit%20logs%20%22B%C3%BCcher%22%0D%0A.csv"
        );
    }
}
