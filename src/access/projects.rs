//! Looking up a project for a caller, with its visibility and permission checks.

use super::callers::Caller;
use super::permissions;
use crate::access::permissions::ProjectAccess;
use crate::db::Tx;
use crate::problem::Problem;
use crate::store;
use crate::store::ids::ProjectId;
use crate::store::projects::Project;

/// Finds a project for an operation inside it: 404 unless it is visible and not deleted, 403 without the permission. A
/// project that belongs to another organisation, is deleted, does not have the caller as a member, or never existed
/// gives the same answer.
pub fn access(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<(Project, ProjectAccess), Problem> {
    let (project, access) = live(tx, caller, project_id)?;
    access.require(caller.operation)?;
    Ok((project, access))
}

/// Finds a visible project that is not deleted, without a permission check.
pub fn live(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<(Project, ProjectAccess), Problem> {
    let project = store::projects::find(tx, caller.organisation_id, project_id)?;
    let project =
        project.filter(|project| project.deleted_at.is_none()).ok_or(Problem::NotFound("project"))?;
    let access = visible(tx, caller, project_id)?;
    Ok((project, access))
}

/// The caller's permissions in a project of the organisation, deleted or not. Fails with 404 if it is not visible.
pub fn visible(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<ProjectAccess, Problem> {
    permissions::in_project(tx, caller, project_id)?.ok_or(Problem::NotFound("project"))
}
