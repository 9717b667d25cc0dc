//! Invitations as API models.

use crate::clock::Timestamp;
use crate::generated::models::{self, InvitationOrganisation};
use crate::store::invitations::Invitation;
use crate::store::organisations::Organisation;
use crate::store::users::User;
use crate::views::users;

/// An invitation in a list.
pub(crate) fn listed(
    invitation: &Invitation,
    user: &User,
    created_by: Option<&User>,
    organisation: &Organisation,
) -> models::ListedInvitation {
    models::ListedInvitation {
        id: invitation.id.into(),
        email: user.email.clone(),
        expires_at: Some(invitation.expires_at.rfc3339()),
        created_at: invitation.created_at.rfc3339(),
        accepted_at: invitation.accepted_at.map(Timestamp::rfc3339),
        status: invitation.status,
        created_by: created_by.map(users::invitation_user),
        user: Some(users::invitation_user(user)),
        organisation: Some(InvitationOrganisation {
            id: organisation.id.into(),
            name: organisation.name.clone(),
        }),
    }
}

/// An invitation in the answer of sendUserInvitation.
pub(crate) fn invitation(invitation: &Invitation, user: &User) -> models::Invitation {
    models::Invitation {
        id: invitation.id.into(),
        email: user.email.clone(),
        status: invitation.status,
        user_id: invitation.user_id.into(),
        created_at: invitation.created_at.rfc3339(),
        expires_at: Some(invitation.expires_at.rfc3339()),
    }
}
