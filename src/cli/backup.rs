//! `brms backup FILE`: a verified copy of the database, also while a server is running.

use std::io::Write;

use super::database;
use crate::config::BackupSettings;
use crate::db::sqlite::{self, Existing};
use crate::failure::Failure;

/// Makes the copy and reports its content.
pub(super) fn run(settings: &BackupSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let existing = if settings.force { Existing::Replaced } else { Existing::Kept };
    let database = database::file(&settings.data)?;
    let copied = sqlite::back_up(database, &settings.file, existing)?;
    writeln!(
        out,
        "backed up {} to {}: {} bytes, schema step {}, checked",
        database.display(),
        settings.file.display(),
        copied.bytes,
        copied.step
    )?;
    Ok(())
}
