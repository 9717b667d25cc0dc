//! Opens what a server listens on.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::socket_file::SocketFile;
use crate::config::{ListenAddress, ListenSettings};
use crate::failure::Failure;
use crate::server::ClientListener;

/// What a server listens on.
pub(super) struct Listening {
    pub listeners: Vec<ClientListener>,
    pub addresses: Vec<SocketAddr>,
    pub sockets: Vec<SocketFile>,
}

impl Listening {
    /// Opens all of them, or none.
    pub(super) async fn open(settings: &ListenSettings) -> Result<Self, Failure> {
        let mut opened = Self { listeners: Vec::new(), addresses: Vec::new(), sockets: Vec::new() };
        for listen in &settings.listen {
            match listen {
                ListenAddress::Tcp { host, port } => opened.add_tcp(listen, host, *port).await?,
                #[cfg(unix)]
                ListenAddress::Unix(path) => {
                    let (listener, socket) = SocketFile::bind(path, settings.listen_mode)?;
                    opened.listeners.push(ClientListener::Unix(listener));
                    opened.sockets.push(socket);
                }
                #[cfg(not(unix))]
                ListenAddress::Unix(_) => {}
            }
        }
        Ok(opened)
    }

    /// A name may stand for several addresses, of which some families are switched off on some machines. With port 0 all
    /// get the one that the first is given, if it is free there.
    async fn add_tcp(&mut self, listen: &ListenAddress, host: &str, port: u16) -> Result<(), Failure> {
        let failed = |cause| Failure::new(&format!("cannot listen on {listen}"), cause);
        let (mut port, is_any_port, mut absent, mut count) = (port, port == 0, None, 0);
        for mut address in tokio::net::lookup_host((host, port)).await.map_err(failed)? {
            address.set_port(port);
            if count > 0 && self.addresses.contains(&address) {
                continue;
            }
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let address = listener.local_addr().map_err(failed)?;
                    port = address.port();
                    count += 1;
                    self.listeners.push(ClientListener::Tcp(listener));
                    self.addresses.push(address);
                }
                Err(_) if is_any_port && count > 0 => {}
                Err(cause) if cause.kind() == ErrorKind::AddrNotAvailable => absent = Some(cause),
                Err(cause) => return Err(failed(cause)),
            }
        }
        if count > 0 {
            return Ok(());
        }
        Err(failed(absent.unwrap_or_else(|| ErrorKind::AddrNotAvailable.into())))
    }

    /// The first address that others than this machine can reach.
    pub(super) fn exposed(&self) -> Option<SocketAddr> {
        self.addresses.iter().copied().find(|address| !address.ip().is_loopback())
    }

    /// All of them as text: `http://127.0.0.1:8080`, `unix:/run/brms.sock`.
    pub(super) fn urls(&self) -> Vec<String> {
        let of_network = self.addresses.iter().map(|address| format!("http://{address}"));
        of_network
            .chain(self.sockets.iter().map(|socket| format!("unix:{}", socket.path().display())))
            .collect()
    }
}
