//! Every setting: its flag, its `BRMS_…` twin, its default and what it is for. The environment is read
//! here and nowhere else.

mod values;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

use crate::generated::models::Permission;
use values::{email, name, permission, positive_time, public_url};

/// What every setting's name in the environment begins with.
const PREFIX: &str = "BRMS_";
/// Read by build.rs, not by the program; it may be set all the same.
const BUILD_ONLY: &[&str] = &["BRMS_CODEGEN"];

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
    /// Show the main job end to end in a temporary folder: invite, send again, read the mail, accept.
    Demo(DemoSettings),
    /// Write a seed file into the database.
    Seed(SeedSettings),
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
    /// Ask a running server whether it is healthy; exit 0 if so.
    Health(HealthSettings),
}

/// Where the data lies.
#[derive(Clone, Debug, Args)]
pub struct DatabaseSettings {
    /// The one file of data.
    #[arg(long, env = "BRMS_DATABASE", value_name = "FILE", default_value = "brms.db")]
    pub database: PathBuf,
}

/// How long an invitation lives and how often it may be sent.
#[derive(Clone, Debug, Args)]
pub struct InvitationSettings {
    /// How long the link of an invitation works.
    #[arg(long, env = "BRMS_INVITATION_TTL", value_name = "TIME", default_value = "7d", value_parser = positive_time)]
    pub invitation_ttl: Duration,
    /// How many mails an invitation may cause within --invitation-send-window.
    #[arg(long, env = "BRMS_INVITATION_SENDS_MAX", value_name = "COUNT", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub invitation_sends_max: u32,
    /// See --invitation-sends-max.
    #[arg(long, env = "BRMS_INVITATION_SEND_WINDOW", value_name = "TIME", default_value = "10m", value_parser = positive_time)]
    pub invitation_send_window: Duration,
}

/// Settings of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeSettings {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "BRMS_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the flattened struct has its own")]
    pub data: DatabaseSettings,
    /// The address people reach this server at; links in mails begin with it. Default: the one listened on.
    #[arg(long, env = "BRMS_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the flattened struct has its own")]
    pub invitations: InvitationSettings,
    /// The address that mails are from.
    #[arg(long, env = "BRMS_MAIL_FROM", value_name = "EMAIL", default_value = "brms@localhost", value_parser = email)]
    pub mail_from: String,
    /// Seed an empty database from this file; skipped when there are people in the database.
    #[arg(long, env = "BRMS_SEED", value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Where the first start puts the owner's credentials when they cannot be shown on a terminal, with
    /// mode 0600. Default: beside the database, as FILE.credentials.
    #[arg(long, env = "BRMS_CREDENTIALS_FILE", value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// The owner's address, for the first start.
    #[arg(long, env = "BRMS_OWNER_EMAIL", value_name = "EMAIL", default_value = "owner@localhost", value_parser = email)]
    pub owner_email: String,
    /// The organisation's name, for the first start.
    #[arg(long, env = "BRMS_ORGANISATION", value_name = "NAME", default_value = "My organisation", value_parser = name)]
    pub organisation: String,
    /// Written once the server answers, removed at exit: JSON with `url`, the address really listened on.
    #[arg(long, env = "BRMS_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Listen beyond loopback although the secrets of a seed file open this database.
    #[arg(long, env = "BRMS_ALLOW_SEEDED_SECRETS")]
    pub allow_seeded_secrets: bool,
    /// The most bytes the database may grow to; beyond it writes are answered 503. Default: no limit.
    #[arg(long, env = "BRMS_DATABASE_SIZE_MAX", value_name = "BYTES")]
    pub database_size_max: Option<u64>,
    /// The most connections served at once; further ones wait.
    #[arg(long, env = "BRMS_CONNECTIONS_MAX", value_name = "COUNT", default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub connections_max: u32,
    /// How long a client may take to send the head of a request, or stay silent between two.
    #[arg(long, env = "BRMS_HEADER_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = positive_time)]
    pub header_timeout: Duration,
    /// How long a request may take until its write begins.
    #[arg(long, env = "BRMS_REQUEST_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = positive_time)]
    pub request_timeout: Duration,
    /// What is logged, such as `info` or `brms=debug,warn`.
    #[arg(long, env = "BRMS_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
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
    #[command(flatten)]
    #[allow(missing_docs, reason = "the flattened struct has its own")]
    pub data: DatabaseSettings,
    #[command(flatten)]
    #[allow(missing_docs, reason = "the flattened struct has its own")]
    pub invitations: InvitationSettings,
    /// Add to a database that has people in it already.
    #[arg(long)]
    pub add: bool,
}

