//! Keeps the groups of a role and their members in sync with the role.
//!
//! A membership that a role created is marked (`by_role`) and is removed when no role applies to the user in that
//! project any more. A membership that was created by hand stays.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::db::Tx;
use crate::limits::SYNC_ROWS_MAX;
use crate::problem::{Conflict, Place, Problem};
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::groups::Group;
use crate::store::ids::{GroupId, ProjectId, RoleId, UserId};
use crate::store::members::Membership;
use crate::store::roles::Role;

/// Syncs every project with one role.
pub fn sync_projects(tx: &Tx, actor: &Actor, role: &Role) -> Result<(), Problem> {
    RoleSync::new(tx, actor).sync_role(role)
}

/// Syncs one project with every role, after it was created or restored.
pub fn sync_project(tx: &Tx, actor: &Actor, project_id: ProjectId) -> Result<(), Problem> {
    let mut role_sync = RoleSync::new(tx, actor);
    let groups = store::groups::all_of_project(tx, project_id)?;
    for role in store::roles::all(tx, actor.organisation_id)? {
        let group = groups.iter().find(|group| group.role_id == Some(role.id));
        let reached = role.all_projects || store::roles::projects_of(tx, role.id)?.contains(&project_id);
        let users = store::roles::users_of(tx, role.id)?.into_iter().collect();
        if reached {
            role_sync.sync_project(&role, &users, project_id, group)?;
        } else if let Some(group) = group {
            role_sync.leave_project(group)?;
        }
    }
    Ok(())
}

/// Replaces the roles of a user and syncs the projects.
pub fn set_roles_of_user(tx: &Tx, actor: &Actor, user_id: UserId, roles: &[Role]) -> Result<(), Problem> {
    let before = store::roles::roles_of_user(tx, user_id)?;
    let has = |list: &[Role], id: RoleId| list.iter().any(|role| role.id == id);
    let mut role_sync = RoleSync::new(tx, actor);
    for role in before.iter().filter(|role| !has(roles, role.id)) {
        store::roles::remove_user(tx, role.id, user_id)?;
        role_sync.sync_role(role)?;
    }
    for role in roles.iter().filter(|role| !has(&before, role.id)) {
        store::roles::add_user(tx, role.id, user_id)?;
        role_sync.sync_role(role)?;
    }
    Ok(())
}

/// The changes of one call, counted.
struct RoleSync<'a> {
    tx: &'a Tx<'a>,
    actor: &'a Actor,
    rows: usize,
}

impl<'a> RoleSync<'a> {
    fn new(tx: &'a Tx, actor: &'a Actor) -> Self {
        Self { tx, actor, rows: 0 }
    }

    /// Fails above the limit; the transaction is then rolled back.
    fn count(&mut self) -> Result<(), Problem> {
        self.rows += 1;
        if self.rows > SYNC_ROWS_MAX { Err(Problem::conflict(Conflict::TooMany)) } else { Ok(()) }
    }

    /// Syncs every project with one role.
    fn sync_role(&mut self, role: &Role) -> Result<(), Problem> {
        let live = store::projects::all_live(self.tx, role.organisation_id)?;
        let reached: HashSet<ProjectId> = if role.all_projects {
            live.iter().copied().collect()
        } else {
            store::roles::projects_of(self.tx, role.id)?.into_iter().collect()
        };
        let groups = store::groups::all_of_role(self.tx, role.id)?;
        let users = store::roles::users_of(self.tx, role.id)?.into_iter().collect();
        let groups: HashMap<ProjectId, &Group> =
            groups.iter().map(|group| (group.project_id, group)).collect();
        for project_id in live {
            let group = groups.get(&project_id).copied();
            if reached.contains(&project_id) {
                self.sync_project(role, &users, project_id, group)?;
            } else if let Some(group) = group {
                if asked_alone(self.tx, group)? {
                    return Err(last_approval_group(project_id));
                }
                self.remove_group(group)?;
            }
        }
        Ok(())
    }

    /// Syncs one project with a role that applies to it.
    fn sync_project(
        &mut self,
        role: &Role,
        users: &BTreeSet<UserId>,
        project_id: ProjectId,
        group: Option<&Group>,
    ) -> Result<(), Problem> {
        let group = match group {
            None => self.create_group(role, project_id)?,
            Some(group) => self.update_group(role, group)?,
        };
        let inside: BTreeSet<UserId> = store::roles::users_in_group(self.tx, &group)?.into_iter().collect();
        for user_id in inside.difference(users) {
            self.remove_user(&group, *user_id)?;
        }
        for user_id in users.difference(&inside) {
            self.add_user(&group, *user_id)?;
        }
        Ok(())
    }

