//! The way to the relay: to which of its addresses, and how encrypted. What comes out is a stream that lettre
//! speaks SMTP on.
//!
//! lettre's own ways are not taken. Its STARTTLS keeps what it had read ahead in the clear: answers that
//! an attacker on the way sends behind the relay's 220 would pass for the relay's under TLS, and mail for delivered.
//! Its implicit TLS opens the socket itself, and leaves `TCP_NODELAY` off.

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

/// The most that one address of a relay may cost before the next is tried.
const ADDRESS_TIME_MAX: Duration = Duration::from_secs(10);
/// The most that a relay may say at once before it is encrypted.
const REPLY_BYTES_MAX: u64 = 64 * 1024;
/// lettre waits for a greeting first. Before STARTTLS the relay gave its own, which counts for nothing after.
const GREETING_AGAIN: &[u8] = b"220 encrypted\r\n";

/// Why there is no connection, in words.
pub(super) type NoConnection = Box<dyn Error + Send + Sync>;

/// How to reach a relay.
pub(super) struct Way {
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

/// Whom to trust, and who the relay has to be.
struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Way {
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

    /// A stream whose next words are the relay's greeting, encrypted if that was asked for.
    pub(super) async fn stream(&self) -> Result<Box<dyn AsyncTokioStream>, NoConnection> {
        let addresses: Vec<SocketAddr> =
            tokio::net::lookup_host((self.host.as_str(), self.port)).await?.collect();
        let socket = first_that_answers(&addresses, self.time_max).await?;
        // lettre sends the end of a message by itself. Held back until the message is acknowledged, it would
        // cost 40 ms a mail.
        socket.set_nodelay(true)?;
        Ok(match &self.encryption {
            Encryption::None => Box::new(socket),
            Encryption::Implicit(tls) => Box::new(tls.encrypt(socket, b"").await?),
            Encryption::Starttls(tls) => {
                let socket = ask_for_tls(socket, &self.ehlo_name).await?;
                Box::new(tls.encrypt(socket, GREETING_AGAIN).await?)
            }
        })
    }
}

/// Tries the addresses in turn. Each has its share of the time, and the conversation one too: the system
/// alone waits minutes for an address that does not answer, and the good one behind it would never be tried.
async fn first_that_answers(addresses: &[SocketAddr], time_max: Duration) -> Result<TcpStream, NoConnection> {
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
        return Err("its name has no address".into());
    }
    Err(failures.join("; ").into())
}

/// Greeting, EHLO and STARTTLS in the clear, up to where TLS begins.
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
    // What comes later than this look meets the handshake, which it breaks.
    if !clear.buffer().is_empty() {
        return Err("more was said in the clear after STARTTLS, which looks like somebody in between".into());
    }
    Ok(clear.into_inner())
}

/// The lines of a good reply without their code; any other is an error with its words.
async fn reply(clear: &mut BufReader<TcpStream>) -> Result<Vec<String>, NoConnection> {
    let mut limited = clear.take(REPLY_BYTES_MAX);
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        limited.read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Err("it broke off in the middle of a reply, or made it too long".into());
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

/// An encrypted stream with a greeting before its first words.
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

    /// An address of loopback that does not answer: its queue is full, and the system drops who comes next.
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
    async fn an_address_that_does_not_answer_is_passed_over_in_time() {
        let (dead, _kept) = silent().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let begun = Instant::now();
        let socket = first_that_answers(&[dead, good], Duration::from_millis(1_500)).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), good);
        assert!(
            begun.elapsed() < Duration::from_millis(1_400),
            "time is left to talk: {:?}",
            begun.elapsed()
        );
        // And if none answers, each is told with its reason.
        drop(listener);
        let error =
            first_that_answers(&[dead, good], Duration::from_millis(600)).await.unwrap_err().to_string();
        assert!(error.contains("no answer within 0.2 s") && error.contains("refused"), "{error}");
    }
}
