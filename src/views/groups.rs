//! Groups as API models.

use crate::generated::models::{self, GroupRole, MemberGroup, Permission};
use crate::store::groups::Group;
use crate::store::roles::Role;

/// A group with the role that manages it.
pub(crate) fn group(group: Group, role: Option<&Role>) -> models::Group {
    let role = role.map(|role| GroupRole {
        id: Some(role.id.into()),
        name: Some(role.name.clone()),
        description: role.description.clone(),
    });
    models::Group {
        id: group.id.into(),
        name: group.name,
        description: group.description,
        project_id: group.project_id.into(),
        permissions: group.permissions,
        file_permissions: group.file_permissions.map(|all| all.into_iter().map(Into::into).collect()),
        role_id: group.role_id.map(Into::into),
        role,
    }
}

/// A group nested in a member.
#[must_use]
pub fn member_group(group: &Group) -> MemberGroup {
    let words = |all: &Vec<Permission>| all.iter().map(|word| word.as_str().to_owned()).collect();
    MemberGroup {
        id: group.id.into(),
        name: group.name.clone(),
        project_id: group.project_id.into(),
        description: group.description.clone(),
        permissions: group.permissions.as_ref().map(words),
        role_id: group.role_id.map(Into::into),
    }
}
