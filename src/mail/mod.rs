//! Mail: an outbox in the database, and a task that empties it.
//!
//! A mail is a row inserted in the transaction that makes it necessary ([`queue_invitation`]), so it
//! exists if and only if its invitation does. [`delivery`] works on it later: [`post`] has [`render`] fill the
//! templates, [`message`] build what goes over the wire, and [`transport`] hand it over (by way of `connect`, to
//! a relay), all of it outside any transaction.

mod connect;
pub mod delivery;
pub mod message;
pub mod post;
pub mod render;
pub mod test_mail;
pub mod transport;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::mails::{InvitationMail, Inviter};
use crate::store::users::User;

/// Puts the mail of an invitation into the outbox, with its secret until it is delivered.
pub fn queue_invitation(
    tx: &Tx,
    invitation_id: Uuid,
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
