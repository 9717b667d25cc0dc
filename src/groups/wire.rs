//! Groups as the description has them.

use super::Group;
use crate::generated::models::MemberGroup;

/// A group inside a member.
#[must_use]
pub fn member_group(group: &Group) -> MemberGroup {
    MemberGroup {
        id: group.id,
        name: group.name.clone(),
        project_id: group.project_id,
        description: group.description.clone(),
        permissions: group
            .permissions
            .as_ref()
            .map(|all| all.iter().map(|word| word.as_str().to_owned()).collect()),
        role_id: None,
    }
}
