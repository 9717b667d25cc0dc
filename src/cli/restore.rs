//! `brms restore FILE`: replaces the database with a backup.

use std::io::Write;

use crate::config::RestoreSettings;
use crate::db::sqlite;
use crate::failure::Failure;

/// Restores the backup and reports where the previous file is kept.
pub(super) fn run(settings: &RestoreSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let restored = sqlite::restore(&settings.file, &settings.data.database)?;
    writeln!(
        out,
        "restored {} from {}: {} bytes, schema step {}, checked",
        settings.data.database.display(),
        settings.file.display(),
        restored.copied.bytes,
        restored.copied.step
    )?;
    for kept in restored.kept {
        writeln!(out, "the previous database is kept as {}", kept.display())?;
    }
    Ok(())
}
