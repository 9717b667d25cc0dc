//! The settings of all commands except `serve`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::database::{DatabaseSettings, DatabaseUrl, PostgresSettings, postgres_url};
use super::listen::ListenAddress;
use super::mail::MailSettings;
use super::people::PrintSettings;
use super::serve::InvitationSettings;
use super::values::{email, note, permission, positive_time, public_url};
use crate::generated::models::Permission;
use crate::http::words;
use crate::mail_states::MailState;

/// Settings of `init`.
#[derive(Clone, Debug, Args)]
pub struct InitSettings {
    /// The folder for the files; created if missing.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

/// Settings of `backup`.
#[derive(Clone, Debug, Args)]
pub struct BackupSettings {
    /// The new file.
    pub file: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    pub force: bool,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

/// Settings of `copy`.
#[derive(Clone, Debug, Args)]
pub struct CopySettings {
    /// The SQLite file, which no server may be using.
    pub file: PathBuf,
    /// The URL of the empty PostgreSQL database, without a password.
    #[arg(value_name = "URL", value_parser = postgres_url)]
    pub to: DatabaseUrl,
    /// How to reach the PostgreSQL database.
    #[command(flatten)]
    pub postgres: PostgresSettings,
}

/// Settings of `restore`.
#[derive(Clone, Debug, Args)]
pub struct RestoreSettings {
    /// The backup; it is not changed.
    pub file: PathBuf,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

/// Settings of `check` and `stats`.
#[derive(Clone, Debug, Args)]
pub struct ReportSettings {
    /// How it is printed.
    #[command(flatten)]
    pub print: PrintSettings,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

/// Settings of `openapi`.
#[derive(Clone, Debug, Args)]
pub struct OpenapiSettings {
    /// Print brms.json unchanged, without the additions of this server.
    #[arg(long)]
    pub vendored: bool,
    /// The public URL of the server.
    #[command(flatten)]
    pub address: AddressSettings,
}

/// The public URL of the server, for commands other than `serve`.
#[derive(Clone, Debug, Args)]
pub struct AddressSettings {
    /// The URL at which people reach the server.
    #[arg(long, env = "BRMS_PUBLIC_URL", value_name = "URL", default_value = "http://localhost:8080", value_parser = public_url)]
    pub public_url: String,
}

/// Settings of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoSettings {
    /// Keep running afterwards, and print example commands for curl.
    #[arg(long)]
    pub keep: bool,
}

/// Settings of `seed`.
#[derive(Clone, Debug, Args)]
pub struct SeedSettings {
    /// The seed file.
    pub file: PathBuf,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
    /// Lifetime and sending limits of invitations.
    #[command(flatten)]
    pub invitations: InvitationSettings,
    /// Add to a database that is not empty.
    #[arg(long)]
    pub add: bool,
}

/// Settings of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportSettings {
    /// The file to write, which must not exist yet; standard output if omitted.
    pub file: Option<PathBuf>,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
    /// Leave out the audit log; the imported one will name the operator as the author of everything.
    #[arg(long)]
    pub without_audit_logs: bool,
}

/// Commands for outgoing mail.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send a test mail through the relay now, and print the relay's reply.
    Test {
        /// The recipient.
        #[arg(value_parser = email)]
        address: String,
        /// The sender and the relay.
        #[command(flatten)]
        mail: Box<MailSettings>,
    },
    /// Print one line per mail, oldest first.
    List {
        /// Only mails in this state.
        #[arg(long, value_enum)]
        state: Option<MailState>,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
    /// Print everything known about a mail except its content.
    Show {
        /// The mail's id, from `mail list`.
        id: Uuid,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
    /// Retry a pending mail at once; for a failed mail, send the invitation again with a new link.
    Retry {
        /// The mail's id, from `mail list`.
        id: Uuid,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
        /// Lifetime and sending limits of invitations.
        #[command(flatten)]
        invitations: InvitationSettings,
    },
    /// Cancel a pending mail. Its link stays valid but is not delivered.
    Cancel {
        /// The mail's id, from `mail list`.
        id: Uuid,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Commands for the local mailbox.
#[derive(Debug, Subcommand)]
pub enum MailboxCommand {
    /// Print one line per mail, oldest first.
    List(DatabaseSettings),
    /// Print a mail in readable form.
    Show {
        /// The mail's id, from `mailbox list`.
        id: Uuid,
        /// Print the raw message as it would be sent.
        #[arg(long)]
        raw: bool,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Commands for credentials.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a credential and print its secret, once.
    Create(CreateTokenSettings),
    /// Print one line per credential. Secrets are not stored and cannot be shown.
    List(DatabaseSettings),
    /// Revoke a credential; it is rejected from the next request on.
    Revoke {
        /// The token's id, from `token list`.
        id: Uuid,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Settings of `token create`.
#[derive(Clone, Debug, Args)]
pub struct CreateTokenSettings {
    /// The user: an id, or an address if only one user has it.
    #[arg(long, value_name = "ID|EMAIL")]
    pub user: String,
    /// The kind of credential.
    #[arg(long, value_enum)]
    pub kind: TokenKind,
    /// A note about its purpose (personal). Default: created on the command line.
    #[arg(long, value_parser = note)]
    pub note: Option<String>,
    /// A permission, such as owner or project:manage; may be repeated (personal, which needs one).
    #[arg(long = "permission", value_name = "WORD", value_parser = permission)]
    pub permissions: Vec<Permission>,
    /// Make it valid for every project (personal, which needs this or --project).
    #[arg(long)]
    pub all_projects: bool,
    /// A project it is valid for; may be repeated (personal).
    #[arg(long = "project", value_name = "ID", conflicts_with = "all_projects")]
    pub projects: Vec<Uuid>,
    /// How long it is valid; [`TokenKind::lifetime`] if not given.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = positive_time,
        help = format!("How long it is valid. Default: until revoked (personal), {SESSION_HOURS} hours (internal)")
    )]
    pub expires_in: Option<Duration>,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

words! {
    /// The kinds of credentials.
    #[derive(clap::ValueEnum)]
    TokenKind {
        /// A personal access token, for `Authorization: Bearer`.
        Personal = "personal",
        /// A session of a person, for `Authorization: Internal`.
        #[value(name = "internal", alias = "session")]
        Session = "internal",
    }
}

/// The default lifetime of a session.
const SESSION_HOURS: u64 = 12;
/// The same as a duration.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(SESSION_HOURS);

impl TokenKind {
    /// The default lifetime.
    #[must_use]
    pub fn lifetime(self) -> Option<Duration> {
        match self {
            Self::Personal => None,
            Self::Session => Some(SESSION_LIFETIME),
        }
    }
}

/// Commands for projects that are not in the API.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Print one line per project, including deleted ones.
    List(DatabaseSettings),
    /// Soft-delete a project; restoreProject restores it.
    Delete {
        /// The project's id, from `project list`.
        id: Uuid,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Settings of `health`.
#[derive(Clone, Debug, Args)]
pub struct HealthSettings {
    /// Where the server listens: HOST:PORT, PORT or unix:PATH. Of several the first that answers counts.
    #[arg(
        long,
        env = "BRMS_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        value_delimiter = ','
    )]
    pub listen: Vec<ListenAddress>,
}
