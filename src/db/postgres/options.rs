//! The options for opening a PostgreSQL database, from a URL and the settings beside it.

use std::fmt::Write;
use std::path::PathBuf;

use postgres::Config;
use postgres::config::{Host, SslMode};

use super::password;
use crate::failure::Failure;

/// Whether the server must prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    None,
    /// Its certificate must be valid for its host.
    Full,
}

/// How to open a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresOptions {
    pub(super) config: Config,
    pub(super) verification: Verification,
    pub(super) ca_file: Option<PathBuf>,
    /// The number of connections that write.
    pub(super) writers: usize,
    /// The number of connections that only read.
    pub(super) readers: usize,
    pub(super) upkeep: SchemaUpkeep,
}

/// What opening a database does to its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SchemaUpkeep {
    /// Brings it up to date.
    Migrate,
    /// Nothing: a database that is not up to date is refused.
    Refuse,
}

/// The parts of a connection that are not in the URL.
#[derive(Clone, Default)]
pub struct BesideUrl {
    /// The password, if the URL has none.
    pub password: Option<String>,
    /// The content of a password file in the form of PostgreSQL's clients, if there is no password.
    pub password_file: Option<String>,
    /// The certificates of the authorities that `sslmode=verify-full` trusts. Default: the public ones.
    pub ca_file: Option<PathBuf>,
    /// The number of connections that write.
    pub connections: u32,
}

impl PostgresOptions {
    /// Reads a URL. The error does not repeat it: it may have a password.
    pub fn parse(url: &str, beside: &BesideUrl) -> Result<Self, Failure> {
        let (url, mode) = without_ssl_mode(url);
        let invalid = |cause: &dyn std::fmt::Display| {
            Failure(format!(
                "--database is not a URL that PostgreSQL's clients accept ({cause}); the form is \
                 postgres://USER@HOST[,HOST…]/DATABASE?sslmode=verify-full"
            ))
        };
        let mut config: Config = url.parse().map_err(|cause: postgres::Error| invalid(&cause))?;
        let (ssl_mode, verification) = match mode.as_deref() {
            Some("disable") => (SslMode::Disable, Verification::None),
            None if is_local(&config) => (SslMode::Disable, Verification::None),
            Some("require") => (SslMode::Require, Verification::None),
            None | Some("verify-full") => (SslMode::Require, Verification::Full),
            Some(other) => {
                return Err(invalid(&format!(
                    "sslmode is {other}; disable, require and verify-full are known"
                )));
            }
        };
        config.ssl_mode(ssl_mode);
        if config.get_hosts().is_empty() {
            return Err(invalid(&"it names no host"));
        }
        if config.get_password().is_none() {
            let in_file = || password::find(beside.password_file.as_deref()?, &config);
            if let Some(password) = beside.password.clone().or_else(in_file) {
                config.password(password);
            }
        }
        let writers = usize::try_from(beside.connections.max(1)).unwrap_or(1);
        let (ca_file, upkeep) = (beside.ca_file.clone(), SchemaUpkeep::Migrate);
        Ok(Self { config, verification, ca_file, writers, readers: 4, upkeep })
    }

    /// The same for a command that changes nothing, not even the schema.
    #[must_use]
    pub fn unchanged(self) -> Self {
        Self { upkeep: SchemaUpkeep::Refuse, ..self }
    }
}

/// A socket or loopback: nothing in between can read or change what is sent.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Host::Unix(_) => true,
    })
}

/// The library knows no `verify-full`.
fn without_ssl_mode(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let (modes, others): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|parameter| parameter.starts_with("sslmode="));
    let mode = modes.last().and_then(|mode| mode.split_once('=')).map(|(_, mode)| mode.to_owned());
    let url = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
    (url, mode)
}

/// The place of a database for a person: hosts, ports and name, without any credentials.
pub(super) fn shown(config: &Config) -> String {
    let mut text = "postgres://".to_owned();
    let ports = config.get_ports();
    for (number, host) in config.get_hosts().iter().enumerate() {
        let separator = if number > 0 { "," } else { "" };
        let port = ports.get(number).or(ports.last()).copied().unwrap_or(5432);
        let host = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        let _ = write!(text, "{separator}{host}:{port}");
    }
    let _ = write!(text, "/{}", config.get_dbname().or(config.get_user()).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<PostgresOptions, String> {
        PostgresOptions::parse(url, &BesideUrl::default()).map_err(|Failure(text)| text)
    }

    #[test]
    fn a_connection_beyond_this_machine_is_verified_unless_told_otherwise() {
        for (url, mode, verification) in [
            ("postgres://a@127.0.0.1/b", SslMode::Disable, Verification::None),
            ("postgres://a@[::1]:5433/b", SslMode::Disable, Verification::None),
            ("postgres://a@%2Frun%2Fpostgresql/b", SslMode::Disable, Verification::None),
            ("postgres://a@db.example/b", SslMode::Require, Verification::Full),
            ("postgres://a@one,two/b?target_session_attrs=read-write", SslMode::Require, Verification::Full),
            (
                "postgres://a@db.example/b?sslmode=require&connect_timeout=2",
                SslMode::Require,
                Verification::None,
            ),
            ("postgresql://a@db.example/b?sslmode=disable", SslMode::Disable, Verification::None),
            ("postgres://a@127.0.0.1/b?sslmode=verify-full", SslMode::Require, Verification::Full),
        ] {
            let options = parsed(url).unwrap_or_else(|text| panic!("{url}: {text}"));
            assert_eq!((options.config.get_ssl_mode(), options.verification), (mode, verification), "{url}");
        }
    }

    #[test]
    fn an_error_names_the_way_out_and_no_password() {
        for url in [
            "postgres://a:geheim@db/b?sslmode=prefer",
            "postgres://a:geheim@db/b?nonsense=1",
            "postgres://a:geheim@db:99999999/b",
            "postgres:///b",
        ] {
            let text = parsed(url).map(|_| ()).unwrap_err();
            assert!(text.contains("postgres://USER@HOST"), "{text}");
            assert!(!text.contains("geheim"), "{text}");
        }
    }

    #[test]
    fn the_place_is_shown_without_credentials() {
        let options = parsed("postgres://a:geheim@one:6432,two:6433/people").unwrap();
        assert_eq!(shown(&options.config), "postgres://one:6432,two:6433/people");
    }
}
