//! How roles reach their projects, in the model: what has to be so when a role or a project was changed, and
//! not how the server gets there.

use std::collections::BTreeSet;

use super::effects::text;
use super::steps::{Operation, RoleSave};
use super::world::{Caller, Group, Member, Rights, Role, World};
use crate::support::Answer;

impl World {
    pub fn saved_role(&mut self, operation: &Operation, answer: &Answer) {
        match operation {
            Operation::CreateRole(save) => {
                self.roles.push(Role {
                    id: text(answer, "/id"),
                    name: String::new(),
                    is_for_all: false,
                    permissions: Vec::new(),
                    users: BTreeSet::new(),
                    projects: BTreeSet::new(),
                });
                self.roles.last_mut().expect("the new one").take(save);
            }
            Operation::UpdateRole(role, save) => self.roles[*role].take(save),
            other => unreachable!("{other:?} saves no role"),
        }
        self.follow_roles();
    }

    /// Every project that is not deleted has one group of each role that reaches it, with the role's users in
    /// it, and no other group of a role; a membership that only roles made is there while one of them
    /// reaches.
    pub fn follow_roles(&mut self) {
        for project in 0..self.projects.len() {
            if self.projects[project].is_deleted {
                continue;
            }
            for role in 0..self.roles.len() {
                self.follow_role(role, project);
            }
            let groups = &self.groups;
            let is_reached =
                |member: &Member| member.groups.iter().any(|group| groups[*group].role.is_some());
            self.projects[project].members.retain(|_, member| !member.is_by_role || is_reached(member));
        }
    }

    fn follow_role(&mut self, number: usize, project: usize) {
        let role = &self.roles[number];
        let group = self.groups_of(project).find(|(_, group)| group.role == Some(number));
        let group = group.map(|(position, _)| position);
        if !role.is_for_all && !role.projects.contains(&project) {
            if let Some(group) = group {
                self.leave_project(group);
            }
            return;
        }
        let wanted = Group {
            project,
            name: role.name.clone(),
            permissions: Some(role.permissions.clone()),
            role: Some(number),
            is_gone: false,
        };
        let group = group.unwrap_or(self.groups.len());
        if group < self.groups.len() {
            self.groups[group] = wanted;
        } else {
            self.groups.push(wanted);
        }
        let members = &mut self.projects[project].members;
        for user in &self.roles[number].users {
            let by_role = || Member { is_by_role: true, ..Member::of(&[]) };
            members.entry(*user).or_insert_with(by_role).groups.insert(group);
        }
        for (user, member) in members {
            if !self.roles[number].users.contains(user) {
                member.groups.remove(&group);
            }
        }
    }

    /// The only group that approvals ask stays, as one of the project's own and without members.
    fn leave_project(&mut self, group: usize) {
        let project = &mut self.projects[self.groups[group].project];
        if project.approving != [group] {
            return self.remove_group(group);
        }
        self.groups[group].role = None;
        for member in project.members.values_mut() {
            member.groups.remove(&group);
        }
    }

    /// Whether saving takes the role out of a project whose approvals ask only its group.
    pub fn ends_approvals(&self, number: usize, save: &RoleSave) -> bool {
        let mut role = self.roles[number].clone();
        role.take(save);
        let live = self.projects.iter().enumerate().filter(|(_, project)| !project.is_deleted);
        let mut left = live.filter(|(project, _)| !role.is_for_all && !role.projects.contains(project));
        left.any(|(project, left)| {
            self.groups_of(project).any(|(group, of)| of.role == Some(number) && left.approving == [group])
        })
    }

    /// What the caller could do in a deleted project if it were back.
    pub fn rights_after_roles<'a>(&self, caller: Caller<'a>, project: usize) -> Option<Rights<'a>> {
        let mut back = self.clone();
        back.projects[project].is_deleted = false;
        back.follow_roles();
        back.rights(caller, project)
    }
}

impl Role {
    /// What is absent stays; a role for all projects keeps those it had of its own.
    fn take(&mut self, save: &RoleSave) {
        self.name.clone_from(&save.name);
        self.is_for_all = save.is_for_all;
        if let Some(permissions) = &save.permissions {
            self.permissions.clone_from(permissions);
        }
        if let Some(users) = &save.users {
            self.users = users.iter().copied().collect();
        }
        if let Some(projects) = save.projects.as_ref().filter(|_| !save.is_for_all) {
            self.projects = projects.iter().copied().collect();
        }
    }
}
