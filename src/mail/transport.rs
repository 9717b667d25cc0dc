//! Sends a built message: to the local mailbox, or to an SMTP relay.
//!
//! Idle connections are pooled here and not by lettre, whose pool takes back a connection that was abandoned in the
//! middle of a mail, so that the next mail would read the replies to the previous one. Here a connection belongs to
//! one mail while in use, and is closed if that mail ends early. This module also separates errors before a mail
//! transaction (connecting, authenticating) from the relay's replies about the mail itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::connect::{Connector, NoConnection};
use super::replies::ReadableReplies;
use crate::config::{MailSettings, SmtpTls};

/// How long an idle connection may be reused; relays close theirs after some minutes.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// How long closing all idle connections may take.
const QUIT_TIME_MAX: Duration = Duration::from_secs(2);

/// A message that is ready to be sent.
pub struct Outgoing {
    /// The SMTP envelope: sender and recipients.
    pub envelope: Envelope,
    /// The message itself.
    pub message: Vec<u8>,
}

/// Why a message was not sent.
#[derive(Debug, PartialEq, Eq)]
pub enum SendError {
    /// A transient failure: it may be retried.
    Transient(String),
    /// A permanent failure: it is not retried.
    Permanent(String),
}

/// The outcome of a message that was sent.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The relay's final reply.
    pub answer: Option<String>,
    /// The message, if it goes into the local mailbox.
    pub kept: Option<Vec<u8>>,
}

/// How messages are sent.
pub enum Transport {
    /// Kept in the database; the operator reads them with `brms mailbox`.
    LocalMailbox,
    /// Sent to a relay.
    Smtp(Box<Relay>),
}

impl Transport {
    /// The transport that the settings ask for. An error names the setting.
    pub fn new(settings: &MailSettings) -> Result<Self, String> {
        match &settings.smtp.smtp_host {
            None => Ok(Self::LocalMailbox),
            Some(host) => Ok(Self::Smtp(Box::new(Relay::new(host, settings)?))),
        }
    }

    /// Sends a message.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Sent, SendError> {
        match self {
            Self::LocalMailbox => Ok(Sent { kept: Some(outgoing.message), answer: None }),
            Self::Smtp(relay) => {
                let answer = Some(relay.send(&outgoing).await?);
                Ok(Sent { answer, kept: None })
            }
        }
    }

    /// Closes idle connections.
    pub async fn close_idle(&self) {
        if let Self::Smtp(relay) = self {
            relay.close_idle().await;
        }
    }
}

