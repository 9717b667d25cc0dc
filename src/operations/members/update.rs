//! updateMember.

use crate::access::permissions::ProjectAccess;
use crate::access::{self, Principal};
use crate::app::App;
use crate::generated::api::UpdateMemberParameters;
use crate::generated::models::{self, UpdateMemberRequest};
use crate::limits::{self, MEMBER_GROUPS};
use crate::operations::groups;
use crate::problem::{Conflict, Problem};
use crate::store;
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
        // From now on the membership counts as made by hand.
        let after = Membership { owner: body.owner, by_role: false, ..before.clone() };
        check_grant(&access, [&before, &after], &had, wanted.map(|_| named.as_slice()))?;
        check_groups(wanted.unwrap_or_default(), &named, &had)?;
        if before.owner && !after.owner && !store::members::has_other_owner(tx, &before)? {
            return Err(Problem::conflict(Conflict::LastOwner));
        }

        let groups = wanted.map_or_else(|| had.clone(), |_| replaced(&had, named));
        // More of an earlier version may stay, and become fewer.
        if groups.iter().any(|group| !had.iter().any(|old| old.id == group.id)) {
            MEMBER_GROUPS.check(groups.len())?;
        }
        let user = store::users::get(tx, after.user_id)?;
        let states = [(&before, ids(&had)), (&after, ids(&groups))];
        let [was, is] = states.each_ref().map(|(membership, ids)| (*membership, ids.as_slice()));
        if !store::members::record_update(tx, &caller.actor(), was, is)? {
            return Ok(views::members::member(&before, &user, &groups));
        }
        let after = store::members::update(tx, &after)?;
        store::members::remove_from_groups(tx, &after, was.1)?;
        store::members::add_to_groups(tx, &after, is.1)?;
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
    Problem::for_any(groups::missing_places("/groupIds", wanted, named), Problem::MissingReferences)?;
    Problem::for_any(groups::managed_places(wanted, is_new), Problem::role_managed)
}

/// The groups of a member after an update: those of roles that there were, and those of the request that no role
/// manages, by creation time.
fn replaced(had: &[Group], named: Vec<Group>) -> Vec<Group> {
    let of_roles = had.iter().filter(|group| group.role_id.is_some()).cloned();
    let by_hand = named.into_iter().filter(|group| group.role_id.is_none());
    let mut groups: Vec<Group> = of_roles.chain(by_hand).collect();
    groups.sort_by_key(|group| (group.created_at, group.id));
    groups
}

fn ids(groups: &[Group]) -> Vec<GroupId> {
    groups.iter().map(|group| group.id).collect()
}
