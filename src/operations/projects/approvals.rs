//! getProject, getProjectWithApprovals and updateProjectApprovals.

use super::list::shown;
use crate::access::permissions::deduplicated;
use crate::access::{self, Principal};
use crate::app::App;
use crate::generated::api::UpdateProjectApprovalsParameters;
use crate::generated::models::{self, UpdateProjectApprovalsRequest};
use crate::limits;
use crate::operations::groups;
use crate::problem::Problem;
use crate::store;
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
        let had: Vec<GroupId> = store::projects::approval_groups(tx, &[project.id])?
            .into_iter()
            .map(|(_, group_id)| group_id)
            .collect();
        let wanted: Vec<GroupId> =
            body.decisions_approval_groups.as_deref().map_or_else(|| had.clone(), typed);
        groups::find_named(tx, project.id, "/decisionsApprovalGroups", &wanted)?;
        let wanted = deduplicated(wanted);
        let mode = body.decisions_approval_mode.or(project.approval_mode);
        let approvals = [(project.approval_mode, had.as_slice()), (mode, wanted.as_slice())];
        if !store::projects::record_approvals(tx, &caller.actor(), &project, approvals)? {
            return shown(tx, &project);
        }
        store::projects::set_approval_groups(tx, project.id, &wanted)?;
        shown(tx, &store::projects::set_approval_mode(tx, project.id, mode)?)
    })
    .await
}