/// An SMTP relay and its pooled connections.
pub struct Relay {
    connector: Connector,
    credentials: Option<Credentials>,
    ehlo_name: ClientId,
    time_max: Duration,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Relay {
    fn new(host: &str, settings: &MailSettings) -> Result<Self, String> {
        let smtp = &settings.smtp;
        let domain = settings.sender().rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let credentials = credentials(settings)?;
        if credentials.is_some() && smtp.smtp_tls == SmtpTls::None && !is_loopback(host) {
            return Err(format!(
                "--smtp-tls none would send the password to {host} in the clear; use starttls or implicit"
            ));
        }
        let port = smtp.smtp_port.unwrap_or_else(|| smtp.smtp_tls.port());
        let ehlo_name = ClientId::Domain(smtp.smtp_ehlo_name.clone().unwrap_or_else(|| domain.to_owned()));
        let ca_file = smtp.smtp_ca_file.as_deref();
        let time_max = smtp.smtp_timeout;
        let connector = Connector::new((host, port), smtp.smtp_tls, ca_file, ehlo_name.clone(), time_max)?;
        Ok(Self { connector, credentials, ehlo_name, time_max, idle: Mutex::default() })
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<String, SendError> {
        // An attempt that times out is dropped together with its connection.
        timeout(self.time_max, self.attempt(outgoing)).await.unwrap_or_else(|_| {
            let seconds = self.time_max.as_secs_f32();
            Err(SendError::Transient(format!(
                "the relay {} did not finish within {seconds} s",
                self.address()
            )))
        })
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<String, SendError> {
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            // A connection error affects every mail, so it is never permanent for this one.
            None => self.connect().await.map_err(|error| {
                SendError::Transient(format!("no connection to the relay {}: {error}", self.address()))
            })?,
        };
        let answer = match self.transmit(&mut connection, outgoing).await {
            Ok(answer) => answer,
            Err(error) => {
                // Does not wait for the reply to QUIT: on a silent relay a permanent rejection would turn into a
                // time-out, and the mail would be retried.
                let _ = timeout(Duration::ZERO, connection.command(Quit)).await;
                return Err(error);
            }
        };
        let words: Vec<&str> = answer.message().collect();
        let answer = format!("{} {}", answer.code(), words.join(" "));
        self.idle().push(Idle { connection, since: Instant::now() });
        Ok(answer)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, NoConnection> {
        let stream = Box::new(ReadableReplies::new(self.connector.stream().await?));
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.ehlo_name).await?;
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// An idle connection that still works.
    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Idle { mut connection, since } = self.idle().pop()?;
            if since.elapsed() < IDLE_MAX && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    /// The SMTP transaction of one mail. lettre's own `send` waits for the reply to QUIT before it returns an error.
    async fn transmit(
        &self,
        connection: &mut AsyncSmtpConnection,
        outgoing: &Outgoing,
    ) -> Result<Response, SendError> {
        let parameters = self.parameters(connection, outgoing)?;
        let envelope = &outgoing.envelope;
        let failed = |error: Error| self.classified(&error);
        connection.command(Mail::new(envelope.from().cloned(), parameters)).await.map_err(failed)?;
        for address in envelope.to() {
            connection.command(Rcpt::new(address.clone(), Vec::new())).await.map_err(failed)?;
        }
        connection.command(Data).await.map_err(failed)?;
        connection.message(&outgoing.message).await.map_err(failed)
    }

    /// The SMTP extensions this mail needs. A recipient's local part cannot be written without SMTPUTF8, so a relay that
    /// lacks it is a permanent failure; the rest depends on settings.
    fn parameters(
        &self,
        connection: &AsyncSmtpConnection,
        outgoing: &Outgoing,
    ) -> Result<Vec<MailParameter>, SendError> {
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        let is_recipient_ascii = outgoing.envelope.to().iter().all(is_ascii);
        let needs_unicode = !is_recipient_ascii
            || !outgoing.envelope.from().is_none_or(is_ascii)
            || !header(&outgoing.message).is_ascii();
        let lacks = |what: &str| {
            let text = format!("the relay {} does not offer {what}, which the mail needs", self.address());
            if is_recipient_ascii { SendError::Transient(text) } else { SendError::Permanent(text) }
        };
        let mut parameters = Vec::new();
        if needs_unicode {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(lacks("SMTPUTF8 (addresses beyond ASCII)"));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !outgoing.message.is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                return Err(lacks("8BITMIME"));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// A 5xx reply is permanent for this mail; everything else is transient.
    fn classified(&self, error: &Error) -> SendError {
        let text = format!("the relay {}: {error}", self.address());
        if error.is_permanent() { SendError::Permanent(text) } else { SendError::Transient(text) }
    }

    /// Closes all connections in parallel, so that relays that do not answer QUIT delay delivery or shutdown only
    /// once.
    async fn close_idle(&self) {
        let mut quits = JoinSet::new();
        for Idle { mut connection, .. } in std::mem::take(&mut *self.idle()) {
            quits.spawn(async move { connection.command(Quit).await });
        }
        // On a time-out the connections are dropped.
        let _ = timeout(QUIT_TIME_MAX, quits.join_all()).await;
    }

    fn address(&self) -> String {
        format!("{}:{}", self.connector.host, self.connector.port)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The header of a message: everything before the first empty line.
fn header(message: &[u8]) -> &[u8] {
    let end = message.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    &message[..end.unwrap_or(message.len())]
}

fn credentials(settings: &MailSettings) -> Result<Option<Credentials>, String> {
    let smtp = &settings.smtp;
    let Some(user) = &smtp.smtp_user else { return Ok(None) };
    let password = match (&smtp.smtp_password, &smtp.smtp_password_file) {
        (Some(password), _) => password.reveal().to_owned(),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|cause| format!("--smtp-password-file {}: {cause}", path.display()))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        (None, None) => {
            return Err("--smtp-user also needs --smtp-password-file or --smtp-password".to_owned());
        }
    };
    Ok(Some(Credentials::new(user.clone(), password)))
}

fn is_loopback(host: &str) -> bool {
    let address: Result<std::net::IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
