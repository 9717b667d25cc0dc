//! Users as API models.

use crate::generated::models::{
    self, AuditLogUser, InvitationUser, MemberUser, ProfileUser, TokenUser, UserRole, UserStatus,
    UserSummary, UserType,
};
use crate::store::roles::Role;
use crate::store::users::User;

/// A user with roles.
pub(crate) fn user(user: &User, roles: &[Role]) -> models::User {
    let role = |role: &Role| UserRole {
        id: role.id.into(),
        name: role.name.clone(),
        description: role.description.clone(),
    };
    models::User {
        id: user.id.into(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        r#type: user.user_type,
        status: user.status,
        is_service: Some(user.is_service),
        roles: Some(roles.iter().map(role).collect()),
        created_at: user.created_at.rfc3339(),
        updated_at: user.updated_at.rfc3339(),
    }
}

/// The caller's own user.
pub(crate) fn profile(user: &User) -> ProfileUser {
    ProfileUser {
        id: user.id.into(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        r#type: user.user_type,
        status: user.status,
        organisation_id: user.organisation_id.into(),
        // This service does not track the last project that a user opened.
        last_project_id: None,
        owner: Some(user.user_type == UserType::Owner),
        is_service: Some(user.is_service),
        created_at: user.created_at.rfc3339(),
        updated_at: user.updated_at.rfc3339(),
    }
}

/// A user nested in a role or a project.
#[must_use]
pub fn summary(user: &User) -> UserSummary {
    UserSummary {
        id: user.id.into(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
    }
}

/// A user nested in an invitation.
#[must_use]
pub fn invitation_user(user: &User) -> InvitationUser {
    InvitationUser {
        id: user.id.into(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        r#type: Some(user.user_type),
        status: Some(user.status),
    }
}

/// A user nested in an audit log entry.
#[must_use]
pub fn audit_log_user(user: &User) -> AuditLogUser {
    AuditLogUser {
        id: Some(user.id.into()),
        email: Some(user.email.clone()),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
    }
}

/// A user nested in a token.
#[must_use]
pub fn token_user(user: &User) -> TokenUser {
    TokenUser {
        id: user.id.into(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        r#type: user.user_type.as_str().to_owned(),
        status: user.status.as_str().to_owned(),
        is_service: Some(user.is_service),
        created_at: user.created_at.rfc3339(),
        updated_at: user.updated_at.rfc3339(),
    }
}

/// A user nested in a member, with the upper-case words of inviteMembers.
#[must_use]
pub fn member_user(user: &User) -> MemberUser {
    MemberUser {
        id: user.id.into(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        r#type: upper_case_type(user.user_type).to_owned(),
        status: upper_case_status(user.status).to_owned(),
        organisation_id: user.organisation_id.into(),
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
