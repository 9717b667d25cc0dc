//! Members as the description has them.

use super::Membership;
use crate::generated::models::Member;
use crate::groups::{self, Group};
use crate::users::{self, User};

/// A membership with its user and its groups.
pub(super) fn member(membership: &Membership, user: &User, groups: &[Group]) -> Member {
    Member {
        id: membership.id,
        owner: Some(membership.owner),
        user_id: Some(membership.user_id),
        project_id: Some(membership.project_id),
        user: Some(users::wire::member_user(user)),
        groups: Some(groups.iter().map(groups::wire::member_group).collect()),
        created_at: membership.created_at.rfc3339(),
        updated_at: membership.updated_at.rfc3339(),
    }
}
