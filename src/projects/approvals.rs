//! getProjectWithApprovals and updateProjectApprovals.

use super::{access, store, wire};
use crate::app::App;
use crate::audit::{self, Action, Change};
use crate::auth::Principal;
use crate::generated::api::{
    GetProjectWithApprovalsParameters, GetProjectWithApprovalsResponse, UpdateProjectApprovalsParameters,
    UpdateProjectApprovalsResponse,
};
use crate::generated::models::{AuditLogType, UpdateProjectApprovalsRequest};
use crate::groups;
use crate::limits;
use crate::problem::Problem;

/// A project with how changes in it are approved.
pub async fn get(
    app: &App,
    principal: Principal,
    parameters: GetProjectWithApprovalsParameters,
) -> Result<GetProjectWithApprovalsResponse, Problem> {
    let project = app.db.read(principal.deadline(), move |tx| {
        let caller = principal.caller(tx)?;
        let (project, _) = access(tx, &caller, parameters.project_id)?;
        wire::project(tx, &project)
    });
    Ok(GetProjectWithApprovalsResponse::Status200(project.await?))
}

/// Changes it; what is absent stays.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateProjectApprovalsParameters,
    body: UpdateProjectApprovalsRequest,
) -> Result<UpdateProjectApprovalsResponse, Problem> {
    limits::check_ids(
        "/decisionsApprovalGroups",
        body.decisions_approval_groups.as_deref().unwrap_or_default(),
    )?;
    let updated = app.db.write(principal.deadline(), move |tx| {
        let caller = principal.caller(tx)?;
        let (project, _) = access(tx, &caller, parameters.project_id)?;
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
    });
    Ok(UpdateProjectApprovalsResponse::Status200(updated.await?))
}
