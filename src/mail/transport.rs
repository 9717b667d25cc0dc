//! Where a built message goes: the local mailbox, or an SMTP relay.
//!
//! The idle connections are kept here and not by lettre, whose pool takes a connection back that was given
//! up in the middle of a mail: the next mail would read the answers meant for the one before. Here a
//! connection belongs to the mail that uses it, and whatever ends that mail early closes it. It also
//! tells what stands in the way before a mail was named (connecting, signing in) from what the relay says
//! of the mail itself.

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

use super::connect::{NoConnection, Way};
use crate::config::{MailSettings, SmtpTls};

/// An idle connection is used again for so long; relays close theirs after some minutes.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// How long the polite end of all idle connections may take.
const QUIT_TIME_MAX: Duration = Duration::from_secs(2);

/// A message that is ready to go.
pub struct Outgoing {
    /// From whom and to whom, as the relay is told.
    pub envelope: Envelope,
    /// The message itself.
    pub message: Vec<u8>,
}

/// Why a message did not leave.
#[derive(Debug, PartialEq, Eq)]
pub enum NotSent {
    /// It may go another time.
    Later(String),
    /// It will not go, ever.
    Never(String),
}

/// What came of a message that left.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The relay's last words.
    pub answer: Option<String>,
    /// The message, if this is its mailbox.
    pub kept: Option<Vec<u8>>,
}

/// Where messages go.
pub enum Transport {
    /// They stay in the database, for the operator to read with `brms mailbox`.
    LocalMailbox,
    /// To a relay.
    Smtp(Box<Relay>),
}

impl Transport {
    /// What the settings ask for. An error names the setting.
    pub fn new(settings: &MailSettings) -> Result<Self, String> {
        match &settings.smtp.smtp_host {
            None => Ok(Self::LocalMailbox),
            Some(host) => Ok(Self::Smtp(Box::new(Relay::new(host, settings)?))),
        }
    }

    /// Hands a message over.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Sent, NotSent> {
        match self {
            Self::LocalMailbox => Ok(Sent { kept: Some(outgoing.message), answer: None }),
            Self::Smtp(relay) => {
                let answer = Some(relay.send(&outgoing).await?);
                Ok(Sent { answer, kept: None })
            }
        }
    }

    /// Ends the connections that are not in use.
    pub async fn close_idle(&self) {
        if let Self::Smtp(relay) = self {
            relay.close_idle().await;
        }
    }
}

/// An SMTP relay and the connections to it.
pub struct Relay {
    way: Way,
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
        let way = Way::new((host, port), smtp.smtp_tls, ca_file, ehlo_name.clone(), time_max)?;
        Ok(Self { way, credentials, ehlo_name, time_max, idle: Mutex::default() })
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<String, NotSent> {
        // A try that takes too long is dropped, and with it the connection it owns.
        timeout(self.time_max, self.attempt(outgoing)).await.unwrap_or_else(|_| {
            let seconds = self.time_max.as_secs_f32();
            Err(NotSent::Later(format!("the relay {} did not finish within {seconds} s", self.address())))
        })
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<String, NotSent> {
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            // Whatever is wrong here is wrong with every mail, so no mail is given up for it.
            None => self.connect().await.map_err(|error| {
                NotSent::Later(format!("no connection to the relay {}: {error}", self.address()))
            })?,
        };
        let answer = match self.hand_over(&mut connection, outgoing).await {
            Ok(answer) => answer,
            Err(not_sent) => {
                // The relay's goodbye is not waited for: one that keeps silent would turn its own final no into
                // a time-out, and the mail would be tried again.
                let _ = timeout(Duration::ZERO, connection.command(Quit)).await;
                return Err(not_sent);
            }
        };
        let words: Vec<&str> = answer.message().collect();
        let answer = format!("{} {}", answer.code(), words.join(" "));
        self.idle().push(Idle { connection, since: Instant::now() });
        Ok(answer)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, NoConnection> {
        let stream = self.way.stream().await?;
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.ehlo_name).await?;
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// A connection that still answers.
    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Idle { mut connection, since } = self.idle().pop()?;
            if since.elapsed() < IDLE_MAX && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    /// The words of one mail. lettre's own `send` waits for the answer to a QUIT before it tells of an error.
    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        outgoing: &Outgoing,
    ) -> Result<Response, NotSent> {
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

    /// What this mail asks of the relay beyond the usual. A recipient's address cannot be said in any other way,
    /// so a relay that does not know it has spoken its last word; the rest is a matter of settings.
    fn parameters(
        &self,
        connection: &AsyncSmtpConnection,
        outgoing: &Outgoing,
    ) -> Result<Vec<MailParameter>, NotSent> {
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        let needs_unicode = !outgoing.envelope.to().iter().all(is_ascii);
        let lacks = |what: &str| {
            let text = format!("the relay {} does not offer {what}, which the mail needs", self.address());
            if needs_unicode { NotSent::Never(text) } else { NotSent::Later(text) }
        };
        let mut parameters = Vec::new();
        if needs_unicode || !outgoing.envelope.from().is_none_or(is_ascii) {
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

    /// 5xx is the relay's last word on this mail; all else may pass.
    fn classified(&self, error: &Error) -> NotSent {
        let text = format!("the relay {}: {error}", self.address());
        if error.is_permanent() { NotSent::Never(text) } else { NotSent::Later(text) }
    }

    /// All at once, so that a relay that says no goodbye holds up delivery, or the stop, no longer for many.
    async fn close_idle(&self) {
        let mut goodbyes = JoinSet::new();
        for Idle { mut connection, .. } in std::mem::take(&mut *self.idle()) {
            goodbyes.spawn(async move { connection.command(Quit).await });
        }
        // They are given up either way.
        let _ = timeout(QUIT_TIME_MAX, goodbyes.join_all()).await;
    }

    fn address(&self) -> String {
        format!("{}:{}", self.way.host, self.way.port)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
            return Err("--smtp-user needs --smtp-password-file (or --smtp-password) beside it".to_owned());
        }
    };
    Ok(Some(Credentials::new(user.clone(), password)))
}

fn is_loopback(host: &str) -> bool {
    let address: Result<std::net::IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
