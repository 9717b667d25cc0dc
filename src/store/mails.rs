//! Mails: the record types, and the SQL on the outbox and the local mailbox.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::db::{Parameter, Tx, params};
use crate::mail_states::{MailKind, MailState};
use crate::problem::Problem;
use crate::store::columns::{Record, stored};
use crate::store::ids::{InvitationId, MailId, OrganisationId};
use serde::{Deserialize, Serialize};

/// The content of an invitation mail, except its code.
///
/// The outbox stores it as JSON. The code has a column of its own, so that it can be erased alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationMail {
    /// The organisation's display name.
    pub organisation: String,
    /// The inviter, if known.
    pub inviter: Option<Inviter>,
    /// The invited address, as given.
    pub recipient: String,
    /// When the invitation expires, in RFC 3339, as in the API.
    pub expires_at: String,
}

/// The inviter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inviter {
    /// First and last name, as far as known.
    pub name: Option<String>,
    /// The address. Shown in the body and used for `Reply-To`, never in the subject or in `From`.
    pub email: String,
}

/// The content of a mail with a code for signing in, except the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInMail {
    /// The organisation's display name, if the address belongs to one only.
    pub organisation: Option<String>,
    /// The address, as stored.
    pub recipient: String,
    /// When the code expires, in RFC 3339.
    pub expires_at: String,
}

/// A mail to be queued. It has a secret, and therefore no `Debug`.
pub(crate) struct NewMail<'a> {
    pub(crate) organisation_id: OrganisationId,
    pub(crate) recipient: &'a str,
    pub(crate) content: MailContent<'a>,
    /// The code, which is erased when the mail is delivered.
    pub(crate) secret: &'a str,
}

/// What a mail is about.
#[derive(Clone, Copy)]
pub(crate) enum MailContent<'a> {
    Invitation(InvitationId, &'a InvitationMail),
    SignIn(&'a SignInMail),
}

impl MailContent<'_> {
    fn kind(self) -> MailKind {
        match self {
            Self::Invitation(..) => MailKind::Invitation,
            Self::SignIn(_) => MailKind::SignIn,
        }
    }

    fn invitation_id(self) -> Option<InvitationId> {
        match self {
            Self::Invitation(id, _) => Some(id),
            Self::SignIn(_) => None,
        }
    }

    fn json(self) -> Result<String, Problem> {
        match self {
            Self::Invitation(_, content) => serde_json::to_string(content),
            Self::SignIn(content) => serde_json::to_string(content),
        }
        .map_err(|cause| Problem::internal("writing a mail's content", cause))
    }
}

stored! {
    /// A mail as shown to the operator, deliberately without its secret.
    #[derive(Clone, Debug)]
    pub struct ListedMail {
        /// The mail's id.
        id: MailId,
        /// What it is for.
        kind: MailKind,
        /// The invitation it is about, if it is about one.
        invitation_id: Option<InvitationId>,
        /// The recipient's address.
        recipient: String,
        /// Its delivery state.
        state: MailState,
        /// Whether it is being sent right now.
        is_being_sent: bool,
        /// The number of delivery attempts.
        attempts: u32,
        /// The time of the last attempt.
        tried_at: Option<Timestamp>,
        /// The time of the next attempt, if it is pending.
        next_attempt_at: Timestamp,
        /// The last reply of the relay, or the last error.
        last_answer: Option<String>,
        /// When it was queued.
        created_at: Timestamp,
        /// When it was delivered.
        delivered_at: Option<Timestamp>,
    }
}

impl ListedMail {
    /// Whether another attempt is scheduled.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.state == MailState::Queued && !self.is_being_sent
    }
}

/// The longest time between two attempts. A mail scheduled further ahead was written under a clock that was ahead, and
/// counts as due; otherwise it could wait for years.
pub(crate) const WAIT_MAX: Duration = Duration::from_hours(1);

/// Adds a mail to the outbox.
pub(crate) fn queue(tx: &Tx, mail: &NewMail) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO mails (id, organisation_id, invitation_id, recipient, content, secret, state, attempts,
                            next_attempt_at, created_at, kind)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8, ?9)",
        params![
            tx.new_id::<MailId>(),
            mail.organisation_id,
            mail.content.invitation_id(),
            mail.recipient,
            mail.content.json()?,
            mail.secret,
            MailState::Queued,
            tx.now(),
            mail.content.kind(),
        ],
    )?;
    tx.notify_mail_delivery();
    Ok(())
}

/// Cancels the queued mails of an invitation, because a newer secret makes them useless.
pub fn cancel_queued(tx: &Tx, invitation_id: InvitationId) -> Result<(), Problem> {
    cancel_where(tx, "invitation_id", invitation_id)?;
    Ok(())
}

/// The condition for a queued mail. Two partial indexes have the same text.
fn queued() -> String {
    format!("state = '{}'", MailState::Queued)
}

/// The condition for a queued mail that no task has claimed.
pub(super) fn waiting() -> String {
    format!("{} AND claimed_at IS NULL", queued())
}

