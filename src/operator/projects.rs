//! Operator commands for projects of any organisation.

use crate::db::Tx;
use crate::operations;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::Actor;
use crate::store::ids::ProjectId;

/// Soft-deletes a project; restoreProject restores it. Returns false if it was already deleted.
pub fn delete(tx: &Tx, project_id: ProjectId) -> Result<bool, Problem> {
    let project = store::projects::find_anywhere(tx, project_id)?.ok_or(Problem::NotFound("project"))?;
    if project.deleted_at.is_some() {
        return Ok(false);
    }
    let actor = Actor::operator(project.organisation_id);
    operations::projects::soft_delete(tx, &actor, project).map(|_| true)
}
