//! Projects, and who sees them.

pub mod store;

use uuid::Uuid;

use crate::auth::Caller;
use crate::auth::permissions::{self, ProjectAccess};
use crate::db::Tx;
use crate::generated::models::ProjectVersion;
use crate::problem::Problem;

/// A project as stored.
#[derive(Clone, Debug)]
pub struct Project {
    /// The project's id.
    pub id: Uuid,
    /// The organisation it belongs to.
    pub organisation_id: Uuid,
    /// Its name in addresses.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// `v1` or `v2`.
    pub version: ProjectVersion,
    /// Whether it is protected.
    pub protected: bool,
}

/// What the caller may do in a project, if the caller can see it and it is not deleted. Another
/// organisation's project, a deleted one, one without the caller in it and one that never was all
/// answer the same.
pub fn access(tx: &Tx, caller: &Caller, project_id: Uuid) -> Result<ProjectAccess, Problem> {
    if !store::is_live(tx, caller.organisation_id, project_id)? {
        return Err(Problem::NotFound("project"));
    }
    permissions::in_project(tx, caller, project_id)?.ok_or(Problem::NotFound("project"))
}
