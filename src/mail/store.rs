//! SQL on the outbox and the local mailbox.

use std::time::Duration;

use uuid::Uuid;

use super::ListedMail;
use super::post::QueuedMail;
use super::render::InvitationMail;
use super::transport::Sent;
use crate::clock::Timestamp;
use crate::db::{Row, RowResult, Tx, params};
use crate::problem::Problem;
use crate::secret::Secret;

/// The longest that a mail waits for its next try. One that is due later than this from now was marked by a clock
/// that was ahead and has been put right, and counts as due: it could otherwise wait for years.
pub(super) const WAIT_MAX: Duration = Duration::from_hours(1);

/// Adds a mail to the outbox.
pub(super) fn queue(
    tx: &Tx,
    organisation_id: Uuid,
    invitation_id: Uuid,
    content: &InvitationMail,
    secret: &Secret,
) -> Result<(), Problem> {
    let json = serde_json::to_string(content)
        .map_err(|cause| Problem::internal("writing a mail's content", cause))?;
    tx.execute(
        "INSERT INTO mails (id, organisation_id, invitation_id, recipient, content, secret, state, attempts,
                            next_attempt_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', 0, ?7, ?7)",
        params![
            tx.new_id(),
            organisation_id,
            invitation_id,
            content.recipient,
            json,
            secret.reveal(),
            tx.now(),
        ],
    )?;
    tx.ring_for_mail();
    Ok(())
}

/// Drops what is queued for an invitation, because a newer secret makes it pointless.
pub fn cancel_queued(tx: &Tx, invitation_id: Uuid) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails SET state = 'cancelled', secret = NULL WHERE invitation_id = ?1 AND state = 'queued'",
        [invitation_id],
    )?;
    Ok(())
}

/// Claims the mails whose time has come, the longest waiting first. The try is counted here and not when it is
/// over, so that one whose try ends the process is known by its count at the next start.
pub(super) fn claim(tx: &Tx, count_max: usize) -> Result<Vec<QueuedMail>, Problem> {
    tx.execute(
        "UPDATE mails SET next_attempt_at = ?1
         WHERE state = 'queued' AND claimed_at IS NULL AND next_attempt_at > ?2",
        [tx.now(), tx.now().plus(WAIT_MAX)],
    )?;
    tx.rows(
        "UPDATE mails
         SET claimed_at = ?1, tried_at = ?1, attempts = attempts + 1
         WHERE id IN (SELECT id
                      FROM mails
                      WHERE state = 'queued' AND claimed_at IS NULL AND next_attempt_at <= ?1
                      ORDER BY next_attempt_at, id
                      LIMIT ?2)
         RETURNING id, content, secret, attempts, created_at",
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
pub(super) fn any_due(tx: &Tx) -> Result<bool, Problem> {
    Ok(next_due(tx)?.is_some_and(|next| next <= tx.now()))
}

/// When the next mail is due.
pub(super) fn next_due(tx: &Tx) -> Result<Option<Timestamp>, Problem> {
    let is_beyond_any_wait = tx.exists(
        "SELECT 1 FROM mails WHERE state = 'queued' AND claimed_at IS NULL AND next_attempt_at > ?1",
        [tx.now().plus(WAIT_MAX)],
    )?;
    if is_beyond_any_wait {
        return Ok(Some(tx.now()));
    }
    tx.optional(
        "SELECT next_attempt_at
         FROM mails
         WHERE state = 'queued' AND claimed_at IS NULL
         ORDER BY next_attempt_at
         LIMIT 1",
        [],
        |row| row.get(0),
    )
}

/// Whether mails have been due since before this moment, or wait longer than any may, although nobody has any
/// in hand.
pub fn is_stuck(tx: &Tx, since: Timestamp) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1
         WHERE (EXISTS (SELECT 1 FROM mails
                        WHERE state = 'queued' AND claimed_at IS NULL AND next_attempt_at < ?1)
                OR EXISTS (SELECT 1 FROM mails
                           WHERE state = 'queued' AND claimed_at IS NULL AND next_attempt_at > ?2))
               AND NOT EXISTS (SELECT 1 FROM mails WHERE claimed_at >= ?1)",
        [since, tx.now().plus(WAIT_MAX)],
    )
}

/// A mail that a server held when it ended.
pub(super) struct ClaimedMail {
    pub(super) id: Uuid,
    pub(super) attempts: u32,
    pub(super) created_at: Timestamp,
}

