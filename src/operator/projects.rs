//! What the operator does with projects at the command line: the description has no operation for it.

use crate::db::Tx;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::ids::ProjectId;

/// Deletes a project, softly: restoreProject brings it back. False: it was deleted already.
pub fn delete(tx: &Tx, project_id: ProjectId) -> Result<bool, Problem> {
    let project = store::projects::find_anywhere(tx, project_id)?.ok_or(Problem::NotFound("project"))?;
    if !store::projects::delete(tx, project_id)? {
        return Ok(false);
    }
    store::projects::record(tx, &Actor::operator(project.organisation_id), Action::Deleted, &project)?;
    Ok(true)
}
