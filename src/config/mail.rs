//! The settings of mail: who it is from, and the relay it goes to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::{Hidden, domain, host, positive_time, sender};

/// The sender where mail goes to the local mailbox, so that no one outside sees this address.
const LOCAL_SENDER: &str = "brms@localhost";

/// Who mail is from, and how it leaves.
#[derive(Clone, Debug, Args)]
pub struct MailSettings {
    /// The address that mails are from. Required with --smtp-host; brms@localhost without.
    #[arg(long, env = "BRMS_MAIL_FROM", value_name = "EMAIL", value_parser = sender)]
    pub mail_from: Option<String>,
    /// The relay that mail is handed to.
    #[command(flatten)]
    pub smtp: SmtpSettings,
}

impl MailSettings {
    /// The sender's address.
    #[must_use]
    pub fn sender(&self) -> &str {
        self.mail_from.as_deref().unwrap_or(LOCAL_SENDER)
    }

    /// The setting that a relay also needs, if it is missing: mail from the local sender reaches no one.
    #[must_use]
    pub fn missing_sender(&self) -> Option<&'static str> {
        let is_missing = self.smtp.smtp_host.is_some() && self.mail_from.is_none();
        is_missing.then_some("--mail-from (BRMS_MAIL_FROM), the address mails are from")
    }
}

/// The SMTP relay.
#[derive(Clone, Debug, Args)]
pub struct SmtpSettings {
    /// Hand mail to this SMTP relay instead of keeping it in the local mailbox. Needs --public-url and --mail-from.
    #[arg(long, env = "BRMS_SMTP_HOST", value_name = "HOST", value_parser = host)]
    pub smtp_host: Option<String>,
    /// The relay's port. Default: 465 for implicit, 587 for starttls, 25 for none.
    #[arg(long, env = "BRMS_SMTP_PORT", value_name = "PORT", requires = "smtp_host")]
    pub smtp_port: Option<u16>,
    /// How the connection is encrypted. What is asked for is insisted on.
    #[arg(long, env = "BRMS_SMTP_TLS", value_name = "HOW", value_enum, default_value_t = SmtpTls::Starttls)]
    pub smtp_tls: SmtpTls,
    /// Certificates, as PEM, of an authority beside the public ones that may vouch for the relay. One that the relay
    /// signed itself is taken if it is not marked as an authority's (openssl: -addext basicConstraints=CA:FALSE).
    #[arg(long, env = "BRMS_SMTP_CA_FILE", value_name = "FILE", requires = "smtp_host")]
    pub smtp_ca_file: Option<PathBuf>,
    /// Sign in to the relay as this user.
    #[arg(long, env = "BRMS_SMTP_USER", value_name = "NAME", requires = "smtp_host")]
    pub smtp_user: Option<String>,
    /// The password; on a command line others can see it, so prefer the environment or --smtp-password-file.
    #[arg(
        long,
        env = "BRMS_SMTP_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        requires = "smtp_user",
        conflicts_with = "smtp_password_file"
    )]
    pub smtp_password: Option<Hidden>,
    /// A file with the password; a line break at its end does not count.
    #[arg(long, env = "BRMS_SMTP_PASSWORD_FILE", value_name = "FILE", requires = "smtp_user")]
    pub smtp_password_file: Option<PathBuf>,
    /// What this server calls itself to the relay. Default: the domain of --mail-from.
    #[arg(long, env = "BRMS_SMTP_EHLO_NAME", value_name = "DOMAIN", requires = "smtp_host", value_parser = domain)]
    pub smtp_ehlo_name: Option<String>,
    /// How long handing over one mail may take, from connecting to the relay's last word.
    #[arg(long, env = "BRMS_SMTP_TIMEOUT", value_name = "TIME", default_value = "60s", value_parser = positive_time)]
    pub smtp_timeout: Duration,
}

/// How the connection to the relay is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// TLS from the first byte on.
    Implicit,
    /// Begins in the clear, and goes on only with STARTTLS.
    Starttls,
    /// In the clear. A password is sent this way to loopback only.
    None,
}

impl SmtpTls {
    /// The port that this is spoken on by custom.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::Starttls => 587,
            Self::None => 25,
        }
    }
}

/// How the outbox is worked on.
#[derive(Clone, Debug, Args)]
pub struct DeliverySettings {
    /// A folder with own mail templates: invitation.subject.hbs, invitation.text.hbs, invitation.html.hbs, or some of them.
    #[arg(long, env = "BRMS_MAIL_TEMPLATES", value_name = "FOLDER")]
    pub mail_templates: Option<PathBuf>,
    /// How many mails are handed over at once.
    #[arg(long, env = "BRMS_MAIL_WORKERS", value_name = "COUNT", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub mail_workers: u16,
    /// How long a mail that the relay does not take is tried again.
    #[arg(long, env = "BRMS_MAIL_GIVE_UP_AFTER", value_name = "TIME", default_value = "2d", value_parser = positive_time)]
    pub mail_give_up_after: Duration,
}
