//! SQL on organisations.

use uuid::Uuid;

use super::Organisation;
use crate::db::{Row, RowResult, Tx, params};
use crate::problem::Problem;

/// One organisation that must be there.
pub fn get(tx: &Tx, organisation_id: Uuid) -> Result<Organisation, Problem> {
    tx.row("SELECT id, name, display_name FROM organisations WHERE id = ?1", [organisation_id], read)
}

/// Adds an organisation.
pub fn create(tx: &Tx, organisation: &Organisation) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO organisations (id, name, display_name, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![organisation.id, organisation.name, organisation.display_name, tx.now().as_millis()],
    )?;
    Ok(())
}

fn read(row: &Row) -> RowResult<Organisation> {
    Ok(Organisation { id: row.get("id")?, name: row.get("name")?, display_name: row.get("display_name")? })
}
