//! What the operator does with mails in the outbox.

use super::invitations;
use crate::config::InvitationSettings;
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::mail_states::MailState;
use crate::problem::Problem;
use crate::store::ids::MailId;
use crate::store::mails::{self, ListedMail};

/// How a mail is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It waited, and is due now.
    AtOnce,
    /// It had failed, so its secret is gone: a new mail is queued, with a new link.
    Anew,
}

/// One mail that must be there.
pub fn find(db: &Db, id: MailId) -> Result<ListedMail, Failure> {
    db.peek(|tx| mails::find(tx, id))?.ok_or_else(|| unknown(id))
}

/// Tries a mail again. Only one that waits or has failed can be.
pub fn retry(db: &Db, rules: &InvitationSettings, id: MailId) -> Result<Retried, Failure> {
    let rules = *rules;
    let (found, retried) =
        db.write_blocking(move |tx| Ok((mails::find(tx, id)?, retry_in(tx, &rules, id)?)))?;
    let mail = found.ok_or_else(|| unknown(id))?;
    retried.ok_or_else(|| why_not(&mail))
}

fn retry_in(tx: &Tx, rules: &InvitationSettings, id: MailId) -> Result<Option<Retried>, Problem> {
    if mails::hurry(tx, id)? {
        return Ok(Some(Retried::AtOnce));
    }
    let failed = mails::find(tx, id)?.filter(|mail| mail.state == MailState::Failed);
    let anew = |mail: ListedMail| invitations::send_again(tx, rules, mail.invitation_id);
    Ok(failed.map(anew).transpose()?.map(|()| Retried::Anew))
}

/// Takes a mail out of the outbox, and gives it as it was. Only one that is queued can be.
pub fn cancel(db: &Db, id: MailId) -> Result<ListedMail, Failure> {
    let (found, is_done) = db.write_blocking(move |tx| Ok((mails::find(tx, id)?, mails::cancel(tx, id)?)))?;
    let mail = found.ok_or_else(|| unknown(id))?;
    if is_done { Ok(mail) } else { Err(why_not(&mail)) }
}

fn unknown(id: MailId) -> Failure {
    format!("there is no mail {id}; `brms mail list` names them").into()
}

fn why_not(mail: &ListedMail) -> Failure {
    let (id, state) = (mail.id, mail.state);
    if mail.is_on_its_way {
        return format!("the mail {id} is being handed over right now; look again in a moment").into();
    }
    format!("the mail {id} is {state} already; sending the invitation again makes a new one").into()
}
