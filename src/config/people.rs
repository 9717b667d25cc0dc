//! The commands for users, their invitations and signing them in.

use clap::{Args, Subcommand};

use super::database::DatabaseSettings;
use super::serve::InvitationSettings;
use super::values::public_url;
use crate::address::EmailAddress;

/// Commands for users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Print every user of every organisation, oldest first.
    List {
        /// How it is printed.
        #[command(flatten)]
        print: PrintSettings,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
    /// Print everything known about a user: roles, projects, invitation and credentials, without secrets.
    Show {
        /// The user: an id, or an address if only one user has it.
        #[arg(value_name = "ID|EMAIL")]
        user: String,
        /// How it is printed.
        #[command(flatten)]
        print: PrintSettings,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
    /// Give a user another address. A link that was mailed to the previous one no longer works.
    SetEmail {
        /// The user: an id, or an address if only one user has it.
        #[arg(value_name = "ID|EMAIL")]
        user: String,
        /// The new address.
        #[arg(value_name = "NEW-EMAIL", value_parser = EmailAddress::parse)]
        email: EmailAddress,
        /// How it is printed.
        #[command(flatten)]
        print: PrintSettings,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Commands for invitations.
#[derive(Debug, Subcommand)]
pub enum InvitationCommand {
    /// Print every invitation of every organisation, oldest first.
    List {
        /// How it is printed.
        #[command(flatten)]
        print: PrintSettings,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
    /// Create a new link to pass on yourself. Invalidates the previous link, sends no mail, and counts toward the
    /// sending limits.
    Link(LinkSettings),
    /// Revoke the link of an invitation and cancel its pending mails. Sending the invitation again renews it.
    Withdraw {
        /// The invitation: its id, or the id or address of its user.
        #[arg(value_name = "ID|EMAIL")]
        invitation: String,
        /// How it is printed.
        #[command(flatten)]
        print: PrintSettings,
        /// The database.
        #[command(flatten)]
        data: DatabaseSettings,
    },
}

/// Settings of `invitation link`.
#[derive(Clone, Debug, Args)]
pub struct LinkSettings {
    /// The invitation: its id, or the id or address of its user.
    #[arg(value_name = "ID|EMAIL")]
    pub invitation: String,
    /// The URL at which people reach the server. Default: that of the last `brms serve` on this database.
    #[arg(long, env = "BRMS_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// How it is printed.
    #[command(flatten)]
    pub print: PrintSettings,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
    /// Lifetime and sending limits of invitations.
    #[command(flatten)]
    pub invitations: InvitationSettings,
}

/// Commands for signing in.
#[derive(Debug, Subcommand)]
pub enum SignInCommand {
    /// Create a link that signs a user in, once, within 10 minutes, and print it. For the first sign-in, or where no mail
    /// arrives.
    Link(SignInLinkSettings),
}

/// Settings of `sign-in link`.
#[derive(Clone, Debug, Args)]
pub struct SignInLinkSettings {
    /// The user: an id, or an address if only one user has it.
    #[arg(long, value_name = "ID|EMAIL")]
    pub user: String,
    /// The URL at which people reach the server. Default: that of the last `brms serve` on this database.
    #[arg(long, env = "BRMS_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// How it is printed.
    #[command(flatten)]
    pub print: PrintSettings,
    /// The database.
    #[command(flatten)]
    pub data: DatabaseSettings,
}

/// How a command prints what it found or did.
#[derive(Clone, Copy, Debug, Args)]
pub struct PrintSettings {
    /// Print JSON, for programs.
    #[arg(long)]
    pub json: bool,
}
