//! Projects: who sees them, how they are made, brought back and approved in.

mod approvals;
mod create;
mod list;
pub mod operator;
mod restore;
pub mod store;
pub mod wire;

use uuid::Uuid;

use crate::audit::{self, Action, Actor, Change};
use crate::auth::Caller;
use crate::auth::permissions::{self, ProjectAccess};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::{ApprovalMode, AuditLogType, ProjectVersion};
use crate::problem::Problem;

pub use approvals::{get as approvals, update as update_approvals};
pub use create::create;
pub use list::list;
pub use restore::restore;

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
    /// How changes in it are approved, if that was ever said.
    pub approval_mode: Option<ApprovalMode>,
    /// When it was deleted, if it is.
    pub deleted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Notes in the audit log what a project is now.
pub fn record(tx: &Tx, actor: &Actor, action: Action, project: &Project) -> Result<(), Problem> {
    let data = serde_json::json!({
        "key": project.key,
        "name": project.name,
        "version": project.version,
        "protected": project.protected,
        "decisionsApprovalMode": project.approval_mode,
    });
    audit::record(
        tx,
        actor,
        &Change::new(AuditLogType::Project, action, project.id, data).in_project(project.id),
    )
}

/// Finds a project for an operation inside it: 404 unless the caller sees it and it is not deleted, 403
/// unless the caller may. Another organisation's project, a deleted one, one without the caller in it and
/// one that never was all answer the same.
pub fn access(tx: &Tx, caller: &Caller, project_id: Uuid) -> Result<(Project, ProjectAccess), Problem> {
    let project = store::find(tx, caller.organisation_id, project_id)?;
    let project =
        project.filter(|project| project.deleted_at.is_none()).ok_or(Problem::NotFound("project"))?;
    let access = seen(tx, caller, project_id)?;
    access.require(caller.operation)?;
    Ok((project, access))
}

/// What the caller may do in a project of the organisation, deleted or not; 404 if the caller cannot see it.
fn seen(tx: &Tx, caller: &Caller, project_id: Uuid) -> Result<ProjectAccess, Problem> {
    permissions::in_project(tx, caller, project_id)?.ok_or(Problem::NotFound("project"))
}
