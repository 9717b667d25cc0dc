//! Tells a service manager such as systemd (`Type=notify`, `WatchdogSec=`) what the server does. The protocol of
//! `sd_notify` is one datagram of lines, sent to the socket that the environment names.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::config::ServiceVariables;
use crate::lifeline::Lifeline;

/// The service manager that started the process, if there is one that wants to know.
pub(super) struct ServiceManager {
    socket: Option<Arc<notify_socket::NotifySocket>>,
    watchdog: Option<Duration>,
    is_stopping: Arc<AtomicBool>,
}

impl ServiceManager {
    /// The one that the environment names.
    pub(super) fn of_process() -> Self {
        let ServiceVariables { notify_socket, watchdog } = ServiceVariables::of_process();
        let socket = notify_socket.and_then(|name| {
            let opened = notify_socket::NotifySocket::open(&name);
            opened.inspect_err(|cause| tracing::warn!(%cause, "NOTIFY_SOCKET cannot be used")).ok()
        });
        Self { socket: socket.map(Arc::new), watchdog, is_stopping: Arc::default() }
    }

    /// The server accepts requests. From now on it is watched, if that is asked for: twice in each interval it says
    /// that all its parts run, which is what `/livez` answers.
    pub(super) fn ready(&self, lifeline: Lifeline) {
        self.send("READY=1");
        let (Some(socket), Some(watchdog)) = (self.socket.clone(), self.watchdog) else { return };
        let is_stopping = Arc::clone(&self.is_stopping);
        tokio::spawn(async move {
            loop {
                if is_well(&lifeline, &is_stopping) {
                    socket.send("WATCHDOG=1");
                }
                tokio::time::sleep(watchdog / 2).await;
            }
        });
    }

    /// The server stops, on purpose or because it cannot go on.
    pub(super) fn stopping(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.send("STOPPING=1");
    }

    fn send(&self, text: &str) {
        if let Some(socket) = &self.socket {
            socket.send(text);
        }
    }
}

/// A server that stops has a time limit of its own, and may have data to save.
fn is_well(lifeline: &Lifeline, is_stopping: &AtomicBool) -> bool {
    lifeline.ending().is_none() || is_stopping.load(Ordering::Acquire)
}

#[cfg(unix)]
mod notify_socket {
    use std::ffi::OsStr;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::UnixDatagram;

    pub(super) struct NotifySocket(UnixDatagram);

    impl NotifySocket {
        pub(super) fn open(name: &OsStr) -> io::Result<Self> {
            let socket = UnixDatagram::unbound()?;
            match name.as_bytes() {
                [b'/', ..] => socket.connect(name)?,
                [b'@', name @ ..] => connect_abstract(&socket, name)?,
                _ => return Err(io::Error::other("it is neither a path nor an abstract socket")),
            }
            // A manager that does not read must not hold up the server.
            socket.set_nonblocking(true)?;
            Ok(Self(socket))
        }

        pub(super) fn send(&self, text: &str) {
            if let Err(cause) = self.0.send(text.as_bytes()) {
                tracing::warn!(text, %cause, "the service manager could not be told");
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn connect_abstract(socket: &UnixDatagram, name: &[u8]) -> io::Result<()> {
        use std::os::linux::net::SocketAddrExt;
        socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn connect_abstract(_socket: &UnixDatagram, _name: &[u8]) -> io::Result<()> {
        Err(io::Error::other("there are no abstract sockets on this system"))
    }
}

#[cfg(not(unix))]
mod notify_socket {
    use std::ffi::OsStr;
    use std::io;

    /// No other system has such a service manager.
    pub(super) struct NotifySocket;

    impl NotifySocket {
        pub(super) fn open(_name: &OsStr) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn send(&self, _text: &str) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifeline::Ending;

    #[test]
    fn a_server_whose_part_has_ended_is_not_well_unless_it_stops() {
        let (lifeline, is_stopping) = (Lifeline::default(), AtomicBool::new(false));
        assert!(is_well(&lifeline, &is_stopping));
        lifeline.end(Ending::Writer);
        assert!(!is_well(&lifeline, &is_stopping));
        is_stopping.store(true, Ordering::Release);
        assert!(is_well(&lifeline, &is_stopping));
    }
}
