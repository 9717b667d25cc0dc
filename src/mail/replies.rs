//! What a relay says, in the form that lettre can read. The three digits of a reply decide; its words are for people, and
//! relays write them as they like: without any, in Latin-1, longer than lettre takes. A reply that cannot be read would
//! count as none, and the mail that it accepts would be sent again.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes of a line that are kept. lettre takes lines of 1,000.
const LINE_BYTES_MAX: usize = 900;
/// What a byte that is not UTF-8 becomes has three bytes.
const BYTES_KEPT: usize = LINE_BYTES_MAX / 3;

/// A connection to a relay whose replies are put into form.
#[derive(Debug)]
pub(super) struct ReadableReplies {
    stream: Box<dyn AsyncTokioStream>,
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    /// Lines in form, and how much of them has been read.
    lines: Vec<u8>,
    read: usize,
}

impl ReadableReplies {
    pub(super) fn new(stream: Box<dyn AsyncTokioStream>) -> Self {
        Self { stream, line: Vec::new(), lines: Vec::new(), read: 0 }
    }

    fn take(&mut self, arrived: &[u8]) {
        for byte in arrived {
            if *byte == b'\n' {
                self.lines.extend(readable(&self.line));
                self.line.clear();
            } else if self.line.len() < BYTES_KEPT {
                self.line.push(*byte);
            }
        }
    }
}

/// A line of a reply: three digits, a hyphen or a blank, and words. Anything else is left to the reader.
fn readable(line: &[u8]) -> Vec<u8> {
    let line = line.trim_ascii_end();
    let [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', words @ ..] = line else {
        return [String::from_utf8_lossy(line).as_bytes(), b"\r\n"].concat();
    };
    let (separator, words) = match words {
        [b'-', words @ ..] => (b"-", words),
        words => (b" ", words.trim_ascii_start()),
    };
    [&line[..3], separator, String::from_utf8_lossy(words).as_bytes(), b"\r\n"].concat()
}

impl AsyncTokioStream for ReadableReplies {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for ReadableReplies {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.read == self.lines.len() {
            let mut arrived = [0; 1024];
            let mut arrived = ReadBuf::new(&mut arrived);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut arrived))?;
            if arrived.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.lines.clear();
            self.read = 0;
            self.take(arrived.filled());
        }
        let end = self.lines.len().min(self.read + buffer.remaining());
        buffer.put_slice(&self.lines[self.read..end]);
        self.read = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ReadableReplies {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_decide_and_the_words_can_be_read() {
        let cases: [(&[u8], &str); 8] = [
            (b"250 2.0.0 taken\r", "250 2.0.0 taken\r\n"),
            (b"250", "250 \r\n"),
            (b"250-8BITMIME\r", "250-8BITMIME\r\n"),
            (b"250\tOK", "250 OK\r\n"),
            (b"250OK", "250 OK\r\n"),
            (b"550 5.1.1 Empf\xe4nger", "550 5.1.1 Empf\u{fffd}nger\r\n"),
            ("550 Empfänger".as_bytes(), "550 Empfänger\r\n"),
            (b"hello", "hello\r\n"),
        ];
        for (line, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&readable(line)), expected);
        }
    }

    #[tokio::test]
    async fn a_line_of_any_length_arrives_as_one_that_lettre_takes() {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let says = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(b"250-").await.unwrap();
            socket.write_all(&vec![0xff; 20_000]).await.unwrap();
            socket.write_all(b"\r\n250\r\n").await.unwrap();
        });
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut lines = BufReader::new(ReadableReplies::new(Box::new(socket))).lines();
        let first = lines.next_line().await.unwrap().unwrap();
        assert!(first.starts_with("250-\u{fffd}") && first.len() <= LINE_BYTES_MAX, "{}", first.len());
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "250 ");
        assert_eq!(lines.next_line().await.unwrap(), None);
        says.await.unwrap();
    }
}
