//! Reads the command line and the environment; nothing else does.

use std::ffi::{OsStr, OsString};
use std::iter;
use std::time::Duration;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches};

use super::arguments::Arguments;
use super::database::{DatabaseLocation, DatabaseUrl};
use super::environment::{refuse_unknown, without_unset};
use super::listen::{LISTEN_MODE, ListenAddress};
use super::proxies::ForwardedHeader;
use super::serve::ServeSettings;
use super::values::Hidden;

/// Reads the command line and the environment. An error is ready to be printed.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let variables = std::env::vars_os();
    refuse_unknown(
        variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        }),
    )?;
    let value_of = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let mut command = without_unset(Arguments::command(), &value_of);
    let matches = command.try_get_matches_from_mut(with_command(arguments.into_iter().collect()))?;
    refuse_database_with_ephemeral(&mut command, &matches)?;
    refuse_visible_password(&mut command, &matches)?;
    refuse_file_settings_with_url(&mut command, &matches)?;
    refuse_header_without_proxies(&mut command, &matches)?;
    refuse_mode_without_sockets(&mut command, &matches)?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// The settings of `serve` from these flags alone. The demo ignores the environment so that it is the same everywhere
/// and sends no mail to the relay in `BRMS_SMTP_HOST`.
pub fn serve_settings_without_environment<'a>(
    flags: impl Iterator<Item = &'a OsStr>,
) -> Result<ServeSettings, clap::Error> {
    let command = ServeSettings::augment_args(clap::Command::new("serve"));
    let mut command = command.mut_args(|argument| argument.env(Resettable::Reset));
    let matches = command.try_get_matches_from_mut(iter::once(OsStr::new("serve")).chain(flags))?;
    ServeSettings::from_arg_matches(&matches)
}

/// The variables of PostgreSQL's own clients that have a password.
#[derive(Clone, Debug, Default)]
pub struct PostgresVariables {
    /// `PGPASSWORD`
    pub password: Option<Hidden>,
    /// `PGPASSFILE`
    pub password_file: Option<OsString>,
}

impl PostgresVariables {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let password = set("PGPASSWORD").and_then(|value| value.into_string().ok());
        Self { password: password.map(Into::into), password_file: set("PGPASSFILE") }
    }
}

/// The variables by which a service manager such as systemd tells a process where to report.
#[derive(Clone, Debug, Default)]
pub struct ServiceVariables {
    /// `NOTIFY_SOCKET`
    pub notify_socket: Option<OsString>,
    /// `WATCHDOG_USEC`: how long the process may say nothing.
    pub watchdog: Option<Duration>,
}

impl ServiceVariables {
    /// Those of this process. A watchdog may be that of its parent, whose variables it has, too.
    #[must_use]
    pub fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let number = |name: &str| set(name).and_then(|value| value.to_str()?.parse::<u64>().ok());
        let is_of_other =
            set("WATCHDOG_PID").is_some() && number("WATCHDOG_PID") != Some(u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| *micros > 0 && !is_of_other);
        Self { notify_socket: set("NOTIFY_SOCKET"), watchdog: watchdog.map(Duration::from_micros) }
    }
}

/// Rejects a database file that would silently be ignored. Not done by clap, which considers `BRMS_EPHEMERAL=false`
/// as given.
fn refuse_database_with_ephemeral(
    command: &mut clap::Command,
    matches: &clap::ArgMatches,
) -> Result<(), clap::Error> {
    let Some(("serve", serve)) = matches.subcommand() else { return Ok(()) };
    let is_named = serve.value_source("database").is_some_and(|source| source != ValueSource::DefaultValue);
    if is_named && serve.get_flag("ephemeral") {
        let text = "--ephemeral uses a temporary database, so leave out --database (BRMS_DATABASE)";
        return Err(command.error(clap::error::ErrorKind::ArgumentConflict, text));
    }
    Ok(())
}

