//! The command line: all commands and their arguments.

use clap::{Parser, Subcommand};

use super::commands::{
    BackupSettings, CopySettings, DemoSettings, ExportSettings, HealthSettings, InitSettings, MailCommand,
    MailboxCommand, OpenapiSettings, ProjectCommand, RestoreSettings, SeedSettings, TokenCommand,
};
use super::database::DatabaseSettings;
use super::people::{InvitationCommand, UserCommand};
use super::serve::ServeSettings;

/// The people-and-access part of the GoRules BRMS HTTP API, in one binary and one file.
///
/// Runs `serve` if no command is given.
#[derive(Debug, Parser)]
#[command(name = "brms", version, max_term_width = 100)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API (the default command).
    Serve(Box<ServeSettings>),
    /// Write a starter seed and a file of all settings into a folder, and print the next steps.
    Init(InitSettings),
    /// Run the main workflow in a temporary folder: invite, send again, read the mail, accept.
    Demo(DemoSettings),
    /// Write a seed file into the database.
    Seed(SeedSettings),
    /// Export the database as a seed file: an empty database seeded with it gives the same responses.
    Export(ExportSettings),
    /// Manage outgoing mail: test the relay, list the outbox, retry, cancel.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Read the local mailbox.
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    /// List and show users, and change an address.
    #[command(subcommand)]
    User(UserCommand),
    /// List invitations, create links, withdraw them.
    #[command(subcommand)]
    Invitation(InvitationCommand),
    /// Create, list and revoke credentials.
    #[command(subcommand)]
    Token(TokenCommand),
    /// List and delete projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Check the database: users of one organisation who have the same mailbox, addresses that are not valid, and totals
    /// and search indexes that do not match their rows. Changes nothing, and takes files of earlier versions; exit code 0
    /// if all is well.
    Check(DatabaseSettings),
    /// Write a verified copy of the database to a new file, also while a server is running.
    Backup(BackupSettings),
    /// Replace the database with a backup while no server is running; the previous file is kept.
    Restore(RestoreSettings),
    /// Copy a SQLite file into an empty PostgreSQL database, and compare both before anything of it counts.
    Copy(CopySettings),
    /// Ask a running server whether it is ready; exit code 0 if so.
    Health(HealthSettings),
    /// Print the API description as served.
    Openapi(OpenapiSettings),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one per command, into a folder.
    Man {
        /// The folder; created if missing.
        folder: std::path::PathBuf,
    },
}
