//! Users as the description has them.

use super::User;
use crate::generated::models::{MemberUser, UserStatus, UserType};

/// A user inside a member, in the upper-case words that inviteMembers uses.
#[must_use]
pub fn member_user(user: &User) -> MemberUser {
    MemberUser {
        id: user.id,
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        r#type: upper_case_type(user.user_type).to_owned(),
        status: upper_case_status(user.status).to_owned(),
        organisation_id: user.organisation_id,
        is_service: Some(user.is_service),
        created_at: user.created_at.rfc3339(),
        updated_at: user.updated_at.rfc3339(),
    }
}

fn upper_case_type(user_type: UserType) -> &'static str {
    match user_type {
        UserType::Invited => "INVITED",
        UserType::Member => "MEMBER",
        UserType::Author => "AUTHOR",
        UserType::Admin => "ADMIN",
        UserType::Owner => "OWNER",
    }
}

fn upper_case_status(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Active => "ACTIVE",
        UserStatus::Disabled | UserStatus::Locked => "INACTIVE",
    }
}
