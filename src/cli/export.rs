//! `brms export [FILE]`.

use std::io::Write;

use super::database;
use crate::config::ExportSettings;
use crate::failure::Failure;
use crate::private_file;
use crate::seed;

/// Makes a seed file of the database.
pub(super) fn run(settings: &ExportSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_existing(&settings.data)?;
    let seed = database::read(&db, |tx| seed::export(tx, !settings.without_audit_logs))?;
    let text = serde_json::to_string_pretty(&seed)? + "\n";
    let Some(path) = &settings.file else { return Ok(out.write_all(text.as_bytes())?) };
    // For its owner alone: it holds people's addresses.
    private_file::write_new(path, &text).map_err(|cause| {
        format!("{} cannot be written: {cause}; name a file that is not there yet", path.display()).into()
    })
}
