//! The settings of every command but `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::mail::MailSettings;
use super::serve::{DatabaseSettings, InvitationSettings};
use super::values::{email, name, permission, positive_time, public_url};
use crate::generated::models::Permission;
use crate::mail_states::MailState;

/// Settings of `init`.
#[derive(Clone, Debug, Args)]
pub struct InitSettings {
    /// Where the files go; made if it is missing.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

/// Settings of `backup`.
#[derive(Clone, Debug, Args)]
pub struct BackupSettings {
    /// The new file.
    pub file: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,
    /// Where the data lies.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

/// Settings of `restore`.
#[derive(Clone, Debug, Args)]
pub struct RestoreSettings {
    /// The backup; it stays as it is.
    pub file: PathBuf,
    /// Where the data lies.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

/// Settings of `openapi`.
#[derive(Clone, Debug, Args)]
pub struct OpenapiSettings {
    /// Print brms.json byte for byte, without what this server adds to it.
    #[arg(long)]
    pub vendored: bool,
    /// Where people reach the server.
    #[command(flatten)]
    pub address: AddressSettings,
}

/// Where people reach the server, for commands that do not serve.
#[derive(Clone, Debug, Args)]
pub struct AddressSettings {
    /// The address people reach the server at.
    #[arg(long, env = "BRMS_PUBLIC_URL", value_name = "URL", default_value = "http://localhost:8080", value_parser = public_url)]
    pub public_url: String,
}

/// Settings of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoSettings {
    /// Stay up afterwards and print lines for curl.
    #[arg(long)]
    pub keep: bool,
}

/// Settings of `seed`.
#[derive(Clone, Debug, Args)]
pub struct SeedSettings {
    /// The seed file.
    pub file: PathBuf,
    /// Where the data lies.
    #[command(flatten)]
    pub data: DatabaseSettings,
    /// Life and throttle of invitations.
    #[command(flatten)]
    pub invitations: InvitationSettings,
    /// Add to a database that has people in it already.
    #[arg(long)]
    pub add: bool,
}

/// Settings of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportSettings {
    /// The file to write, which must not be there yet; without one it goes to standard output.
    pub file: Option<PathBuf>,
    /// Where the data lies.
    #[command(flatten)]
    pub data: DatabaseSettings,
    /// Leave the audit log out: it will say that the operator made all of it.
    #[arg(long)]
    pub without_audit_logs: bool,
}

/// What can be done with mail that leaves.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Hand one mail to the relay now, and repeat its own words if it does not take it.
    Test {
        /// Who gets it.
        #[arg(value_parser = email)]
        address: String,
        /// Who it is from, and the relay.
        #[command(flatten)]
        mail: Box<MailSettings>,
    },
    /// One line for each mail, oldest first.
    List {
        /// Only mails in this state.
        #[arg(long, value_enum)]
        state: Option<MailState>,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
    },
    /// Everything known about one mail but its words.
    Show {
        /// The mail's id, from `mail list`.
        id: Uuid,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
    },
    /// Try a mail that waits at once; invite anew, with a new link, whom a failed one was for.
    Retry {
        /// The mail's id, from `mail list`.
        id: Uuid,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
        /// Life and throttle of invitations.
        #[command(flatten)]
        invitations: InvitationSettings,
    },
    /// Take a mail that waits out of the outbox. Its link keeps working, but nobody knows it any more.
    Cancel {
        /// The mail's id, from `mail list`.
        id: Uuid,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// What can be done with the local mailbox.
#[derive(Debug, Subcommand)]
pub enum MailboxCommand {
    /// One line for each mail, oldest first.
    List(DatabaseSettings),
    /// One mail, as a person reads it.
    Show {
        /// The mail's id, from `mailbox list`.
        id: Uuid,
        /// The message as it would have gone over the wire.
        #[arg(long)]
        raw: bool,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub enum InvitationCommand {
    /// Make a fresh link to hand over yourself. The old link is dead; no mail is sent; it counts as a send.
    Link {
        /// The invitation's id, or its user's.
        id: Uuid,
        /// Where people reach the server.
        #[command(flatten)]
        address: AddressSettings,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
        /// Life and throttle of invitations.
        #[command(flatten)]
        invitations: InvitationSettings,
    },
}

/// What can be done with credentials.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a credential and show its secret, once.
    Create(CreateTokenSettings),
    /// One line for each credential. Secrets are not kept, so they are not shown.
    List(DatabaseSettings),
    /// Take a credential away; it is refused from the next request on.
    Revoke {
        /// The token's id, from `token list`.
        id: Uuid,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Settings of `token create`.
#[derive(Clone, Debug, Args)]
pub struct CreateTokenSettings {
    /// Whose it is: an id, or an address if only one user has it.
    #[arg(long, value_name = "ID|EMAIL")]
    pub user: String,
    /// Which kind.
    #[arg(long, value_enum)]
    pub kind: TokenKind,
    /// What it is for (personal).
    #[arg(long, default_value = "made on the command line", value_parser = name)]
    pub note: String,
    /// A permission; may be given several times. Without any the token grants none (personal).
    #[arg(long = "permission", value_name = "WORD", value_parser = permission)]
    pub permissions: Vec<Permission>,
    /// Let it reach every project (personal).
    #[arg(long)]
    pub all_projects: bool,
    /// A project it reaches; may be given several times (personal).
    #[arg(long = "project", value_name = "ID")]
    pub projects: Vec<Uuid>,
    /// How long it works. Default: for good (personal), 12 hours (internal).
    #[arg(long, value_name = "TIME", value_parser = positive_time)]
    pub expires_in: Option<Duration>,
    /// Where the data lies.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

/// The two kinds of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenKind {
    /// A personal access token, for `Authorization: Bearer`.
    Personal,
    /// A sign-in of a person, for `Authorization: Internal`.
    Internal,
}

impl TokenKind {
    /// How long one works when nothing else is said: what the help of `--expires-in` says.
    #[must_use]
    pub fn lifetime(self) -> Option<Duration> {
        match self {
            Self::Personal => None,
            Self::Internal => Some(Duration::from_hours(12)),
        }
    }
}

/// What can be done with projects beyond the API.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// One line for each project, deleted ones too.
    List(DatabaseSettings),
    /// Delete a project, softly: restoreProject brings it back.
    Delete {
        /// The project's id, from `project list`.
        id: Uuid,
        /// Where the data lies.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Settings of `health`.
#[derive(Clone, Debug, Args)]
pub struct HealthSettings {
    /// The server to ask.
    #[arg(long, env = "BRMS_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}
