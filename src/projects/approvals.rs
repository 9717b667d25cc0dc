//! getProjectWithApprovals and updateProjectApprovals.

use super::{access, store, wire};
use crate::app::App;
use crate::audit::{self, Action, Change};
use crate::auth::Principal;
use crate::generated::api::{GetProjectWithApprovalsParameters, UpdateProjectApprovalsParameters};
use crate::generated::models::{self, AuditLogType, UpdateProjectApprovalsRequest};
use crate::groups;
use crate::limits;
use crate::problem::Problem;

/// A project with how changes in it are approved.
pub async fn get(
    app: &App,
    principal: Principal,
    parameters: GetProjectWithApprovalsParameters,
) -> Result<models::Project, Problem> {
    app.read(principal, move |tx, caller| {
        let (project, _) = access(tx, caller, parameters.project_id)?;
        wire::project(tx, &project)
    })
    .await
}

/// Changes it; what is absent stays.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateProjectApprovalsParameters,
    body: UpdateProjectApprovalsRequest,
) -> Result<models::Project, Problem> {
    limits::check_ids(
        "/decisionsApprovalGroups",
        body.decisions_approval_groups.as_deref().unwrap_or_default(),
    )?;
    app.write(principal, move |tx, caller| {
        let (project, _) = access(tx, caller, parameters.project_id)?;
        if let Some(group_ids) = &body.decisions_approval_groups {
            groups::find_named(tx, project.id, "/decisionsApprovalGroups", group_ids)?;
            store::set_approval_groups(tx, project.id, group_ids)?;
        }
        let mode = body.decisions_approval_mode.or(project.approval_mode);
        let updated = store::set_approval_mode(tx, project.id, mode)?;
        let data = serde_json::json!({
            "decisionsApprovalMode": mode,
            "decisionsApprovalGroups": body.decisions_approval_groups,
        });
        let change =
            Change::new(AuditLogType::Project, Action::Updated, project.id, data).in_project(project.id);
        audit::record(tx, &caller.actor(), &change)?;
        wire::project(tx, &updated)
    })
    .await
}