    /// Removes the group of a role from a project that the role no longer applies to.
    fn remove_group(&mut self, group: &Group) -> Result<(), Problem> {
        for user_id in store::roles::users_in_group(self.tx, group)? {
            self.remove_user(group, user_id)?;
        }
        self.count()?;
        if let Some(project) = store::projects::find_anywhere(self.tx, group.project_id)? {
            store::projects::record_lost_approval_group(self.tx, self.actor, &project, group.id)?;
        }
        store::groups::delete(self.tx, group)?;
        store::groups::record(self.tx, self.actor, Action::Deleted, group)
    }

    /// Ends the role in a project that is being restored. If approvals ask only its group, the group stays, without
    /// members and as one of the project's own: a refusal could not be resolved while the project is deleted.
    fn leave_project(&mut self, group: &Group) -> Result<(), Problem> {
        if !asked_alone(self.tx, group)? {
            return self.remove_group(group);
        }
        for user_id in store::roles::users_in_group(self.tx, group)? {
            self.remove_user(group, user_id)?;
        }
        self.count()?;
        let own = Group { role_id: None, ..group.clone() };
        store::groups::update(self.tx, &own)?;
        store::groups::record(self.tx, self.actor, Action::Updated, &own)
    }

    fn create_group(&mut self, role: &Role, project_id: ProjectId) -> Result<Group, Problem> {
        self.count()?;
        let group = group_of(role, self.tx.new_id(), project_id, self.tx.now());
        store::groups::add(self.tx, self.actor, &group)?;
        Ok(group)
    }

    fn update_group(&mut self, role: &Role, group: &Group) -> Result<Group, Problem> {
        let wanted = group_of(role, group.id, group.project_id, group.created_at);
        if store::groups::record_update(self.tx, self.actor, group, &wanted)? {
            self.count()?;
            store::groups::update(self.tx, &wanted)?;
        }
        Ok(wanted)
    }

    fn add_user(&mut self, group: &Group, user_id: UserId) -> Result<(), Problem> {
        self.count()?;
        let fresh = Membership { by_role: true, ..Membership::new(self.tx, group.project_id, user_id) };
        if store::members::add(self.tx, &fresh)? {
            store::members::add_to_groups(self.tx, &fresh, &[group.id])?;
            return store::members::record(self.tx, self.actor, Action::Created, &fresh, &[group.id]);
        }
        let membership = store::members::get_of_user(self.tx, group.project_id, user_id)?;
        let had = self.group_ids(&membership)?;
        store::members::add_to_groups(self.tx, &membership, &[group.id])?;
        self.record_groups(&membership, &had)
    }

    fn remove_user(&mut self, group: &Group, user_id: UserId) -> Result<(), Problem> {
        self.count()?;
        let Some(membership) = store::members::find_of_user(self.tx, group.project_id, user_id)? else {
            return Ok(());
        };
        let had = self.group_ids(&membership)?;
        store::members::remove_from_groups(self.tx, &membership, &[group.id])?;
        if membership.by_role && !store::roles::any_role_in_project(self.tx, group.project_id, user_id)? {
            store::members::delete(self.tx, &membership)?;
            return store::members::record(self.tx, self.actor, Action::Deleted, &membership, &[]);
        }
        self.record_groups(&membership, &had)
    }

    fn record_groups(&self, membership: &Membership, had: &[GroupId]) -> Result<(), Problem> {
        let has = self.group_ids(membership)?;
        store::members::record_update(self.tx, self.actor, (membership, had), (membership, &has)).map(drop)
    }

    fn group_ids(&self, membership: &Membership) -> Result<Vec<GroupId>, Problem> {
        let groups = store::members::groups_of(self.tx, membership)?;
        Ok(groups.iter().map(|group| group.id).collect())
    }
}

/// Whether a project's approvals ask this group and no other one.
fn asked_alone(tx: &Tx, group: &Group) -> Result<bool, Problem> {
    let approving = store::projects::approval_groups(tx, &[group.project_id])?;
    Ok(store::groups::is_only_one(group, &approving))
}

fn last_approval_group(project_id: ProjectId) -> Problem {
    let detail = format!(
        "takes away the only approval group of the project {project_id}; add another one to its approvals first"
    );
    Problem::Conflict(Conflict::LastApprovalGroup, vec![Place::pointer("/projects", detail)])
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
