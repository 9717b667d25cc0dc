//! Operator commands for invitations: listing them, creating a link, withdrawing, and sending again.

use uuid::Uuid;

use crate::config::InvitationSettings;
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::generated::models::{InvitationStatus, UserStatus};
use crate::http::words;
use crate::mail;
use crate::operations::invitations::{self as operations, renew, sendable};
use crate::operator::users;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::audit_logs::Actor;
use crate::store::ids::{InvitationId, UserId};
use crate::store::invitations::{Invitation, SecretState};
use crate::store::organisations::Organisation;
use crate::store::users::User;

words! {
    /// What can be done with an invitation.
    InvitationState {
        /// It has a link that works.
        Open = "open",
        /// Its link has expired.
        Expired = "expired",
        /// Its link was revoked, or its user is locked or disabled.
        Withdrawn = "withdrawn",
        /// It never had a link.
        Unsent = "unsent",
        /// It was accepted.
        Accepted = "accepted",
    }
}

/// An invitation in a list.
pub struct ListedInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// Who is invited.
    pub user: User,
    /// To which organisation.
    pub organisation: Organisation,
    /// The state of its link.
    pub state: InvitationState,
}

/// The user of the invitation with this id, or the one user with this id or address.
pub fn find_user(db: &Db, text: &str) -> Result<User, Failure> {
    let invitation = match Uuid::try_parse(text) {
        Ok(id) => db.peek(|tx| store::invitations::find_anywhere(tx, id.into()))?,
        Err(_) => None,
    };
    match invitation {
        Some(invitation) => Ok(db.peek(|tx| store::users::get(tx, invitation.user_id))?),
        None => users::find(db, text),
    }
}

/// Every invitation, oldest first.
pub fn all(tx: &Tx) -> Result<Vec<ListedInvitation>, Problem> {
    let mut found = Vec::new();
    for organisation in store::organisations::all(tx)? {
        for invitation in store::invitations::all(tx, organisation.id)? {
            let (user, state) = (store::users::get(tx, invitation.user_id)?, state(tx, &invitation)?);
            found.push(ListedInvitation { invitation, user, organisation: organisation.clone(), state });
        }
    }
    found.sort_by_key(|listed| (listed.invitation.created_at, listed.invitation.id));
    Ok(found)
}

/// The state of an invitation now.
pub fn state(tx: &Tx, invitation: &Invitation) -> Result<InvitationState, Problem> {
    if invitation.status == InvitationStatus::Accepted {
        return Ok(InvitationState::Accepted);
    }
    // The link of a user who is locked or disabled does not work.
    if store::users::get(tx, invitation.user_id)?.status != UserStatus::Active {
        return Ok(InvitationState::Withdrawn);
    }
    let secrets = store::invitations::secrets(tx, invitation.id)?;
    let is_over = invitation.expires_at <= tx.now();
    Ok(match secrets.last() {
        None if is_over => InvitationState::Withdrawn,
        None => InvitationState::Unsent,
        Some(_) if !secrets.iter().any(|secret| secret.state == SecretState::Live) => {
            InvitationState::Withdrawn
        }
        Some(_) if is_over => InvitationState::Expired,
        Some(_) => InvitationState::Open,
    })
}

/// Creates a new link for the invitation of a user. Counts as a send, but queues no mail.
pub fn link(
    tx: &Tx,
    settings: &InvitationSettings,
    user_id: UserId,
) -> Result<(Invitation, Secret), Problem> {
    fresh_secret(tx, settings, &store::users::get(tx, user_id)?)
}

/// Revokes the link of a user's invitation, which stays pending and can be sent again. Returns `None` if there is no
/// pending one.
pub fn withdraw(tx: &Tx, user_id: UserId) -> Result<Option<Invitation>, Problem> {
    let Some(user) = store::users::find_anywhere(tx, user_id)? else { return Ok(None) };
    operations::withdraw(tx, &Actor::operator(user.organisation_id), user_id)
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
