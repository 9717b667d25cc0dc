//! The settings of the database: a file, or the URL of a PostgreSQL database.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};

/// The database.
#[derive(Clone, Debug, Args)]
pub struct DatabaseSettings {
    /// The database: a file, or the URL of a PostgreSQL database. Others can read a command line, so a password comes
    /// from the variable, from PGPASSWORD or PGPASSFILE, or from --database-password-file.
    #[arg(long, env = "BRMS_DATABASE", value_name = "FILE|URL", default_value = "brms.db", hide_env_values = true,
          value_parser = location())]
    pub database: DatabaseLocation,
    /// How to reach a PostgreSQL database.
    #[command(flatten)]
    pub postgres: PostgresSettings,
}

/// What a PostgreSQL connection needs beside its URL.
#[derive(Clone, Debug, Args)]
pub struct PostgresSettings {
    /// The certificates (PEM) of the authorities that a PostgreSQL server's certificate must come from. Default: the
    /// public ones.
    #[arg(long, env = "BRMS_DATABASE_CA_FILE", value_name = "FILE")]
    pub database_ca_file: Option<PathBuf>,
    /// A file with the password of the PostgreSQL user.
    #[arg(long, env = "BRMS_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    pub database_password_file: Option<PathBuf>,
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseLocation {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(DatabaseUrl),
}

/// The URL of a PostgreSQL database. Its `Debug` and `Display` outputs have no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// The schemes of PostgreSQL's own clients.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl DatabaseLocation {
    fn of(path: PathBuf) -> Self {
        match path.to_str().filter(|text| SCHEMES.iter().any(|scheme| text.starts_with(scheme))) {
            Some(url) => Self::Postgres(DatabaseUrl(url.to_owned())),
            None => Self::File(path),
        }
    }

    /// The file; `None` for a PostgreSQL database.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for DatabaseLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Postgres(url) => url.fmt(formatter),
        }
    }
}

impl DatabaseUrl {
    /// The URL with its credentials.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it has a password: before the host, or as a parameter.
    pub(super) fn has_password(&self) -> bool {
        let (base, parameters) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let user = base.rsplit_once('@').map_or("", |(before, _)| before);
        let user = user.split_once("://").map_or("", |(_, user)| user);
        user.contains(':') || parameters.split('&').any(|parameter| parameter.starts_with("password="))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.0.split('?').next().unwrap_or_default();
        let place = base.split_once("://").map_or("", |(_, place)| place);
        write!(formatter, "postgres://{}", place.rsplit_once('@').map_or(place, |(_, place)| place))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// For an argument that must be a URL.
pub(super) fn postgres_url(text: &str) -> Result<DatabaseUrl, String> {
    match DatabaseLocation::of(text.into()) {
        DatabaseLocation::Postgres(url) => Ok(url),
        DatabaseLocation::File(_) => Err("must be postgres://USER@HOST[,HOST…]/NAME".to_owned()),
    }
}

fn location() -> impl TypedValueParser<Value = DatabaseLocation> {
    PathBufValueParser::new().map(DatabaseLocation::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_from_a_file_and_shown_without_its_credentials() {
        for (text, shown, has_password) in [
            ("postgres://a:b@host/people", "postgres://host/people", true),
            (
                "postgresql://host:5433,other/people?user=a&password=b",
                "postgres://host:5433,other/people",
                true,
            ),
            ("postgres://a@host/people?sslmode=require", "postgres://host/people", false),
            ("postgres://[::1]:5433/people", "postgres://[::1]:5433/people", false),
        ] {
            let DatabaseLocation::Postgres(url) = DatabaseLocation::of(text.into()) else {
                panic!("{text} is no file")
            };
            assert_eq!((url.to_string(), url.has_password()), (shown.to_owned(), has_password), "{text}");
            assert_eq!(format!("{url:?}"), shown);
        }
        for text in ["brms.db", "/data/postgres://x", "postgres.db"] {
            assert_eq!(DatabaseLocation::of(text.into()).file(), Some(Path::new(text)));
        }
    }
}
