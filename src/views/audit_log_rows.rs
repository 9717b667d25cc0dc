//! Audit log entries as table rows, for exportAuditLogs.

use crate::store::audit_logs::StoredEntry;
use crate::store::projects::Project;
use crate::store::users::User;

/// The number of columns.
const COLUMNS: usize = 12;

/// The column names.
pub(crate) const HEADER: [&str; COLUMNS] = [
    "id",
    "createdAt",
    "type",
    "action",
    "refId",
    "userId",
    "userEmail",
    "projectId",
    "projectName",
    "ipAddress",
    "userAgent",
    "data",
];

/// Characters that a spreadsheet takes for the start of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The cells of an entry, in the order of [`HEADER`].
pub(crate) fn row(entry: StoredEntry, user: Option<&User>, project: Option<&Project>) -> [String; COLUMNS] {
    let cells = [
        entry.id.to_string(),
        entry.created_at.rfc3339(),
        entry.kind.as_str().to_owned(),
        entry.action,
        entry.ref_id.to_string(),
        entry.user_id.map(|id| id.to_string()).unwrap_or_default(),
        user.map(|user| user.email.clone()).unwrap_or_default(),
        entry.project_id.map(|id| id.to_string()).unwrap_or_default(),
        project.map(|project| project.name.clone()).unwrap_or_default(),
        entry.ip_address.unwrap_or_default(),
        entry.user_agent.unwrap_or_default(),
        entry.data.to_string(),
    ];
    cells.map(without_formula)
}

/// Escapes a cell, so that no spreadsheet evaluates it as a formula.
fn without_formula(cell: String) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}