/// What can be done with the local mailbox.
#[derive(Debug, Subcommand)]
pub enum MailboxCommand {
    /// One line for each mail, oldest first.
    List {
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
        data: DatabaseSettings,
    },
    /// One mail, as a person reads it.
    Show {
        /// The mail's id, from `mailbox list`.
        id: Uuid,
        /// The message as it would have gone over the wire.
        #[arg(long)]
        raw: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
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
        /// The address people reach the server at.
        #[arg(long, env = "BRMS_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = public_url)]
        public_url: String,
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
        data: DatabaseSettings,
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
        invitations: InvitationSettings,
    },
}

/// What can be done with credentials.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a credential and show its secret, once.
    Create(CreateTokenSettings),
    /// One line for each credential. Secrets are not kept, so they are not shown.
    List {
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
        data: DatabaseSettings,
    },
    /// Take a credential away; it is refused from the next request on.
    Revoke {
        /// The token's id, from `token list`.
        id: Uuid,
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
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
    #[command(flatten)]
    #[allow(missing_docs, reason = "the flattened struct has its own")]
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

/// What can be done with projects beyond the API.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// One line for each project, deleted ones too.
    List {
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
        data: DatabaseSettings,
    },
    /// Delete a project, softly: restoreProject brings it back.
    Delete {
        /// The project's id, from `project list`.
        id: Uuid,
        #[command(flatten)]
        #[allow(missing_docs, reason = "the flattened struct has its own")]
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

/// Reads command line and environment. An error is ready to be printed.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    refuse_unknown(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    Arguments::try_parse_from(with_command(arguments.into_iter().collect()))
}

/// `brms` and `brms --listen …` mean `brms serve`.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    const TOP_LEVEL: [&str; 4] = ["-h", "--help", "-V", "--version"];
    let first = arguments.get(1).map(|first| first.to_string_lossy());
    let is_serve = first.is_none_or(|first| first.starts_with('-') && !TOP_LEVEL.contains(&&*first));
    if is_serve {
        arguments.insert(1.min(arguments.len()), OsString::from("serve"));
    }
    arguments
}

/// A misspelt setting would silently be a default, so a name with our prefix has to be known.
fn refuse_unknown(names: impl Iterator<Item = String>) -> Result<(), clap::Error> {
    let mut command = Arguments::command();
    let known = known_names(&command);
    let unknown: Vec<String> =
        names.filter(|name| name.starts_with(PREFIX) && !known.contains(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let text = format!("unknown in the environment: {}; known are: {}", unknown.join(", "), known.join(", "));
    Err(command.error(clap::error::ErrorKind::UnknownArgument, text))
}

fn known_names(command: &clap::Command) -> Vec<String> {
    fn collect(command: &clap::Command, names: &mut Vec<String>) {
        names.extend(
            command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)),
        );
        command.get_subcommands().for_each(|subcommand| collect(subcommand, names));
    }
    let mut names: Vec<String> = BUILD_ONLY.iter().map(|name| (*name).to_owned()).collect();
    collect(command, &mut names);
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        let arguments =
            std::iter::once("brms").chain(arguments.iter().copied()).map(OsString::from).collect();
        Arguments::try_parse_from(with_command(arguments))
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_means_serve() {
        for arguments in [&[][..], &["--listen", "127.0.0.1:0"], &["serve"]] {
            assert!(matches!(parse(arguments).unwrap().command, Command::Serve(_)), "{arguments:?}");
        }
        assert!(matches!(parse(&["demo"]).unwrap().command, Command::Demo(_)));
        assert_eq!(parse(&["--version"]).unwrap_err().kind(), clap::error::ErrorKind::DisplayVersion);
    }

    #[test]
    fn a_misspelt_name_in_the_environment_is_refused() {
        assert!(
            refuse_unknown(["BRMS_LISTEN", "PATH", "BRMS_CODEGEN"].map(str::to_owned).into_iter()).is_ok()
        );
        let error = refuse_unknown(["BRMS_LISTENN".to_owned()].into_iter()).unwrap_err().to_string();
        assert!(error.contains("BRMS_LISTENN") && error.contains("BRMS_LISTEN,"), "{error}");
    }
}
