//! The options of a PostgreSQL connection, from the settings and the files and variables that they name.

use std::path::Path;

use crate::config::{DatabaseUrl, PostgresSettings, PostgresVariables};
use crate::db::postgres::{BesideUrl, PostgresOptions};
use crate::failure::Failure;

/// Reads what the settings name.
pub fn of_postgres(
    url: &DatabaseUrl,
    settings: &PostgresSettings,
    connections: u32,
) -> Result<PostgresOptions, Failure> {
    let variables = PostgresVariables::of_process();
    let mut password = variables.password.map(|password| password.reveal().to_owned());
    if let Some(file) = &settings.database_password_file {
        let text = read(file, "--database-password-file")?;
        password = Some(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password_file = match variables.password_file {
        Some(file) if password.is_none() => Some(read(Path::new(&file), "PGPASSFILE")?),
        _ => None,
    };
    let beside =
        BesideUrl { password, password_file, ca_file: settings.database_ca_file.clone(), connections };
    PostgresOptions::parse(url.reveal(), &beside)
}

fn read(file: &Path, setting: &str) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|cause| Failure(format!("{setting} {}: it cannot be read: {cause}", file.display())))
}
