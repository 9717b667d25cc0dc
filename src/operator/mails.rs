//! Operator commands for mails in the outbox.

use super::invitations;
use crate::config::InvitationSettings;
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::mail_states::{MailKind, MailState};
use crate::problem::Problem;
use crate::store::ids::MailId;
use crate::store::mails::{self, ListedMail};

/// How a mail is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It was pending, and is due now.
    AtOnce,
    /// It had failed and its secret was erased, so a new mail with a new link is queued.
    Anew,
}

/// One mail, which must exist.
pub fn find(db: &Db, id: MailId) -> Result<ListedMail, Failure> {
    db.peek(|tx| mails::find(tx, id))?.ok_or_else(|| unknown(id))
}

/// Retries a mail, which must be pending or failed.
pub fn retry(db: &Db, rules: &InvitationSettings, id: MailId) -> Result<Retried, Failure> {
    let rules = *rules;
    let (found, retried) =
        db.write_blocking(move |tx| Ok((mails::find(tx, id)?, retry_in(tx, &rules, id)?)))?;
    let mail = found.ok_or_else(|| unknown(id))?;
    retried.ok_or_else(|| wrong_state(&mail))
}

fn retry_in(tx: &Tx, rules: &InvitationSettings, id: MailId) -> Result<Option<Retried>, Problem> {
    if mails::make_due_now(tx, id)? {
        return Ok(Some(Retried::AtOnce));
    }
    let failed = mails::find(tx, id)?.filter(|mail| mail.state == MailState::Failed);
    // A code for signing in is asked for again by the person who needs it.
    let invitation_id = failed.and_then(|mail| mail.invitation_id);
    let anew = |invitation_id| invitations::send_again(tx, rules, invitation_id);
    Ok(invitation_id.map(anew).transpose()?.map(|()| Retried::Anew))
}

/// Cancels a mail, which must be queued, and returns it as it was.
pub fn cancel(db: &Db, id: MailId) -> Result<ListedMail, Failure> {
    let (found, is_done) = db.write_blocking(move |tx| Ok((mails::find(tx, id)?, mails::cancel(tx, id)?)))?;
    let mail = found.ok_or_else(|| unknown(id))?;
    if is_done { Ok(mail) } else { Err(wrong_state(&mail)) }
}

fn unknown(id: MailId) -> Failure {
    format!("there is no mail {id}; see `brms mail list`").into()
}

fn wrong_state(mail: &ListedMail) -> Failure {
    let (id, state) = (mail.id, mail.state);
    if mail.is_being_sent {
        return format!("the mail {id} is being sent right now; try again in a moment").into();
    }
    let way_out = match mail.kind {
        MailKind::Invitation => "send the invitation again to create a new one",
        MailKind::SignIn => "its code is asked for again at /sign-in",
    };
    format!("the mail {id} is already {state}; {way_out}").into()
}