fn cancel_where(tx: &Tx, column: &str, id: impl Parameter) -> Result<usize, Problem> {
    let (cancelled, queued) = (MailState::Cancelled, queued());
    tx.execute(
        &format!("UPDATE mails SET state = '{cancelled}', secret = NULL WHERE {column} = ?1 AND {queued}"),
        [id],
    )
}

/// Whether any mail is due.
pub(crate) fn any_due(tx: &Tx) -> Result<bool, Problem> {
    Ok(next_due(tx)?.is_some_and(|next| next <= tx.now()))
}

/// When the next mail is due.
pub(crate) fn next_due(tx: &Tx) -> Result<Option<Timestamp>, Problem> {
    let waiting = waiting();
    let is_beyond_any_wait = tx.exists(
        &format!("SELECT 1 FROM mails WHERE {waiting} AND next_attempt_at > ?1"),
        [tx.now().plus(WAIT_MAX)],
    )?;
    if is_beyond_any_wait {
        return Ok(Some(tx.now()));
    }
    tx.optional(
        &format!("SELECT next_attempt_at FROM mails WHERE {waiting} ORDER BY next_attempt_at LIMIT 1"),
        (),
        |row| row.get(0),
    )
}

/// Whether mails have been due since before `since`, or are scheduled too far ahead, although no task has claimed any.
pub fn is_stuck(tx: &Tx, since: Timestamp) -> Result<bool, Problem> {
    let waiting = waiting();
    tx.exists(
        &format!(
            "SELECT 1
             WHERE (EXISTS (SELECT 1 FROM mails WHERE {waiting} AND next_attempt_at < ?1)
                    OR EXISTS (SELECT 1 FROM mails WHERE {waiting} AND next_attempt_at > ?2))
                   AND NOT EXISTS (SELECT 1 FROM mails WHERE claimed_at >= ?1)"
        ),
        [since, tx.now().plus(WAIT_MAX)],
    )
}

/// Every mail, oldest first, optionally of one state.
pub fn list(tx: &Tx, state: Option<MailState>) -> Result<Vec<ListedMail>, Problem> {
    tx.rows(&listed_where("?1 IS NULL OR state = ?1", "created_at, id"), params![state], ListedMail::read)
}

/// The mails in the local mailbox, oldest first.
pub fn kept(tx: &Tx) -> Result<Vec<ListedMail>, Problem> {
    tx.rows(&listed_where("message IS NOT NULL", "created_at, id"), (), ListedMail::read)
}

/// One mail.
pub fn find(tx: &Tx, mail_id: MailId) -> Result<Option<ListedMail>, Problem> {
    tx.optional(&listed_where("id = ?1", "id"), [mail_id], ListedMail::read)
}

/// Selects all columns but the message, which may be long.
pub(super) fn listed_where(condition: &str, order: &str) -> String {
    format!(
        "SELECT id, kind, invitation_id, recipient, state,
                CASE WHEN claimed_at IS NULL THEN 0 ELSE 1 END AS is_being_sent,
                attempts, tried_at, next_attempt_at, last_answer, created_at, delivered_at
         FROM mails
         WHERE {condition}
         ORDER BY {order}"
    )
}

/// Makes a pending mail due now. Returns false if it is not pending.
pub fn make_due_now(tx: &Tx, mail_id: MailId) -> Result<bool, Problem> {
    let hurried = tx.execute(
        &format!("UPDATE mails SET next_attempt_at = ?2 WHERE id = ?1 AND {}", waiting()),
        params![mail_id, tx.now()],
    )?;
    Ok(hurried == 1)
}

/// Cancels a queued mail. Returns false if it is not queued.
pub fn cancel(tx: &Tx, mail_id: MailId) -> Result<bool, Problem> {
    Ok(cancel_where(tx, "id", mail_id)? == 1)
}

/// The message of a mail as sent. The inner `None` means that it is not in the local mailbox (yet).
pub fn message(tx: &Tx, mail_id: MailId) -> Result<Option<Option<Vec<u8>>>, Problem> {
    tx.optional("SELECT message FROM mails WHERE id = ?1", [mail_id], |row| row.get(0))
}

/// The locally delivered mails after the given one, in the order in which they were queued: ids of one process sort
/// that way, even if the clock was moved.
pub(crate) fn delivered_after(tx: &Tx, after: MailId) -> Result<Vec<ListedMail>, Problem> {
    let statement = listed_where("state = ?2 AND message IS NOT NULL AND id > ?1", "id");
    tx.rows(&statement, params![after, MailState::Delivered], ListedMail::read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

    #[test]
    fn pending_mails_are_found_by_a_partial_index() {
        let plans = Plans::new();
        for (condition, index) in [
            (waiting() + " AND next_attempt_at <= ?1 ORDER BY next_attempt_at", "mails_queued"),
            (queued() + " AND invitation_id = ?1", "mails_of_invitation"),
        ] {
            let plan = plans.of(&format!("SELECT 1 FROM mails WHERE {condition}"), 1);
            assert!(plan[0].contains(index), "{plan:?}");
        }
    }
}
