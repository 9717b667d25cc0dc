//! Groups as the description has them.

use crate::db::Tx;
use crate::generated::models::{self, GroupRole, MemberGroup, Permission};
use crate::problem::Problem;
use crate::store;
use crate::store::groups::Group;

/// A group with the role that looks after it.
pub(crate) fn group(tx: &Tx, group: Group) -> Result<models::Group, Problem> {
    let role = group.role_id.map(|id| store::roles::get(tx, id)).transpose()?;
    let role = role.map(|role| GroupRole {
        id: Some(role.id),
        name: Some(role.name),
        description: role.description,
    });
    Ok(models::Group {
        id: group.id,
        name: group.name,
        description: group.description,
        project_id: group.project_id,
        permissions: group.permissions,
        file_permissions: group.file_permissions.map(|all| all.into_iter().map(Into::into).collect()),
        role_id: group.role_id,
        role,
    })
}

/// Several of them.
pub(crate) fn groups(tx: &Tx, groups: Vec<Group>) -> Result<Vec<models::Group>, Problem> {
    groups.into_iter().map(|stored| group(tx, stored)).collect()
}

/// A group inside a member.
#[must_use]
pub fn member_group(group: &Group) -> MemberGroup {
    let words = |all: &Vec<Permission>| all.iter().map(|word| word.as_str().to_owned()).collect();
    MemberGroup {
        id: group.id,
        name: group.name.clone(),
        project_id: group.project_id,
        description: group.description.clone(),
        permissions: group.permissions.as_ref().map(words),
        role_id: group.role_id,
    }
}
