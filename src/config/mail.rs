//! The settings of mail: the sender and the relay.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::{Hidden, domain, host, positive_time, sender};

/// The sender for the local mailbox, which is never visible outside.
const LOCAL_SENDER: &str = "brms@localhost";

/// The sender of mails, and how they are sent.
#[derive(Clone, Debug, Args)]
pub struct MailSettings {
    /// The sender address of mails. Required with --smtp-host; brms@localhost without.
    #[arg(long, env = "BRMS_MAIL_FROM", value_name = "EMAIL", value_parser = sender)]
    pub mail_from: Option<String>,
    /// The relay.
    #[command(flatten)]
    pub smtp: SmtpSettings,
}

impl MailSettings {
    /// The sender's address.
    #[must_use]
    pub fn sender(&self) -> &str {
        self.mail_from.as_deref().unwrap_or(LOCAL_SENDER)
    }

    /// The setting that a relay also requires, if it is missing: mail from the local sender would be rejected.
    #[must_use]
    pub fn missing_sender(&self) -> Option<&'static str> {
        let is_missing = self.smtp.smtp_host.is_some() && self.mail_from.is_none();
        is_missing.then_some("--mail-from (BRMS_MAIL_FROM), the sender address of mails")
    }
}

/// The SMTP relay.
#[derive(Clone, Debug, Args)]
pub struct SmtpSettings {
    /// Send mail through this SMTP relay instead of storing it in the local mailbox. Requires --public-url and
    /// --mail-from.
    #[arg(long, env = "BRMS_SMTP_HOST", value_name = "HOST", value_parser = host)]
    pub smtp_host: Option<String>,
    /// The relay's port. Default: 465 for implicit, 587 for starttls, 25 for none.
    #[arg(long, env = "BRMS_SMTP_PORT", value_name = "PORT", requires = "smtp_host")]
    pub smtp_port: Option<u16>,
    /// How the connection is encrypted. Never falls back to less.
    #[arg(long, env = "BRMS_SMTP_TLS", value_name = "HOW", value_enum, default_value_t = SmtpTls::Starttls)]
    pub smtp_tls: SmtpTls,
    /// A PEM file of certificate authorities that are trusted for the relay, in addition to the public ones. A
    /// self-signed certificate of the relay itself works if it is not marked as an authority (openssl: -addext
    /// basicConstraints=CA:FALSE).
    #[arg(long, env = "BRMS_SMTP_CA_FILE", value_name = "FILE", requires = "smtp_host")]
    pub smtp_ca_file: Option<PathBuf>,
    /// Authenticate to the relay as this user.
    #[arg(long, env = "BRMS_SMTP_USER", value_name = "NAME", requires = "smtp_host")]
    pub smtp_user: Option<String>,
    /// The password. Command lines are visible to other users, so prefer the environment or --smtp-password-file.
    #[arg(
        long,
        env = "BRMS_SMTP_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        requires = "smtp_user",
        conflicts_with = "smtp_password_file"
    )]
    pub smtp_password: Option<Hidden>,
    /// A file with the password; a trailing line break is ignored.
    #[arg(long, env = "BRMS_SMTP_PASSWORD_FILE", value_name = "FILE", requires = "smtp_user")]
    pub smtp_password_file: Option<PathBuf>,
    /// The name of this server in EHLO. Default: the domain of --mail-from.
    #[arg(long, env = "BRMS_SMTP_EHLO_NAME", value_name = "DOMAIN", requires = "smtp_host", value_parser = domain)]
    pub smtp_ehlo_name: Option<String>,
    /// The time limit for sending one mail, from connecting to the relay's final reply.
    #[arg(long, env = "BRMS_SMTP_TIMEOUT", value_name = "TIME", default_value = "60s", value_parser = positive_time)]
    pub smtp_timeout: Duration,
}

/// How the connection to the relay is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// TLS from the first byte.
    Implicit,
    /// Starts in plain text and requires STARTTLS.
    Starttls,
    /// Plain text. A password is sent this way to loopback only.
    None,
}

impl SmtpTls {
    /// The conventional port.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::Starttls => 587,
            Self::None => 25,
        }
    }
}

/// The settings of mail delivery.
#[derive(Clone, Debug, Args)]
pub struct DeliverySettings {
    /// A folder with custom mail templates: invitation.subject.hbs, invitation.text.hbs, invitation.html.hbs, or some
    /// of them.
    #[arg(long, env = "BRMS_MAIL_TEMPLATES", value_name = "FOLDER")]
    pub mail_templates: Option<PathBuf>,
    /// The most mails that are sent in parallel.
    #[arg(long, env = "BRMS_MAIL_WORKERS", value_name = "COUNT", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub mail_workers: u16,
    /// How long a mail is retried after transient failures.
    #[arg(long, env = "BRMS_MAIL_GIVE_UP_AFTER", value_name = "TIME", default_value = "2d", value_parser = positive_time)]
    pub mail_give_up_after: Duration,
}
