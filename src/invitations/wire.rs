//! Invitations as the description has them.

use super::Invitation;
use crate::generated::models;
use crate::users::User;

/// The short form that sendUserInvitation answers.
pub(super) fn invitation(invitation: &Invitation, user: &User) -> models::Invitation {
    models::Invitation {
        id: invitation.id,
        email: user.email.clone(),
        status: invitation.status,
        user_id: invitation.user_id,
        created_at: invitation.created_at.rfc3339(),
        expires_at: Some(invitation.expires_at.rfc3339()),
    }
}
