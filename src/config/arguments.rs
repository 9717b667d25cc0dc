//! The command line: all commands and their arguments.

use clap::{Parser, Subcommand};

use super::commands::{
    BackupSettings, CopySettings, DemoSettings, ExportSettings, HealthSettings, InitSettings, MailCommand,
    MailboxCommand, OpenapiSettings, ProjectCommand, ReportSettings, RestoreSettings, SeedSettings,
    TokenCommand,
};
use super::database::DatabaseSettings;
use super::people::{InvitationCommand, SignInCommand, UserCommand};
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
    /// Sign a user in without a mail.
    #[command(subcommand)]
    SignIn(SignInCommand),
    /// Create, list and revoke credentials.
    #[command(subcommand)]
    Token(TokenCommand),
    /// List and delete projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Check the database, also while a server is running: pages, indexes, foreign keys and schema; addresses; owners,
    /// invitations, links and mails; rows of one organisation that refer to another one; totals, audit log segments and
    /// search indexes. Changes nothing. Exit code 0 if nothing is wrong, 1 if something is, 2 for wrong usage, 3 if the
    /// database could not be checked.
    Check(ReportSettings),
    /// Print how much is in the database, also while a server is running: rows, bytes, oldest, newest and growth of each
    /// kind of data, and the size of the database.
    Stats(ReportSettings),
    /// Give space that is no longer used back to the disk, while no server is running.
    Compact(DatabaseSettings),
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
