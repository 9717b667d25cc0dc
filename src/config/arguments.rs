//! The command line as a whole: the commands, and what each takes.

use clap::{Parser, Subcommand};

use super::commands::{
    BackupSettings, DemoSettings, ExportSettings, HealthSettings, InitSettings, InvitationCommand,
    MailCommand, MailboxCommand, OpenapiSettings, ProjectCommand, RestoreSettings, SeedSettings,
    TokenCommand,
};
use super::serve::ServeSettings;

/// The people-and-access part of the GoRules BRMS HTTP API, in one binary and one file.
///
/// Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "brms", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API (also without any command).
    Serve(Box<ServeSettings>),
    /// Write a starter seed and a file of all settings into a folder, and say what to do next.
    Init(InitSettings),
    /// Show the main job end to end in a temporary folder: invite, send again, read the mail, accept.
    Demo(DemoSettings),
    /// Write a seed file into the database.
    Seed(SeedSettings),
    /// Make a seed file of the database: seeding an empty one with it gives the same answers.
    Export(ExportSettings),
    /// Look after mail that leaves: test the relay, see what waits, try again, cancel.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Read the local mailbox.
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    /// Work with invitations.
    #[command(subcommand)]
    Invitation(InvitationCommand),
    /// Make, list and revoke credentials.
    #[command(subcommand)]
    Token(TokenCommand),
    /// List and delete projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Write a checked copy of the database into a new file, also while it is served.
    Backup(BackupSettings),
    /// Put a backup in the place of the database, which no server may hold; the old file is kept beside.
    Restore(RestoreSettings),
    /// Ask a running server whether it is healthy; exit 0 if so.
    Health(HealthSettings),
    /// Print the description of the API as it is served.
    Openapi(OpenapiSettings),
    /// Print what completes commands and flags in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each command, into a folder.
    Man {
        /// The folder; it is made if it is missing.
        folder: std::path::PathBuf,
    },
}
