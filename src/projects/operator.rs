//! What the operator does with projects at the command line: the description has no operation for it.

use uuid::Uuid;

use super::{Project, record, store};
use crate::audit::{Action, Actor};
use crate::db::Tx;
use crate::problem::Problem;

/// Every project of every organisation, deleted ones too.
pub fn list(tx: &Tx) -> Result<Vec<Project>, Problem> {
    store::all(tx)
}

/// Deletes a project, softly: restoreProject brings it back. False: it was deleted already.
pub fn delete(tx: &Tx, project_id: Uuid) -> Result<bool, Problem> {
    let project = store::find_anywhere(tx, project_id)?.ok_or(Problem::NotFound("project"))?;
    if !store::delete(tx, project_id)? {
        return Ok(false);
    }
    record(tx, &Actor::operator(project.organisation_id), Action::Deleted, &project)?;
    Ok(true)
}
