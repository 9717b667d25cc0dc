//! Adds mails to the outbox.

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::ids::InvitationId;
use crate::store::mails::{InvitationMail, Inviter, MailContent, NewMail, SignInMail};
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
    let mail = NewMail {
        organisation_id: user.organisation_id,
        recipient: &user.email,
        content: MailContent::Invitation(invitation_id, &content),
        secret: secret.reveal(),
    };
    store::mails::queue(tx, &mail)
}

/// Adds the mail with a sign-in code for these users, who have one address. There must be one at least.
pub fn queue_sign_in(tx: &Tx, users: &[User], code: &str, expires_at: Timestamp) -> Result<(), Problem> {
    let Some(first) = users.first() else { return Ok(()) };
    let organisation = match users {
        [only] => Some(store::organisations::get(tx, only.organisation_id)?.display_name),
        _ => None,
    };
    let content =
        SignInMail { organisation, recipient: first.email.clone(), expires_at: expires_at.rfc3339() };
    let mail = NewMail {
        organisation_id: first.organisation_id,
        recipient: &first.email,
        content: MailContent::SignIn(&content),
        secret: code,
    };
    store::mails::queue(tx, &mail)
}
