//! Mail: an outbox in the database, and a task that empties it.
//!
//! A mail is a row inserted in the transaction that makes it necessary ([`queue_invitation`]), so it
//! exists if and only if its invitation does. [`delivery`] renders and delivers it later, outside any
//! transaction; [`render`] fills the templates and [`message`] builds what goes over the wire.

pub mod delivery;
pub mod message;
pub mod render;
pub mod store;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::organisation;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::users::User;
use render::{InvitationMail, Inviter};

/// A mail as the operator sees it. There is deliberately no secret in it.
#[derive(Clone, Debug)]
pub struct ListedMail {
    /// The mail's id.
    pub id: Uuid,
    /// Who gets it.
    pub recipient: String,
    /// `queued`, `delivered`, `cancelled` or `failed`.
    pub state: String,
    /// How often delivery was tried.
    pub attempts: u32,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}

/// Puts the mail of an invitation into the outbox, with its secret until it is delivered.
pub fn queue_invitation(
    tx: &Tx,
    invitation_id: Uuid,
    expires_at: Timestamp,
    user: &User,
    inviter: Option<&User>,
    secret: &Secret,
) -> Result<(), Problem> {
    let organisation = organisation::store::get(tx, user.organisation_id)?;
    let content = InvitationMail {
        organisation: organisation.display_name,
        inviter: inviter.map(|inviter| Inviter { name: inviter.full_name(), email: inviter.email.clone() }),
        recipient: user.email.clone(),
        expires_at: expires_at.rfc3339(),
    };
    store::queue(tx, user.organisation_id, invitation_id, &content, secret)
}
