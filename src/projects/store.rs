//! SQL on projects.

use uuid::Uuid;

use super::Project;
use crate::db::{Tx, params};
use crate::problem::Problem;

/// Whether the organisation has this project and has not deleted it.
pub fn is_live(tx: &Tx, organisation_id: Uuid, project_id: Uuid) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1 FROM projects WHERE id = ?1 AND organisation_id = ?2 AND deleted_at IS NULL",
        params![project_id, organisation_id],
    )
}

/// Adds a project.
pub fn create(tx: &Tx, project: &Project) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO projects (id, organisation_id, key, name, version, protected, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        params![
            project.id,
            project.organisation_id,
            project.key,
            project.name,
            project.version.as_str(),
            project.protected,
            tx.now().as_millis(),
        ],
    )?;
    Ok(())
}
