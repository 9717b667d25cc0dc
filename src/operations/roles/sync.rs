//! Keeps the groups of a role and their members in sync with the role.
//!
//! A membership that a role created is marked (`by_role`) and is removed when no role applies to the user in that
//! project any more. A membership that was created by hand stays.

use std::collections::BTreeSet;

use super::plan::{InProject, ProjectPlan, RolePlan};
use crate::db::Tx;
use crate::limits::MEMBER_GROUPS;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::groups::Group;
use crate::store::ids::{GroupId, ProjectId, RoleId, UserId};
use crate::store::members::Membership;
use crate::store::roles::{Role, RoleState};

/// Syncs every project with a role as it is stored.
pub fn sync_projects(tx: &Tx, actor: &Actor, role: &Role) -> Result<(), Problem> {
    let plan = plan(tx, &RoleState::of(tx, role)?)?;
    carry_out(tx, actor, plan)
}

/// What a role as it will be brings about. Fails with 409 if that is too much, or if a project does not allow it.
pub fn plan<'r>(tx: &Tx, state: &RoleState<'r>) -> Result<RolePlan<'r>, Problem> {
    let live = store::projects::all_live(tx, state.role.organisation_id)?.into_iter().collect();
    let plan = RolePlan::new(tx, state, &live)?;
    RolePlan::check_all(tx, std::slice::from_ref(&plan))?;
    Ok(plan)
}

/// Syncs every project with a role.
pub fn carry_out(tx: &Tx, actor: &Actor, plan: RolePlan) -> Result<(), Problem> {
    RoleSync { tx, actor }.carry_out(plan)
}

/// Syncs one project with every role, after it was created or restored.
pub fn sync_project(tx: &Tx, actor: &Actor, plan: ProjectPlan) -> Result<(), Problem> {
    let role_sync = RoleSync { tx, actor };
    // `ProjectPlan::check` has counted it, a user once: one project cannot be made in several calls.
    tx.uncounted(|| {
        for (role, here) in plan.reaching {
            let reached = vec![here];
            role_sync.carry_out(RolePlan { role: &role, reached, left: Vec::new() })?;
        }
        plan.left.iter().try_for_each(|group| role_sync.leave_project(group))
    })
}

/// Replaces the roles of a user and syncs the projects.
pub fn set_roles_of_user(tx: &Tx, actor: &Actor, user_id: UserId, roles: &[Role]) -> Result<(), Problem> {
    let before = store::roles::roles_of_user(tx, user_id)?;
    let has = |list: &[Role], id: RoleId| list.iter().any(|role| role.id == id);
    let taken: Vec<&Role> = before.iter().filter(|role| !has(roles, role.id)).collect();
    let given: Vec<&Role> = roles.iter().filter(|role| !has(&before, role.id)).collect();
    if taken.is_empty() && given.is_empty() {
        return Ok(());
    }
    let live = store::projects::all_live(tx, actor.organisation_id)?.into_iter().collect();
    let mut plans = Vec::new();
    for role in taken.iter().chain(&given).copied() {
        let mut state = RoleState::of(tx, role)?;
        if has(roles, role.id) {
            state.users.insert(user_id)
        } else {
            state.users.remove(&user_id)
        };
        plans.push(RolePlan::new(tx, &state, &live)?);
    }
    RolePlan::check_all(tx, &plans)?;
    taken.iter().try_for_each(|role| store::roles::remove_user(tx, role.id, user_id))?;
    given.iter().try_for_each(|role| store::roles::add_user(tx, role.id, user_id))?;
    plans.into_iter().try_for_each(|plan| carry_out(tx, actor, plan))
}

/// Writes what was planned, for one actor.
struct RoleSync<'a> {
    tx: &'a Tx<'a>,
    actor: &'a Actor,
}

