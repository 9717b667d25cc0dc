//! deleteGroup.

use super::save::check_grant;
use crate::access::{self, Principal};
use crate::app::App;
use crate::db::Demand;
use crate::generated::api::DeleteGroupParameters;
use crate::generated::models;
use crate::problem::{Conflict, Problem};
use crate::store;
use crate::store::audit_logs::Action;
use crate::views;

/// Deletes a group. Its members stay members of the project, and it is removed from the approval groups.
pub async fn delete(
    app: &App,
    principal: Principal,
    parameters: DeleteGroupParameters,
) -> Result<models::Group, Problem> {
    app.write(principal, move |tx, caller| {
        let (project, access) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let group = store::groups::find(tx, project.id, parameters.group_id.into())?
            .ok_or(Problem::NotFound("group"))?;
        check_grant(&access, &[&group])?;
        if group.role_id.is_some() {
            return Err(Problem::conflict(Conflict::RoleManaged));
        }
        let approving = store::projects::approval_groups(tx, &[project.id])?;
        // Without any approval group left, changes that need approval would pass without it.
        if store::groups::is_only_one(&group, &approving) {
            return Err(Problem::conflict(Conflict::LastApprovalGroup));
        }
        // The members' rows go with the group.
        tx.ask_for(Demand::rows(store::groups::count_members(tx, &group)?))?;
        store::projects::record_lost_approval_group(tx, &caller.actor(), &project, group.id)?;
        store::groups::delete(tx, &group)?;
        store::groups::record(tx, &caller.actor(), Action::Deleted, &group)?;
        Ok(views::groups::group(group, None))
    })
    .await
}
