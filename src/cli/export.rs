//! `brms export [FILE]`.

use std::io::Write;

use super::database;
use crate::config::ExportSettings;
use crate::failure::Failure;
use crate::seed::{self, AuditLogs};
use crate::{private_file, terminal};

/// Exports the database as a seed file.
pub(super) fn run(settings: &ExportSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_existing(&settings.data)?;
    let audit_logs = if settings.without_audit_logs { AuditLogs::Omitted } else { AuditLogs::Included };
    let seed = database::read(&db, |tx| seed::export(tx, audit_logs))?;
    let text = terminal::json(&serde_json::to_value(&seed)?) + "\n";
    let Some(path) = &settings.file else { return Ok(out.write_all(text.as_bytes())?) };
    // Readable by its owner only: it contains people's addresses.
    private_file::write_new(path, &text).map_err(|cause| {
        format!("{} cannot be written: {cause}; name a file that does not exist yet", path.display()).into()
    })
}