impl RoleSync<'_> {
    fn carry_out(&self, plan: RolePlan) -> Result<(), Problem> {
        let RolePlan { role, reached, left } = plan;
        let new = reached.iter().filter(|here| here.group.is_none());
        let new: Vec<Group> =
            new.map(|here| group_of(role, self.tx.new_id(), here.project_id, self.tx.now())).collect();
        store::groups::add_all(self.tx, self.actor, &new)?;
        let mut new = new.into_iter();
        for here in reached {
            let group = match &here.group {
                Some(group) => Some(self.update_group(role, group)?),
                None => new.next(),
            };
            group.map_or(Ok(()), |group| self.sync_members(&group, &here))?;
        }
        left.iter().try_for_each(|(group, users)| self.remove_group(group, users))
    }

    fn sync_members(&self, group: &Group, here: &InProject) -> Result<(), Problem> {
        here.leaving.iter().try_for_each(|user_id| self.remove_user(group, *user_id))?;
        let membership = |user_id: &UserId| Membership {
            by_role: true,
            ..Membership::new(self.tx, here.project_id, *user_id)
        };
        let memberships: Vec<Membership> = here.joining.iter().map(membership).collect();
        let added = store::members::add_all(self.tx, self.actor, &memberships, &[group.id])?;
        let mut inside = here.joining.iter().filter(|user_id| !added.contains(user_id));
        inside.try_for_each(|user_id| self.add_member(group, *user_id))
    }

    /// Removes the group of a role from a project that the role no longer applies to.
    fn remove_group(&self, group: &Group, users: &BTreeSet<UserId>) -> Result<(), Problem> {
        users.iter().try_for_each(|user_id| self.remove_user(group, *user_id))?;
        if let Some(project) = store::projects::find_anywhere(self.tx, group.project_id)? {
            store::projects::record_lost_approval_group(self.tx, self.actor, &project, group.id)?;
        }
        store::groups::delete(self.tx, group)?;
        store::groups::record(self.tx, self.actor, Action::Deleted, group)
    }

    /// Ends the role in a project that is being restored. If approvals ask only its group, the group stays, without
    /// members and as one of the project's own: a refusal could not be resolved while the project is deleted.
    fn leave_project(&self, group: &Group) -> Result<(), Problem> {
        let users: BTreeSet<UserId> = store::roles::users_in_group(self.tx, group)?.into_iter().collect();
        let approving = store::projects::approval_groups(self.tx, &[group.project_id])?;
        if !store::groups::is_only_one(group, &approving) {
            return self.remove_group(group, &users);
        }
        users.iter().try_for_each(|user_id| self.remove_user(group, *user_id))?;
        let own = Group { role_id: None, ..group.clone() };
        store::groups::update(self.tx, &own)?;
        store::groups::record(self.tx, self.actor, Action::Updated, &own)
    }

    fn update_group(&self, role: &Role, group: &Group) -> Result<Group, Problem> {
        let wanted = group_of(role, group.id, group.project_id, group.created_at);
        if store::groups::record_update(self.tx, self.actor, group, &wanted)? {
            store::groups::update(self.tx, &wanted)?;
        }
        Ok(wanted)
    }

    /// Adds a user who is a member of the project to a group.
    fn add_member(&self, group: &Group, user_id: UserId) -> Result<(), Problem> {
        let membership = store::members::get_of_user(self.tx, group.project_id, user_id)?;
        let had = store::members::group_ids_of(self.tx, &membership)?;
        self.tx.check(MEMBER_GROUPS, had.len() + 1)?;
        store::members::add_to_groups(self.tx, &membership, &[group.id])?;
        self.record_groups(&membership, &had)
    }

    fn remove_user(&self, group: &Group, user_id: UserId) -> Result<(), Problem> {
        let Some(membership) = store::members::find_of_user(self.tx, group.project_id, user_id)? else {
            return Ok(());
        };
        let had = store::members::group_ids_of(self.tx, &membership)?;
        store::members::remove_from_groups(self.tx, &membership, &[group.id])?;
        if membership.by_role && !store::roles::any_role_in_project(self.tx, group.project_id, user_id)? {
            store::members::delete(self.tx, &membership)?;
            return store::members::record(self.tx, self.actor, Action::Deleted, &membership, &had);
        }
        self.record_groups(&membership, &had)
    }

    fn record_groups(&self, membership: &Membership, had: &[GroupId]) -> Result<(), Problem> {
        let has = store::members::group_ids_of(self.tx, membership)?;
        store::members::record_update(self.tx, self.actor, (membership, had), (membership, &has)).map(drop)
    }
}

/// The group of a role in a project.
fn group_of(role: &Role, id: GroupId, project_id: ProjectId, created_at: crate::clock::Timestamp) -> Group {
    Group {
        id,
        project_id,
        name: role.name.clone(),
        description: role.description.clone(),
        permissions: Some(role.project_permissions.clone()),
        file_permissions: Some(role.project_file_permissions.clone()),
        role_id: Some(role.id),
        created_at,
    }
}
