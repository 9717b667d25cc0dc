//! Entries of the audit log as rows of a table, for exportAuditLogs.

use crate::store::audit_logs::StoredEntry;
use crate::store::projects::Project;
use crate::store::users::User;

/// How many columns a row has.
const COLUMNS: usize = 12;

/// The names of the columns.
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

/// What a spreadsheet takes for the beginning of a formula.
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

/// A cell that no spreadsheet runs.
fn without_formula(cell: String) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}