/// The mails that are on their way, or were when a server ended.
pub(super) fn claimed(tx: &Tx) -> Result<Vec<ClaimedMail>, Problem> {
    tx.rows("SELECT id, attempts, created_at FROM mails WHERE claimed_at IS NOT NULL", [], |row| {
        Ok(ClaimedMail {
            id: row.get("id")?,
            attempts: row.get("attempts")?,
            created_at: row.get("created_at")?,
        })
    })
}

/// Notes a delivery, wipes the secret, and keeps the message if this is its mailbox. A mail that was
/// cancelled while it was on its way was delivered all the same, and the list says so.
pub(super) fn mark_delivered(tx: &Tx, mail_id: Uuid, sent: &Sent) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails
         SET state = 'delivered', delivered_at = ?2, message = ?3, last_answer = ?4, secret = NULL,
             claimed_at = NULL
         WHERE id = ?1 AND claimed_at IS NOT NULL",
        params![mail_id, tx.now(), sent.kept, sent.answer],
    )?;
    Ok(())
}

/// Notes a failed try and when the next one is.
pub(super) fn mark_tried(
    tx: &Tx,
    mail_id: Uuid,
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
pub(super) fn mark_failed(tx: &Tx, mail_id: Uuid, answer: &str) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails
         SET state = iif(state = 'queued', 'failed', state), last_answer = ?2, secret = NULL, claimed_at = NULL
         WHERE id = ?1",
        params![mail_id, answer],
    )?;
    Ok(())
}

/// Every mail, oldest first; only those in one state if one is named.
pub fn list(tx: &Tx, state: Option<&str>) -> Result<Vec<ListedMail>, Problem> {
    tx.rows(
        "SELECT id, invitation_id, recipient, state, claimed_at, attempts, tried_at, next_attempt_at, last_answer,
                created_at, delivered_at
         FROM mails
         WHERE ?1 IS NULL OR state = ?1
         ORDER BY created_at, id",
        params![state],
        read_listed,
    )
}

/// The mails whose message is kept here, oldest first.
pub fn kept(tx: &Tx) -> Result<Vec<ListedMail>, Problem> {
    tx.rows(
        "SELECT id, invitation_id, recipient, state, claimed_at, attempts, tried_at, next_attempt_at, last_answer,
                created_at, delivered_at
         FROM mails
         WHERE message IS NOT NULL
         ORDER BY created_at, id",
        [],
        read_listed,
    )
}

/// One mail.
pub fn find(tx: &Tx, mail_id: Uuid) -> Result<Option<ListedMail>, Problem> {
    tx.optional(
        "SELECT id, invitation_id, recipient, state, claimed_at, attempts, tried_at, next_attempt_at, last_answer,
                created_at, delivered_at
         FROM mails
         WHERE id = ?1",
        [mail_id],
        read_listed,
    )
}

/// Makes a waiting mail due now. False: it does not wait.
pub fn hurry(tx: &Tx, mail_id: Uuid) -> Result<bool, Problem> {
    let hurried = tx.execute(
        "UPDATE mails SET next_attempt_at = ?2 WHERE id = ?1 AND state = 'queued' AND claimed_at IS NULL",
        params![mail_id, tx.now()],
    )?;
    Ok(hurried == 1)
}

/// Takes one mail out of the outbox. False: it does not wait.
pub fn cancel(tx: &Tx, mail_id: Uuid) -> Result<bool, Problem> {
    let cancelled = tx.execute(
        "UPDATE mails SET state = 'cancelled', secret = NULL WHERE id = ?1 AND state = 'queued'",
        [mail_id],
    )?;
    Ok(cancelled == 1)
}

/// The delivered message of a mail, as it would have gone over the wire; the inner `None`: not delivered
/// here (yet).
pub fn message(tx: &Tx, mail_id: Uuid) -> Result<Option<Option<Vec<u8>>>, Problem> {
    tx.optional("SELECT message FROM mails WHERE id = ?1", [mail_id], |row| row.get(0))
}

fn read_listed(row: &Row) -> RowResult<ListedMail> {
    Ok(ListedMail {
        id: row.get("id")?,
        invitation_id: row.get("invitation_id")?,
        recipient: row.get("recipient")?,
        state: row.get("state")?,
        is_on_its_way: row.get::<_, Option<i64>>("claimed_at")?.is_some(),
        attempts: row.get("attempts")?,
        tried_at: row.get("tried_at")?,
        next_attempt_at: row.get("next_attempt_at")?,
        last_answer: row.get("last_answer")?,
        created_at: row.get("created_at")?,
        delivered_at: row.get("delivered_at")?,
    })
}
