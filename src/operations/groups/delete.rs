//! deleteGroup.

use super::save::check_grant;
use crate::access::{self, Principal};
use crate::app::App;
use crate::db::{Demand, Tx};
use crate::generated::api::DeleteGroupParameters;
use crate::generated::models;
use crate::problem::{Conflict, Problem};
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::groups::Group;
use crate::store::ids::{GroupId, UserId};
use crate::views;

/// Deletes a group. Its members stay members of the project, without this group, and it is removed from the approval
/// groups.
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
        let user_ids = store::roles::users_in_group(tx, &group)?;
        // The members' rows go with the group.
        tx.ask_for(Demand::rows(user_ids.len()))?;
        store::projects::record_lost_approval_group(tx, &caller.actor(), &project, group.id)?;
        record_lost_group(tx, &caller.actor(), &group, &user_ids)?;
        store::groups::delete(tx, &group)?;
        store::groups::record(tx, &caller.actor(), Action::Deleted, &group)?;
        Ok(views::groups::group(group, None))
    })
    .await
}

/// Records for each member of a group that the group is gone.
fn record_lost_group(tx: &Tx, actor: &Actor, group: &Group, user_ids: &[UserId]) -> Result<(), Problem> {
    let groups = store::groups::of_members(tx, group.project_id, user_ids)?;
    for membership in &store::members::of_users(tx, group.project_id, user_ids)? {
        let had: Vec<GroupId> =
            groups.get(&membership.user_id).into_iter().flatten().map(|group| group.id).collect();
        let has: Vec<GroupId> = had.iter().copied().filter(|id| *id != group.id).collect();
        store::members::record_update(tx, actor, (membership, &had), (membership, &has))?;
    }
    Ok(())
}
