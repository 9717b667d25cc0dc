//! Invitations as the description has them.

use super::Invitation;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::{self, InvitationOrganisation};
use crate::organisation::Organisation;
use crate::problem::Problem;
use crate::users::{self, User};

/// The long form of a list.
pub(super) fn listed(
    tx: &Tx,
    invitation: &Invitation,
    organisation: &Organisation,
) -> Result<models::ListedInvitation, Problem> {
    let user = users::store::get(tx, invitation.user_id)?;
    let created_by = invitation.created_by.map(|id| users::store::get(tx, id)).transpose()?;
    Ok(models::ListedInvitation {
        id: invitation.id,
        email: user.email.clone(),
        expires_at: Some(invitation.expires_at.rfc3339()),
        created_at: invitation.created_at.rfc3339(),
        accepted_at: invitation.accepted_at.map(Timestamp::rfc3339),
        status: invitation.status,
        created_by: created_by.as_ref().map(users::wire::invitation_user),
        user: Some(users::wire::invitation_user(&user)),
        organisation: Some(InvitationOrganisation { id: organisation.id, name: organisation.name.clone() }),
    })
}

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
