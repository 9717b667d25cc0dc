//! What clients connect to, and their connections: over the network, or by a socket in the file system.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// Accepts connections.
pub enum ClientListener {
    /// Of the network.
    Tcp(TcpListener),
    /// By a socket in the file system.
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A connection.
pub(super) enum ClientStream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl ClientListener {
    pub(super) fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<ClientStream>> {
        Poll::Ready(match self {
            Self::Tcp(listener) => {
                ready!(listener.poll_accept(context)).map(|(stream, _)| ClientStream::Tcp(stream))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                ready!(listener.poll_accept(context)).map(|(stream, _)| ClientStream::Unix(stream))
            }
        })
    }
}

/// The next connection to any of these. They take turns in being the first that is asked, so that none is starved.
pub(super) async fn accept_any(listeners: &[ClientListener], turn: &mut usize) -> io::Result<ClientStream> {
    *turn = turn.wrapping_add(1);
    let first = *turn % listeners.len().max(1);
    let (later, sooner) = listeners.split_at(first);
    std::future::poll_fn(|context| {
        let mut polled = sooner.iter().chain(later).map(|listener| listener.poll_accept(context));
        polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}

/// Runs a method of whichever stream it is.
macro_rules! on {
    ($stream:expr, $inner:ident => $done:expr) => {
        match $stream {
            ClientStream::Tcp($inner) => $done,
            #[cfg(unix)]
            ClientStream::Unix($inner) => $done,
        }
    };
}

impl ClientStream {
    /// Responses are small and written in one piece, so Nagle's algorithm would only delay them.
    pub(super) fn send_at_once(&self) {
        if let Self::Tcp(stream) = self {
            let _ = stream.set_nodelay(true);
        }
    }

    /// Has the connection reset when it is closed. A socket in the file system cannot.
    pub(super) fn reset_at_close(&self) {
        if let Self::Tcp(stream) = self {
            let _ = stream.set_zero_linger();
        }
    }

    /// The address of the other side, which a socket in the file system has not. An error if it has gone.
    pub(super) fn peer(&self) -> io::Result<Option<IpAddr>> {
        match self {
            // A dual-stack socket reports IPv4 addresses as ::ffff:127.0.0.1.
            Self::Tcp(stream) => stream.peer_addr().map(|address| Some(address.ip().to_canonical())),
            #[cfg(unix)]
            Self::Unix(_) => Ok(None),
        }
    }

    /// Limits what the system holds for a client that does not read yet.
    pub(super) fn limit_send_buffer(&self, bytes: usize) {
        // If this fails, slow clients time out too early; nothing else depends on it.
        let _ = on!(self, stream => rustix::net::sockopt::set_socket_send_buffer_size(stream, bytes));
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on!(self.get_mut(), stream => Pin::new(stream).poll_read(context, into))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on!(self.get_mut(), stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        on!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self.get_mut(), stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(context))
    }
}
