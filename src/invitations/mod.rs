//! Invitations to the organisation: sending them again, and what makes a link live or dead.
//!
//! An invitation is one row for good. Each send gives it a new secret, and the one before is dead at that
//! moment; every secret ever given is remembered by its hash, so that a dead link can be told why.
//! Accepting is in [`accept`].

pub mod accept;
mod invite;
mod list;
mod rules;
pub mod store;
mod wire;

use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::audit::{self, Action, Actor, Change};
use crate::auth::Principal;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::api::SendUserInvitationParameters;
use crate::generated::models::{self, AuditLogType, InvitationStatus, UserStatus};
use crate::http::words;
use crate::mail;
use crate::problem::{Conflict, Problem, SendLimit};
use crate::secret::{Secret, SecretKind};
use crate::users::{self, User};

pub use invite::invite;
pub use list::list;
pub use rules::InvitationRules;

/// An invitation as stored.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The invitation's id.
    pub id: Uuid,
    /// The organisation it lets into.
    pub organisation_id: Uuid,
    /// The user who is invited, and nobody else.
    pub user_id: Uuid,
    /// Whether it was taken up.
    pub status: InvitationStatus,
    /// When its link ends.
    pub expires_at: Timestamp,
    /// When it was taken up.
    pub accepted_at: Option<Timestamp>,
    /// Who invited; `None`: the operator.
    pub created_by: Option<Uuid>,
    /// When it was first made.
    pub created_at: Timestamp,
}

impl Invitation {
    /// A new invitation of the operator that waits to be sent.
    #[must_use]
    pub fn pending(tx: &Tx, user: &User, lifetime: Duration) -> Self {
        Self {
            id: tx.new_id(),
            organisation_id: user.organisation_id,
            user_id: user.id,
            status: InvitationStatus::Pending,
            expires_at: tx.now().plus(lifetime),
            accepted_at: None,
            created_by: None,
            created_at: tx.now(),
        }
    }
}

words! {
    /// What a secret of an invitation opens.
    SecretState {
        Live = "live",
        Used = "used",
        Replaced = "replaced",
        Withdrawn = "withdrawn",
    }
}

/// sendUserInvitation: a new mail with a new link; the old link is dead.
pub async fn send(
    app: &App,
    principal: Principal,
    parameters: SendUserInvitationParameters,
) -> Result<models::Invitation, Problem> {
    let rules = app.invitation_rules;
    app.write(principal, move |tx, caller| {
        let user = users::store::find(tx, caller.organisation_id, parameters.user_id)?;
        let user = user.ok_or(Problem::NotFound("user"))?;
        caller.require()?;
        let invitation = sendable(tx, &rules, &user)?;
        check_inviter(tx, &rules, caller.user_id, 1)?;
        let inviter = users::store::get(tx, caller.user_id)?;
        let (invitation, secret) = renew(tx, &rules, &caller.actor(), &invitation)?;
        mail::queue_invitation(tx, invitation.id, invitation.expires_at, &user, Some(&inviter), &secret)?;
        Ok(wire::invitation(&invitation, &user))
    })
    .await
}

/// A fresh link for the operator to hand over. Counts as a send, queues no mail.
pub fn fresh_secret(tx: &Tx, rules: &InvitationRules, user: &User) -> Result<(Invitation, Secret), Problem> {
    let invitation = sendable(tx, rules, user)?;
    renew(tx, rules, &Actor::operator(user.organisation_id), &invitation)
}

/// Sends an invitation again on the operator's word, in the name of whoever invited first.
pub fn send_again(tx: &Tx, rules: &InvitationRules, invitation_id: Uuid) -> Result<Invitation, Problem> {
    let found = store::find_anywhere(tx, invitation_id)?.ok_or(Problem::NotFound("invitation"))?;
    let user = users::store::get(tx, found.user_id)?;
    let (invitation, secret) = fresh_secret(tx, rules, &user)?;
    let inviter = invitation.created_by.map(|user_id| users::store::get(tx, user_id)).transpose()?;
    mail::queue_invitation(tx, invitation.id, invitation.expires_at, &user, inviter.as_ref(), &secret)?;
    Ok(invitation)
}

