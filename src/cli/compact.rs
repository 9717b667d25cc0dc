//! `brms compact`: gives unused space of the file back to the disk.

use std::io::Write;

use super::database;
use crate::config::DatabaseSettings;
use crate::db::sqlite::{self, Compacted};
use crate::failure::Failure;

/// Makes the file anew and reports what that gained.
pub(super) fn run(settings: &DatabaseSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let database = database::file(settings)?;
    let Compacted { bytes_before, bytes } = sqlite::compact(database)?;
    writeln!(out, "compacted {}: {bytes} bytes, {bytes_before} before, checked", database.display())?;
    Ok(())
}
