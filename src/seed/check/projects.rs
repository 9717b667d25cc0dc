//! Checks projects, their groups and their members.

use std::collections::HashSet;

use super::inspection::{A_USER, Inspection, Known};
use crate::limits;
use crate::seed::format::{SeedGroup, SeedMember, SeedProject};
use crate::store::ids::GroupId;
use crate::store::tables::UniqueValue;

const A_GROUP: &str = "group of this project";

impl Inspection {
    pub(super) fn project(&mut self, place: &str, project: &SeedProject, known: &Known) {
        self.id(place, UniqueValue::Project, project.id);
        self.text(&format!("{place}.name"), Some(&project.name));
        if let Some(complaint) = limits::project_key_complaint(&project.key) {
            self.complain(&format!("{place}.key"), &complaint);
        }
        self.groups(place, &project.groups, known);
        let groups: HashSet<GroupId> = project.groups.iter().filter_map(|group| group.id).collect();
        let approving = &project.decisions_approval_groups;
        self.all_known(&format!("{place}.decisionsApprovalGroups"), approving, &groups, A_GROUP);
        self.members(place, &project.members, known, &groups);
    }

    fn groups(&mut self, place: &str, all: &[SeedGroup], known: &Known) {
        let mut roles = HashSet::new();
        for (position, group) in all.iter().enumerate() {
            let place = format!("{place}.groups[{position}]");
            self.id(&place, UniqueValue::Group, group.id);
            self.text(&format!("{place}.name"), Some(&group.name));
            self.text(&format!("{place}.description"), group.description.as_deref());
            self.known(&format!("{place}.roleId"), group.role_id, &known.roles, "role of this organisation");
            if group.role_id.is_some_and(|role_id| !roles.insert(role_id)) {
                self.complain(&format!("{place}.roleId"), "another group of this project has this role");
            }
        }
    }

    fn members(&mut self, place: &str, all: &[SeedMember], known: &Known, groups: &HashSet<GroupId>) {
        let mut users = HashSet::new();
        for (position, member) in all.iter().enumerate() {
            let place = format!("{place}.members[{position}]");
            self.id(&place, UniqueValue::Member, member.id);
            self.known(&format!("{place}.userId"), Some(member.user_id), &known.users, A_USER);
            if !users.insert(member.user_id) {
                self.complain(&format!("{place}.userId"), "this user is already a member");
            }
            self.all_known(&format!("{place}.groupIds"), &member.group_ids, groups, A_GROUP);
        }
    }
}
