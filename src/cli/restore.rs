//! `brms restore FILE`: a backup becomes the database again.

use std::io::Write;

use crate::config::RestoreSettings;
use crate::db::sqlite;
use crate::failure::Failure;

/// Puts the backup in place and says where the old file is.
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
        writeln!(out, "what was there before is kept as {}", kept.display())?;
    }
    Ok(())
}
