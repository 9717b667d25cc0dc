//! Finding a project for a caller: who sees it, and who may.

use super::callers::Caller;
use super::permissions;
use crate::access::permissions::ProjectAccess;
use crate::db::Tx;
use crate::problem::Problem;
use crate::store;
use crate::store::ids::ProjectId;
use crate::store::projects::Project;

/// Finds a project for an operation inside it: 404 unless the caller sees it and it is not deleted, 403
/// unless the caller may. Another organisation's project, a deleted one, one without the caller in it and
/// one that never was all answer the same.
pub fn access(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<(Project, ProjectAccess), Problem> {
    let (project, access) = live(tx, caller, project_id)?;
    access.require(caller.operation)?;
    Ok((project, access))
}

/// Finds a project that is not deleted and that the caller sees, whatever the caller may do there.
pub fn live(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<(Project, ProjectAccess), Problem> {
    let project = store::projects::find(tx, caller.organisation_id, project_id)?;
    let project =
        project.filter(|project| project.deleted_at.is_none()).ok_or(Problem::NotFound("project"))?;
    let access = seen(tx, caller, project_id)?;
    Ok((project, access))
}

/// What the caller may do in a project of the organisation, deleted or not; 404 if the caller cannot see it.
pub fn seen(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<ProjectAccess, Problem> {
    permissions::in_project(tx, caller, project_id)?.ok_or(Problem::NotFound("project"))
}
