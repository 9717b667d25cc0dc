//! updateMember.

use crate::access::permissions::ProjectAccess;
use crate::access::{self, Principal};
use crate::app::App;
use crate::db::Tx;
use crate::generated::api::UpdateMemberParameters;
use crate::generated::models::{self, UpdateMemberRequest};
use crate::limits;
use crate::operations::groups;
use crate::problem::{Conflict, Problem};
use crate::store;
use crate::store::audit_logs::Action;
use crate::store::groups::Group;
use crate::store::ids::{GroupId, typed};
use crate::store::members::Membership;
use crate::views;

/// Replaces the groups of a member, if given, and the owner flag, which defaults to false.
///
/// Groups that a role manages are neither added nor removed: those of the member stay.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateMemberParameters,
    body: UpdateMemberRequest,
) -> Result<models::Member, Problem> {
    limits::check(&[("groupIds", &body.group_ids)])?;
    app.write(principal, move |tx, caller| {
        let (project, access) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let before = store::members::find(tx, project.id, parameters.member_id.into())?
            .ok_or(Problem::NotFound("member"))?;
        let had = store::members::groups_of(tx, &before)?;
        let wanted: Option<Vec<GroupId>> = body.group_ids.as_deref().map(typed);
        let wanted = wanted.as_deref();
        let named = store::groups::find_all(tx, project.id, wanted.unwrap_or_default())?;
        let after = Membership { owner: body.owner, ..before.clone() };
        check_grant(&access, [&before, &after], &had, wanted.map(|_| named.as_slice()))?;
        check_groups(wanted.unwrap_or_default(), &named, &had)?;
        if before.owner && !after.owner && !store::members::has_other_owner(tx, &before)? {
            return Err(Problem::conflict(Conflict::LastOwner));
        }

        let after = store::members::update(tx, &after)?;
        if wanted.is_some() {
            replace_groups(tx, &after, &had, &named)?;
        }
        let groups = store::members::groups_of(tx, &after)?;
        let group_ids: Vec<GroupId> = groups.iter().map(|group| group.id).collect();
        store::members::record(tx, &caller.actor(), Action::Updated, &after, &group_ids)?;
        let user = store::users::get(tx, after.user_id)?;
        Ok(views::members::member(&after, &user, &groups))
    })
    .await
}

/// Granting or removing the owner flag, or a group with the permission `owner`, requires the right to grant it.
fn check_grant(
    access: &ProjectAccess,
    [before, after]: [&Membership; 2],
    had: &[Group],
    named: Option<&[Group]>,
) -> Result<(), Problem> {
    let carries =
        |groups: &[Group], id: GroupId| groups.iter().any(|group| group.id == id && group.carries_owner());
    let changed = named.is_some_and(|named| {
        named.iter().any(|group| group.carries_owner() && !carries(had, group.id))
            || had
                .iter()
                .any(|group| group.role_id.is_none() && group.carries_owner() && !carries(named, group.id))
    });
    if after.owner != before.owner || changed { access.require_grant_of_owner() } else { Ok(()) }
}

fn check_groups(wanted: &[GroupId], named: &[Group], had: &[Group]) -> Result<(), Problem> {
    let is_new = |id: &GroupId| {
        named.iter().any(|group| group.id == *id && group.role_id.is_some())
            && !had.iter().any(|group| group.id == *id)
    };
    Problem::for_all([
        (Problem::MissingReferences, groups::missing_places("/groupIds", wanted, named).collect()),
        (Problem::role_managed, groups::managed_places(wanted, is_new).collect()),
    ])
}

fn replace_groups(tx: &Tx, membership: &Membership, had: &[Group], named: &[Group]) -> Result<(), Problem> {
    let by_hand = |groups: &[Group]| -> Vec<GroupId> {
        groups.iter().filter(|group| group.role_id.is_none()).map(|group| group.id).collect()
    };
    store::members::remove_from_groups(tx, membership, &by_hand(had))?;
    store::members::add_to_groups(tx, membership, &by_hand(named))
}