/// The user's invitation, if it may be sent now: 409 when there is nothing to send, 429 when too often.
fn sendable(tx: &Tx, rules: &InvitationRules, user: &User) -> Result<Invitation, Problem> {
    if user.is_service {
        return Err(Problem::conflict(Conflict::ServiceAccount));
    }
    // A link of one who is locked would open nothing.
    if user.status != UserStatus::Active {
        return Err(Problem::conflict(Conflict::UserDisabled));
    }
    let pending = store::find_by_user(tx, user.id)?.filter(|found| found.status == InvitationStatus::Pending);
    // Who never had an invitation came in another way, and is in all the same.
    let invitation = pending.ok_or(Problem::conflict(Conflict::AlreadyAccepted))?;
    check_throttle(tx, rules, &invitation)?;
    Ok(invitation)
}

/// Of the last `sends_max` sends, the first must lie outside the window.
fn check_throttle(tx: &Tx, rules: &InvitationRules, invitation: &Invitation) -> Result<(), Problem> {
    let window_start = tx.now().minus(rules.send_window);
    let decisive = store::nth_last_send(tx, invitation.id, window_start, rules.sends_max)?;
    decisive.map_or(Ok(()), |at| Err(too_many(tx, SendLimit::Invitation, at.plus(rules.send_window))))
}

/// The same of whoever invites, who now sends `count` at once.
fn check_inviter(tx: &Tx, rules: &InvitationRules, user_id: Uuid, count: usize) -> Result<(), Problem> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let window = rules.inviter_send_window;
    let Some(n) = rules.inviter_sends_max.saturating_add(1).checked_sub(count).filter(|n| *n > 0) else {
        // More at once than the limit: waiting would not help, but fewer would do.
        return Err(too_many(tx, SendLimit::Inviter, tx.now().plus(window)));
    };
    let decisive = store::nth_last_send_by(tx, user_id, tx.now().minus(window), n)?;
    decisive.map_or(Ok(()), |at| Err(too_many(tx, SendLimit::Inviter, at.plus(window))))
}

fn too_many(tx: &Tx, limit: SendLimit, until: Timestamp) -> Problem {
    let wait_ms = until.as_millis() - tx.now().as_millis();
    let retry_after_seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000).max(1);
    Problem::TooManySends { limit, retry_after_seconds }
}

/// Gives the invitation a new secret and a new end, kills the one before, and drops mails not yet sent.
fn renew(
    tx: &Tx,
    rules: &InvitationRules,
    actor: &Actor,
    invitation: &Invitation,
) -> Result<(Invitation, Secret), Problem> {
    let secret = Secret::generate(SecretKind::Invitation);
    let expires_at = tx.now().plus(rules.lifetime);
    store::replace_secret(tx, invitation.id, &secret.hash(), actor.user_id)?;
    store::set_expiry(tx, invitation.id, expires_at)?;
    mail::store::cancel_queued(tx, invitation.id)?;
    let invitation = Invitation { expires_at, ..invitation.clone() };
    let data = serde_json::json!({ "invitationId": invitation.id, "expiresAt": expires_at.rfc3339() });
    let change = Change::new(AuditLogType::User, Action::Invited, invitation.user_id, data);
    audit::record(tx, actor, &change)?;
    Ok((invitation, secret))
}

/// Kills the link of a user who is disabled, and drops mails not yet sent.
pub fn withdraw(tx: &Tx, user_id: Uuid) -> Result<(), Problem> {
    let Some(invitation) = store::find_by_user(tx, user_id)? else { return Ok(()) };
    store::withdraw_secret(tx, invitation.id)?;
    mail::store::cancel_queued(tx, invitation.id)
}
