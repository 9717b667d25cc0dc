//! getProject, getProjectWithApprovals and updateProjectApprovals.

use super::list::shown;
use crate::access::{self, Principal};
use crate::app::App;
use crate::generated::api::UpdateProjectApprovalsParameters;
use crate::generated::models::{self, AuditLogType, UpdateProjectApprovalsRequest};
use crate::limits;
use crate::operations::groups;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::{Action, Change};
use crate::store::ids::ProjectId;
use crate::store::ids::{GroupId, typed};

/// A project with its approval settings; also the answer of getProject.
pub async fn get(app: &App, principal: Principal, project_id: ProjectId) -> Result<models::Project, Problem> {
    app.read(principal, move |tx, caller| {
        let (project, _) = access::projects::access(tx, caller, project_id)?;
        shown(tx, &project)
    })
    .await
}

/// Updates the approval settings; absent fields stay unchanged.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateProjectApprovalsParameters,
    body: UpdateProjectApprovalsRequest,
) -> Result<models::Project, Problem> {
    limits::check(&[("decisionsApprovalGroups", &body.decisions_approval_groups)])?;
    app.write(principal, move |tx, caller| {
        let (project, _) = access::projects::access(tx, caller, parameters.project_id.into())?;
        if let Some(group_ids) = &body.decisions_approval_groups {
            let group_ids: Vec<GroupId> = typed(group_ids);
            groups::find_named(tx, project.id, "/decisionsApprovalGroups", &group_ids)?;
            store::projects::set_approval_groups(tx, project.id, &group_ids)?;
        }
        let mode = body.decisions_approval_mode.or(project.approval_mode);
        let updated = store::projects::set_approval_mode(tx, project.id, mode)?;
        let data = serde_json::json!({
            "decisionsApprovalMode": mode,
            "decisionsApprovalGroups": body.decisions_approval_groups,
        });
        let change =
            Change::new(AuditLogType::Project, Action::Updated, project.id, data).in_project(project.id);
        store::audit_logs::record(tx, &caller.actor(), &change)?;
        shown(tx, &updated)
    })
    .await
}
