//! Connecting to the relay: choosing one of its addresses and setting up TLS. The result is a stream that lettre
//! speaks SMTP on.
//!
//! lettre's own connection code is not used. After STARTTLS it keeps bytes that it had buffered in the clear, so
//! replies that an attacker injects behind the relay's 220 would be accepted as replies under TLS, and an undelivered
//! mail would count as delivered. Its implicit TLS opens the socket itself and leaves `TCP_NODELAY` off.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use lettre::transport::smtp::commands::{Ehlo, Starttls};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::SmtpTls;

/// The time limit for connecting to one address of a relay before the next one is tried.
const ADDRESS_TIME_MAX: Duration = Duration::from_secs(10);
/// The most bytes of a single reply before the connection is encrypted.
const REPLY_BYTES_MAX: u64 = 64 * 1024;
/// lettre expects a greeting first. With STARTTLS the relay has already sent its own, so this one is inserted.
const INSERTED_GREETING: &[u8] = b"220 encrypted\r\n";

/// Why a connection could not be made.
pub(super) type NoConnection = Box<dyn Error + Send + Sync>;

/// How to reach a relay: its address, the encryption and the time limits.
pub(super) struct Connector {
    pub(super) host: String,
    pub(super) port: u16,
    encryption: Encryption,
    ehlo_name: ClientId,
    time_max: Duration,
}

enum Encryption {
    None,
    Implicit(Tls),
    Starttls(Tls),
}

/// The trusted certificate authorities and the name that the relay's certificate must have.
struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Connector {
    /// An error names the setting.
    pub(super) fn new(
        (host, port): (&str, u16),
        tls: SmtpTls,
        ca_file: Option<&Path>,
        ehlo_name: ClientId,
        time_max: Duration,
    ) -> Result<Self, String> {
        let encryption = match tls {
            SmtpTls::None => Encryption::None,
            SmtpTls::Implicit => Encryption::Implicit(Tls::new(host, ca_file)?),
            SmtpTls::Starttls => Encryption::Starttls(Tls::new(host, ca_file)?),
        };
        Ok(Self { host: host.to_owned(), port, encryption, ehlo_name, time_max })
    }

    /// A connected stream, encrypted if the settings ask for it, positioned before the relay's greeting.
    pub(super) async fn stream(&self) -> Result<Box<dyn AsyncTokioStream>, NoConnection> {
        let addresses: Vec<SocketAddr> =
            tokio::net::lookup_host((self.host.as_str(), self.port)).await?.collect();
        let socket = connect_to_first(&addresses, self.time_max).await?;
        // lettre sends the end of a message as a write of its own. Nagle's algorithm would hold it back until the
        // message is acknowledged, which costs 40 ms a mail.
        socket.set_nodelay(true)?;
        Ok(match &self.encryption {
            Encryption::None => Box::new(socket),
            Encryption::Implicit(tls) => Box::new(tls.encrypt(socket, b"").await?),
            Encryption::Starttls(tls) => {
                let socket = ask_for_tls(socket, &self.ehlo_name).await?;
                Box::new(tls.encrypt(socket, INSERTED_GREETING).await?)
            }
        })
    }
}

/// Tries the addresses in turn, each with an equal share of the time, with one share kept for the SMTP dialogue. The
/// operating system waits minutes for an address that does not answer, so the working address after it would never be
/// tried.
async fn connect_to_first(addresses: &[SocketAddr], time_max: Duration) -> Result<TcpStream, NoConnection> {
    let shares = u32::try_from(addresses.len()).unwrap_or(u32::MAX).saturating_add(1);
    let share = ADDRESS_TIME_MAX.min(time_max / shares);
    let mut failures = Vec::new();
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => failures.push(format!("{address}: {error}")),
            Err(_) => failures.push(format!("{address}: no answer within {} s", share.as_secs_f32())),
        }
    }
    if failures.is_empty() {
        return Err("the host name resolves to no address".into());
    }
    Err(failures.join("; ").into())
}

