//! sendUserInvitation: sends a new mail with a new link and revokes the previous link.

use serde_json::json;

use super::throttle::{check_inviter, check_throttle};
use crate::access::{Caller, Principal};
use crate::app::App;
use crate::config::InvitationSettings;
use crate::db::Tx;
use crate::generated::api::SendUserInvitationParameters;
use crate::generated::models::{self, AuditLogType, InvitationStatus, UserStatus};
use crate::http::Posted;
use crate::mail;
use crate::problem::{Conflict, Problem};
use crate::secret::{Secret, SecretKind};
use crate::store;
use crate::store::audit_changes::{Values, record_update};
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::ids::UserId;
use crate::store::invitations::Invitation;
use crate::store::users::User;
use crate::views;

/// sendUserInvitation: sends a new mail with a new link and revokes the previous link.
pub async fn send(
    app: &App,
    principal: Principal,
    parameters: SendUserInvitationParameters,
) -> Result<Posted<models::Invitation>, Problem> {
    let settings = app.invitations;
    let permit = move |tx: &Tx, caller: &Caller| {
        let user = store::users::find(tx, caller.organisation_id, parameters.user_id.into())?;
        let user = user.ok_or(Problem::NotFound("user"))?;
        caller.require()?;
        Ok(user)
    };
    app.write_once(principal, permit, move |tx, caller, user| {
        let invitation = sendable(tx, &settings, &user)?;
        check_inviter(tx, &settings, caller.user_id, 1)?;
        let inviter = store::users::get(tx, caller.user_id)?;
        let (invitation, secret) = renew(tx, &settings, &caller.actor(), &invitation)?;
        mail::queue_invitation(tx, invitation.id, invitation.expires_at, &user, Some(&inviter), &secret)?;
        Ok(views::invitations::invitation(&invitation, &user))
    })
    .await
}

/// The user's invitation, if it may be sent now. Fails with 409 if there is nothing to send, and with 429 above a
/// limit.
pub fn sendable(tx: &Tx, settings: &InvitationSettings, user: &User) -> Result<Invitation, Problem> {
    if user.is_service {
        return Err(Problem::conflict(Conflict::ServiceAccount));
    }
    // A locked user could not use the link.
    if user.status != UserStatus::Active {
        return Err(Problem::conflict(Conflict::UserDisabled));
    }
    let pending = store::invitations::find_by_user(tx, user.id)?
        .filter(|found| found.status == InvitationStatus::Pending);
    // A user without an invitation was created another way and counts as accepted.
    let invitation = pending.ok_or(Problem::conflict(Conflict::AlreadyAccepted))?;
    check_throttle(tx, settings, &invitation)?;
    Ok(invitation)
}

/// Sets a new secret and expiry time, revokes the previous secret, and cancels queued mails.
pub fn renew(
    tx: &Tx,
    settings: &InvitationSettings,
    actor: &Actor,
    invitation: &Invitation,
) -> Result<(Invitation, Secret), Problem> {
    let secret = Secret::generate(SecretKind::Invitation);
    let expires_at = tx.now().plus(settings.invitation_ttl);
    store::invitations::replace_secret(tx, invitation.id, &secret.hash(), actor.user_id)?;
    store::invitations::set_expiry(tx, invitation.id, expires_at)?;
    store::mails::cancel_queued(tx, invitation.id)?;
    let invitation = Invitation { expires_at, ..invitation.clone() };
    let data = serde_json::json!({ "invitationId": invitation.id, "expiresAt": expires_at.rfc3339() });
    let change = Change::new(AuditLogType::User, Action::Invited, invitation.user_id, data);
    store::audit_logs::record(tx, actor, change)?;
    Ok((invitation, secret))
}

/// Revokes the link of a user, ends the invitation now unless it has ended before, and cancels queued mails. Returns the
/// invitation as it is now, if it is still to be accepted.
pub fn withdraw(tx: &Tx, actor: &Actor, user_id: UserId) -> Result<Option<Invitation>, Problem> {
    let Some(before) = store::invitations::find_by_user(tx, user_id)? else { return Ok(None) };
    store::invitations::withdraw_secret(tx, before.id)?;
    store::mails::cancel_queued(tx, before.id)?;
    if before.status != InvitationStatus::Pending {
        return Ok(None);
    }
    let mut after = before.clone();
    if before.expires_at > tx.now() {
        after.expires_at = tx.now();
        store::invitations::set_expiry(tx, before.id, after.expires_at)?;
    }
    let shown = |invitation: &Invitation| json!({ "expiresAt": invitation.expires_at.rfc3339() });
    let values = Values { before: shown(&before), after: shown(&after) };
    let data = json!({ "invitationId": before.id });
    let change = Change::new(AuditLogType::User, Action::Updated, user_id, data);
    record_update(tx, actor, change, &values)?;
    Ok(Some(after))
}
