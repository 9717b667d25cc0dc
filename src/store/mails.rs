//! The mail of an invitation, and the SQL on the outbox and the local mailbox.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::db::{Parameter, Row, RowResult, Tx, params, word};
use crate::mail_states::MailState;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store::ids::{InvitationId, MailId, OrganisationId};
use serde::{Deserialize, Serialize};

/// Everything an invitation mail says, except its code.
///
/// The outbox keeps it as JSON. The code is a value of its own, so that it can be wiped on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationMail {
    /// The organisation's name, as typed.
    pub organisation: String,
    /// Who invites, if that is known.
    pub inviter: Option<Inviter>,
    /// The invited address, as typed.
    pub recipient: String,
    /// When the invitation ends: RFC 3339, as the API says it.
    pub expires_at: String,
}

/// The one who invites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inviter {
    /// First and last name, as typed, as far as they are known.
    pub name: Option<String>,
    /// The address. Shown in the body and used for `Reply-To`, never in the subject or in `From`.
    pub email: String,
}

/// A mail that waits to be sent. It holds its link's secret, hence no `Debug`.
pub struct QueuedMail {
    /// The mail's id; its Message-ID is made of it.
    pub id: MailId,
    /// As stored: reading it is part of building the mail, so that an unreadable one fails alone.
    pub content_json: String,
    /// What opens the invitation.
    pub secret: String,
    /// How often it was tried, this try included.
    pub attempts: u32,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// A mail as the operator sees it. There is deliberately no secret in it.
#[derive(Clone, Debug)]
pub struct ListedMail {
    /// The mail's id.
    pub id: MailId,
    /// The invitation it is about.
    pub invitation_id: InvitationId,
    /// Who gets it.
    pub recipient: String,
    /// What became of it so far.
    pub state: MailState,
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
        self.state == MailState::Queued && !self.is_on_its_way
    }
}

/// The longest that a mail waits for its next try. One that is due later than this from now was marked by a clock
/// that was ahead and has been put right, and counts as due: it could otherwise wait for years.
pub(crate) const WAIT_MAX: Duration = Duration::from_hours(1);

/// Adds a mail to the outbox.
pub(crate) fn queue(
    tx: &Tx,
    organisation_id: OrganisationId,
    invitation_id: InvitationId,
    content: &InvitationMail,
    secret: &Secret,
) -> Result<(), Problem> {
    let json = serde_json::to_string(content)
        .map_err(|cause| Problem::internal("writing a mail's content", cause))?;
    tx.execute(
        "INSERT INTO mails (id, organisation_id, invitation_id, recipient, content, secret, state, attempts,
                            next_attempt_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8)",
        params![
            tx.new_id::<MailId>(),
            organisation_id,
            invitation_id,
            content.recipient,
            json,
            secret.reveal(),
            MailState::Queued.as_str(),
            tx.now(),
        ],
    )?;
    tx.notify_mail_delivery();
    Ok(())
}

/// Drops what is queued for an invitation, because a newer secret makes it pointless.
pub fn cancel_queued(tx: &Tx, invitation_id: InvitationId) -> Result<(), Problem> {
    cancel_where(tx, "invitation_id", invitation_id)?;
    Ok(())
}

/// The condition of a mail that was neither sent nor given up. Two partial indexes have the same text.
fn queued() -> String {
    format!("state = '{}'", MailState::Queued)
}

/// The condition of a queued mail that no task has in hand.
fn waiting() -> String {
    format!("{} AND claimed_at IS NULL", queued())
}

fn cancel_where(tx: &Tx, column: &str, id: impl Parameter) -> Result<usize, Problem> {
    let (cancelled, queued) = (MailState::Cancelled, queued());
    tx.execute(
        &format!("UPDATE mails SET state = '{cancelled}', secret = NULL WHERE {column} = ?1 AND {queued}"),
        [id],
    )
}

/// Claims the mails whose time has come, the longest waiting first. The try is counted here and not when it is
/// over, so that one whose try ends the process is known by its count at the next start.
pub(crate) fn claim(tx: &Tx, count_max: usize) -> Result<Vec<QueuedMail>, Problem> {
    let waiting = waiting();
    tx.execute(
        &format!("UPDATE mails SET next_attempt_at = ?1 WHERE {waiting} AND next_attempt_at > ?2"),
        [tx.now(), tx.now().plus(WAIT_MAX)],
    )?;
    tx.rows(
        &format!(
            "UPDATE mails
             SET claimed_at = ?1, tried_at = ?1, attempts = attempts + 1
             WHERE id IN (SELECT id
                          FROM mails
                          WHERE {waiting} AND next_attempt_at <= ?1
                          ORDER BY next_attempt_at, id
                          LIMIT ?2)
             RETURNING id, content, secret, attempts, created_at"
        ),
        params![tx.now(), i64::try_from(count_max).unwrap_or(i64::MAX)],
        |row| {
            Ok(QueuedMail {
                id: row.get("id")?,
                content_json: row.get("content")?,
                secret: row.get("secret")?,
                attempts: row.get("attempts")?,
                created_at: row.get("created_at")?,
            })
        },
    )
}

/// Whether any mail could be claimed now.
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

