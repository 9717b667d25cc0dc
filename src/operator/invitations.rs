//! Operator commands for invitations: creating a link, and sending again.

use uuid::Uuid;

use crate::config::InvitationSettings;
use crate::db::Tx;
use crate::mail;
use crate::operations::invitations::{renew, sendable};
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::audit_logs::Actor;
use crate::store::ids::InvitationId;
use crate::store::invitations::Invitation;
use crate::store::users::User;

/// Creates a new link for an invitation, given by its own id or its user's. Counts as a send, but queues no mail.
pub fn link(tx: &Tx, settings: &InvitationSettings, id: Uuid) -> Result<(Invitation, Secret), Problem> {
    let user_id =
        store::invitations::find_anywhere(tx, id.into())?.map_or(id.into(), |invitation| invitation.user_id);
    let user = store::users::find_anywhere(tx, user_id)?.ok_or(Problem::NotFound("invitation"))?;
    fresh_secret(tx, settings, &user)
}

/// Sends an invitation again for the operator, in the name of the original inviter.
pub fn send_again(
    tx: &Tx,
    settings: &InvitationSettings,
    invitation_id: InvitationId,
) -> Result<(), Problem> {
    let found =
        store::invitations::find_anywhere(tx, invitation_id)?.ok_or(Problem::NotFound("invitation"))?;
    let user = store::users::get(tx, found.user_id)?;
    let (invitation, secret) = fresh_secret(tx, settings, &user)?;
    let inviter = invitation.created_by.map(|user_id| store::users::get(tx, user_id)).transpose()?;
    mail::queue_invitation(tx, invitation.id, invitation.expires_at, &user, inviter.as_ref(), &secret)
}

fn fresh_secret(
    tx: &Tx,
    settings: &InvitationSettings,
    user: &User,
) -> Result<(Invitation, Secret), Problem> {
    let invitation = sendable(tx, settings, user)?;
    renew(tx, settings, &Actor::operator(user.organisation_id), &invitation)
}
