//! Adds an invitation's mail to the outbox.

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::ids::InvitationId;
use crate::store::mails::{InvitationMail, Inviter};
use crate::store::users::User;

/// Adds the mail of an invitation to the outbox. Its secret is kept until the mail is delivered.
pub fn queue_invitation(
    tx: &Tx,
    invitation_id: InvitationId,
    expires_at: Timestamp,
    user: &User,
    inviter: Option<&User>,
    secret: &Secret,
) -> Result<(), Problem> {
    let organisation = store::organisations::get(tx, user.organisation_id)?;
    let content = InvitationMail {
        organisation: organisation.display_name,
        inviter: inviter.map(|inviter| Inviter { name: inviter.full_name(), email: inviter.email.clone() }),
        recipient: user.email.clone(),
        expires_at: expires_at.rfc3339(),
    };
    store::mails::queue(tx, user.organisation_id, invitation_id, &content, secret)
}