/// Rejects a password that everybody on the machine can read.
fn refuse_visible_password(
    command: &mut clap::Command,
    matches: &clap::ArgMatches,
) -> Result<(), clap::Error> {
    let mut matches = matches;
    while let Some((_, of_subcommand)) = matches.subcommand() {
        matches = of_subcommand;
    }
    let is_typed = || matches.value_source("database") == Some(ValueSource::CommandLine);
    let shows_password = match (matches.try_get_one("database"), matches.try_get_one::<DatabaseUrl>("to")) {
        (Ok(Some(DatabaseLocation::Postgres(url))), _) => url.has_password() && is_typed(),
        (_, Ok(Some(url))) => url.has_password(),
        _ => false,
    };
    if shows_password {
        let text = "the URL of the database has a password, which others can read in the list of processes; give the URL in the \
                    variable BRMS_DATABASE, or the password in PGPASSWORD, PGPASSFILE or --database-password-file";
        return Err(command.error(clap::error::ErrorKind::InvalidValue, text));
    }
    Ok(())
}

/// Rejects settings of a file beside the URL of a PostgreSQL database.
fn refuse_file_settings_with_url(
    command: &mut clap::Command,
    matches: &clap::ArgMatches,
) -> Result<(), clap::Error> {
    let Some((name, given)) = matches.subcommand() else { return Ok(()) };
    if !matches!(given.try_get_one("database"), Ok(Some(DatabaseLocation::Postgres(_)))) {
        return Ok(());
    }
    let text = match name {
        "serve" if given.contains_id("database_size_max") => {
            "--database-size-max is a limit of a file; limit the size of a PostgreSQL database where it is stored"
        }
        "serve" if given.get_flag("test_api") && !given.get_flag("single_instance") => {
            "--test-api sets the clock and causes faults of one process, so it needs --single-instance, too"
        }
        "backup" => "brms backup copies a file; for a PostgreSQL database use pg_dump, or its own backups",
        "compact" => {
            "brms compact makes a file anew; PostgreSQL uses the space of removed rows again by itself (autovacuum), and \
             VACUUM (FULL) gives it back to the disk"
        }
        "restore" => {
            "brms restore replaces a file; for a PostgreSQL database use pg_restore, or its own backups"
        }
        _ => return Ok(()),
    };
    Err(command.error(clap::error::ErrorKind::ArgumentConflict, text))
}

/// Rejects a header setting that would silently be ignored.
fn refuse_header_without_proxies(
    command: &mut clap::Command,
    matches: &clap::ArgMatches,
) -> Result<(), clap::Error> {
    let Some(("serve", serve)) = matches.subcommand() else { return Ok(()) };
    let is_named = serve.get_one("trusted_proxy_header") == Some(&ForwardedHeader::Forwarded);
    if is_named && !serve.contains_id("trusted_proxy") {
        let text = "--trusted-proxy-header applies only to trusted proxies, so give --trusted-proxy \
                    (BRMS_TRUSTED_PROXY), too";
        return Err(command.error(clap::error::ErrorKind::MissingRequiredArgument, text));
    }
    Ok(())
}

/// Rejects permissions of sockets that would silently be ignored.
fn refuse_mode_without_sockets(
    command: &mut clap::Command,
    matches: &clap::ArgMatches,
) -> Result<(), clap::Error> {
    let Some(("serve", serve)) = matches.subcommand() else { return Ok(()) };
    // The default may be named: a file of all settings does.
    let is_other = serve.get_one("listen_mode") != Some(&LISTEN_MODE);
    let mut listen = serve.get_many::<ListenAddress>("listen").into_iter().flatten();
    if is_other && !listen.any(|address| matches!(address, ListenAddress::Unix(_))) {
        let text =
            "--listen-mode applies only to sockets in the file system, so give --listen unix:PATH, too";
        return Err(command.error(clap::error::ErrorKind::MissingRequiredArgument, text));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::arguments::Command;
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        let arguments =
            std::iter::once("brms").chain(arguments.iter().copied()).map(OsString::from).collect();
        Arguments::try_parse_from(with_command(arguments))
    }

    #[test]
    fn the_command_definition_is_valid() {
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
}
