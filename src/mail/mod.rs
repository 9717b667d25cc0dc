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
pub mod store;
pub mod test_mail;
pub mod transport;

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
    /// The invitation it is about.
    pub invitation_id: Uuid,
    /// Who gets it.
    pub recipient: String,
    /// `queued`, `delivered`, `cancelled` or `failed`.
    pub state: String,
    /// Whether it is being handed over right now.
    pub is_on_its_way: bool,
    /// How often delivery was tried.
    pub attempts: u32,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// When it is tried next, if it waits.
    pub next_attempt_at: Timestamp,
    /// What the relay, or whatever stood in the way, said last.
    pub last_answer: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}

impl ListedMail {
    /// Whether it will be tried again by itself.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.state == "queued" && !self.is_on_its_way
    }
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
