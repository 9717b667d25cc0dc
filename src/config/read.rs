//! Reads the command line and the environment; nothing else does.

use std::ffi::{OsStr, OsString};
use std::iter;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches};

use super::arguments::Arguments;
use super::environment::{refuse_unknown, without_unset};
use super::proxies::ForwardedHeader;
use super::serve::ServeSettings;

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
    refuse_header_without_proxies(&mut command, &matches)?;
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