/// Whether mails have been due since before this moment, or wait longer than any may, although no task has any
/// in hand.
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

/// The mails that are on their way, or were when a server ended.
pub(crate) fn claimed(tx: &Tx) -> Result<Vec<ListedMail>, Problem> {
    tx.rows(&listed_where("claimed_at IS NOT NULL", "id"), (), read_listed)
}

/// Notes a delivery, wipes the secret, and keeps the message if this is its mailbox. A mail that was
/// cancelled while it was on its way was delivered all the same, and the list says so.
pub(crate) fn mark_delivered(
    tx: &Tx,
    mail_id: MailId,
    answer: Option<&str>,
    kept: Option<&[u8]>,
) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails
         SET state = ?5, delivered_at = ?2, message = ?3, last_answer = ?4, secret = NULL,
             claimed_at = NULL
         WHERE id = ?1 AND claimed_at IS NOT NULL",
        params![mail_id, tx.now(), kept, answer, MailState::Delivered.as_str()],
    )?;
    Ok(())
}

/// Notes a failed try and when the next one is.
pub(crate) fn mark_tried(
    tx: &Tx,
    mail_id: MailId,
    answer: &str,
    next_attempt_at: Timestamp,
) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails SET last_answer = ?2, next_attempt_at = ?3, claimed_at = NULL WHERE id = ?1",
        params![mail_id, answer, next_attempt_at],
    )?;
    Ok(())
}

/// Gives a mail up and wipes its secret. One that was cancelled meanwhile stays cancelled.
pub(crate) fn mark_failed(tx: &Tx, mail_id: MailId, answer: &str) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails
         SET state = CASE WHEN state = ?3 THEN ?4 ELSE state END, last_answer = ?2, secret = NULL, claimed_at = NULL
         WHERE id = ?1",
        params![mail_id, answer, MailState::Queued.as_str(), MailState::Failed.as_str()],
    )?;
    Ok(())
}

/// Every mail, oldest first; only those in one state if one is named.
pub fn list(tx: &Tx, state: Option<MailState>) -> Result<Vec<ListedMail>, Problem> {
    let word = state.map(MailState::as_str);
    tx.rows(&listed_where("?1 IS NULL OR state = ?1", "created_at, id"), params![word], read_listed)
}

/// The mails whose message is kept here, oldest first.
pub fn kept(tx: &Tx) -> Result<Vec<ListedMail>, Problem> {
    tx.rows(&listed_where("message IS NOT NULL", "created_at, id"), (), read_listed)
}

/// One mail.
pub fn find(tx: &Tx, mail_id: MailId) -> Result<Option<ListedMail>, Problem> {
    tx.optional(&listed_where("id = ?1", "id"), [mail_id], read_listed)
}

/// Without the message, which may be long.
fn listed_where(condition: &str, order: &str) -> String {
    format!(
        "SELECT id, invitation_id, recipient, state, claimed_at, attempts, tried_at, next_attempt_at, last_answer,
                created_at, delivered_at
         FROM mails
         WHERE {condition}
         ORDER BY {order}"
    )
}

/// Makes a waiting mail due now. False: it does not wait.
pub fn hurry(tx: &Tx, mail_id: MailId) -> Result<bool, Problem> {
    let hurried = tx.execute(
        &format!("UPDATE mails SET next_attempt_at = ?2 WHERE id = ?1 AND {}", waiting()),
        params![mail_id, tx.now()],
    )?;
    Ok(hurried == 1)
}

/// Takes one mail out of the outbox. False: it does not wait.
pub fn cancel(tx: &Tx, mail_id: MailId) -> Result<bool, Problem> {
    Ok(cancel_where(tx, "id", mail_id)? == 1)
}

/// The delivered message of a mail, as it would have gone over the wire; the inner `None`: not delivered
/// here (yet).
pub fn message(tx: &Tx, mail_id: MailId) -> Result<Option<Option<Vec<u8>>>, Problem> {
    tx.optional("SELECT message FROM mails WHERE id = ?1", [mail_id], |row| row.get(0))
}

fn read_listed(row: &Row) -> RowResult<ListedMail> {
    Ok(ListedMail {
        id: row.get("id")?,
        invitation_id: row.get("invitation_id")?,
        recipient: row.get("recipient")?,
        state: word(row, "state")?,
        is_on_its_way: row.get::<Option<i64>>("claimed_at")?.is_some(),
        attempts: row.get("attempts")?,
        tried_at: row.get("tried_at")?,
        next_attempt_at: row.get("next_attempt_at")?,
        last_answer: row.get("last_answer")?,
        created_at: row.get("created_at")?,
        delivered_at: row.get("delivered_at")?,
    })
}

/// The mails that were delivered here after one, in the order they were queued: ids of one process sort that way,
/// wherever the clock was moved meanwhile.
pub(crate) fn delivered_after(tx: &Tx, after: MailId) -> Result<Vec<ListedMail>, Problem> {
    let statement = listed_where("state = ?2 AND message IS NOT NULL AND id > ?1", "id");
    tx.rows(&statement, params![after, MailState::Delivered.as_str()], read_listed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

    #[test]
    fn what_waits_is_found_by_an_index_of_its_own() {
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
