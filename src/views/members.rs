//! Members as API models.

use crate::generated::models::Member;
use crate::store::groups::Group;
use crate::store::members::Membership;
use crate::store::users::User;
use crate::views::{groups, users};

/// A membership with its user and its groups.
pub(crate) fn member<'g>(
    membership: &Membership,
    user: &User,
    groups: impl IntoIterator<Item = &'g Group>,
) -> Member {
    Member {
        id: membership.id.into(),
        owner: Some(membership.owner),
        user_id: Some(membership.user_id.into()),
        project_id: Some(membership.project_id.into()),
        user: Some(users::member_user(user)),
        groups: Some(groups.into_iter().map(groups::member_group).collect()),
        created_at: membership.created_at.rfc3339(),
        updated_at: membership.updated_at.rfc3339(),
    }
}