/// Greeting, EHLO and STARTTLS in plain text, up to the TLS handshake.
async fn ask_for_tls(socket: TcpStream, ehlo_name: &ClientId) -> Result<TcpStream, NoConnection> {
    let mut clear = BufReader::new(socket);
    reply(&mut clear).await?;
    clear.write_all(Ehlo::new(ehlo_name.clone()).to_string().as_bytes()).await?;
    let offers = reply(&mut clear).await?;
    if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
        return Err("it does not offer STARTTLS".into());
    }
    clear.write_all(Starttls.to_string().as_bytes()).await?;
    reply(&mut clear).await?;
    // Anything that arrives after this check reaches the TLS handshake and makes it fail.
    if !clear.buffer().is_empty() {
        return Err(
            "unencrypted data followed the STARTTLS reply, which may be a man-in-the-middle attack".into()
        );
    }
    Ok(clear.into_inner())
}

/// The lines of a successful reply without their code; any other reply is an error with its text.
async fn reply(clear: &mut BufReader<TcpStream>) -> Result<Vec<String>, NoConnection> {
    let mut limited = clear.take(REPLY_BYTES_MAX);
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        limited.read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Err("the connection ended in the middle of a reply, or the reply is too long".into());
        }
        let is_last = line.get(3) != Some(&b'-');
        lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        if is_last {
            break;
        }
    }
    if !lines.iter().all(|line| line.starts_with('2')) {
        return Err(lines.join(" ").into());
    }
    Ok(lines.iter().map(|line| line.get(4..).unwrap_or_default().to_owned()).collect())
}

impl Tls {
    fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(path) = ca_file {
            add_authorities(&mut roots, path)
                .map_err(|cause| format!("--smtp-ca-file {}: {cause}", path.display()))?;
        }
        let failed = |cause: &dyn std::fmt::Display| format!("--smtp-host {host}: {cause}");
        let name = ServerName::try_from(host.to_owned()).map_err(|cause| failed(&cause))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| failed(&cause))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    async fn encrypt(&self, socket: TcpStream, greeting: &'static [u8]) -> io::Result<Encrypted> {
        Ok(Encrypted { greeting, stream: self.connector.connect(self.name.clone(), socket).await? })
    }
}

fn add_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), NoConnection> {
    let pem = std::fs::read(path)?;
    let certificates: Vec<CertificateDer> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|cause| cause.to_string())?;
    if certificates.is_empty() {
        return Err("holds no certificate in PEM form".into());
    }
    for certificate in certificates {
        roots.add(certificate)?;
    }
    Ok(())
}

/// An encrypted stream with a greeting inserted before its first bytes.
#[derive(Debug)]
struct Encrypted {
    greeting: &'static [u8],
    stream: TlsStream<TcpStream>,
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let (now, later) = self.greeting.split_at(self.greeting.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.greeting = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
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
    use std::time::Instant;

    use tokio::net::TcpSocket;

    use super::*;

    /// A loopback address that does not answer: its accept queue is full, so the kernel drops new connections.
    async fn silent() -> (SocketAddr, Vec<Box<dyn std::any::Any>>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut kept: Vec<Box<dyn std::any::Any>> = vec![Box::new(listener)];
        while let Ok(Ok(queued)) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            kept.push(Box::new(queued));
        }
        (address, kept)
    }

    #[tokio::test]
    async fn an_unresponsive_address_is_skipped_in_time() {
        let (dead, _kept) = silent().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let begun = Instant::now();
        let socket = connect_to_first(&[dead, good], Duration::from_millis(1_500)).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), good);
        assert!(
            begun.elapsed() < Duration::from_millis(1_400),
            "time is left to talk: {:?}",
            begun.elapsed()
        );
        // If no address answers, the error lists each with its reason.
        drop(listener);
        let error =
            connect_to_first(&[dead, good], Duration::from_millis(600)).await.unwrap_err().to_string();
        assert!(error.contains("no answer within 0.2 s") && error.contains("refused"), "{error}");
    }
}
