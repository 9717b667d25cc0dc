//! Rate limits for sending invitations.

use crate::clock::Timestamp;
use crate::config::InvitationSettings;
use crate::db::Tx;
use crate::problem::{Place, Problem, SendLimit};
use crate::store::ids::UserId;
use crate::store::invitations::{Invitation, SendsOf, nth_last_send};

/// Of the last `sends_max` sends, the first must be older than the window.
pub(super) fn check_throttle(
    tx: &Tx,
    settings: &InvitationSettings,
    invitation: &Invitation,
) -> Result<(), Problem> {
    let (window, n) = (settings.invitation_send_window, settings.invitation_sends_max);
    let decisive = nth_last_send(tx, SendsOf::Invitation(invitation.id), tx.now().minus(window), n)?;
    decisive.map_or(Ok(()), |at| Err(too_many(tx, SendLimit::Invitation, at.plus(window))))
}

/// The same for an inviter, who is about to send `count` at once.
pub(super) fn check_inviter(
    tx: &Tx,
    settings: &InvitationSettings,
    user_id: UserId,
    count: usize,
) -> Result<(), Problem> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let window = settings.inviter_send_window;
    let Some(n) = settings.inviter_sends_max.saturating_add(1).checked_sub(count).filter(|n| *n > 0) else {
        // More at once than the limit: waiting would not help, but sending fewer would.
        return Err(too_many(tx, SendLimit::Inviter, tx.now().plus(window)));
    };
    let decisive = nth_last_send(tx, SendsOf::Inviter(user_id), tx.now().minus(window), n)?;
    decisive.map_or(Ok(()), |at| Err(too_many(tx, SendLimit::Inviter, at.plus(window))))
}

/// The same for the addresses at these places. The refusal names those for which the others leave nothing.
pub(super) fn check_inviter_of_all(
    tx: &Tx,
    settings: &InvitationSettings,
    user_id: UserId,
    pointers: &[String],
) -> Result<(), Problem> {
    let check = |count: usize| check_inviter(tx, settings, user_id, count);
    let refused = check(pointers.len());
    let Err(Problem::TooManySends { limit, retry_after_seconds, .. }) = refused else { return refused };
    let sendable = (1..pointers.len()).rev().find(|count| check(*count).is_ok()).unwrap_or_default();
    let detail = format!("is one more than you may send now; try again in {retry_after_seconds} seconds");
    let places = pointers[sendable..].iter().map(|pointer| Place::pointer(pointer, detail.clone()));
    Err(Problem::TooManySends { limit, retry_after_seconds, places: places.collect() })
}

fn too_many(tx: &Tx, limit: SendLimit, until: Timestamp) -> Problem {
    let wait_ms = until.as_millis() - tx.now().as_millis();
    let retry_after_seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000).max(1);
    Problem::TooManySends { limit, retry_after_seconds, places: Vec::new() }
}
