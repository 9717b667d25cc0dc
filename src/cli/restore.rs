//! `brms restore FILE`: replaces the database with a backup.

use std::io::Write;

use super::database;
use crate::config::RestoreSettings;
use crate::db::sqlite;
use crate::failure::Failure;

/// Restores the backup and reports where the previous file is kept.
pub(super) fn run(settings: &RestoreSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let database = database::file(&settings.data)?;
    let restored = sqlite::restore(&settings.file, database)?;
    writeln!(
        out,
        "restored {} from {}: {} bytes, schema step {}, checked",
        database.display(),
        settings.file.display(),
        restored.copied.bytes,
        restored.copied.step
    )?;
    for kept in restored.kept {
        writeln!(out, "the previous database is kept as {}", kept.display())?;
    }
    Ok(())
}
