//! SQL on the outbox and the local mailbox.

use uuid::Uuid;

use super::ListedMail;
use super::render::InvitationMail;
use crate::clock::Timestamp;
use crate::db::{Row, RowResult, Tx, params};
use crate::problem::Problem;
use crate::secret::Secret;

/// A mail that waits to be delivered.
pub(super) struct QueuedMail {
    pub id: Uuid,
    /// As stored: reading it is part of building the mail, so that an unreadable one fails alone.
    pub content_json: String,
    pub secret: String,
    pub attempts: u32,
    pub created_at: Timestamp,
}

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
            tx.now().as_millis(),
        ],
    )?;
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

/// The mails whose time has come, the longest waiting first.
pub(super) fn due(tx: &Tx, count_max: u32) -> Result<Vec<QueuedMail>, Problem> {
    tx.rows(
        "SELECT id, content, secret, attempts, created_at
         FROM mails
         WHERE state = 'queued' AND next_attempt_at <= ?1
         ORDER BY next_attempt_at, id
         LIMIT ?2",
        params![tx.now().as_millis(), count_max],
        |row| {
            Ok(QueuedMail {
                id: row.get("id")?,
                content_json: row.get("content")?,
                secret: row.get("secret")?,
                attempts: row.get("attempts")?,
                created_at: Timestamp::from_millis(row.get("created_at")?),
            })
        },
    )
}

/// Notes a delivery, wipes the secret, and keeps the message if this is its mailbox. Does nothing to a
/// mail that was cancelled meanwhile.
pub(super) fn mark_delivered(tx: &Tx, mail_id: Uuid, kept: Option<&[u8]>) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails
         SET state = 'delivered', delivered_at = ?2, message = ?3, secret = NULL, attempts = attempts + 1,
             last_error = NULL
         WHERE id = ?1 AND state = 'queued'",
        params![mail_id, tx.now().as_millis(), kept],
    )?;
    Ok(())
}

/// Notes a failed try and when the next one is.
pub(super) fn mark_tried(
    tx: &Tx,
    mail_id: Uuid,
    error: &str,
    next_attempt_at: Timestamp,
) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails
         SET attempts = attempts + 1, last_error = ?2, next_attempt_at = ?3
         WHERE id = ?1 AND state = 'queued'",
        params![mail_id, error, next_attempt_at.as_millis()],
    )?;
    Ok(())
}

/// Gives a mail up and wipes its secret.
pub(super) fn mark_failed(tx: &Tx, mail_id: Uuid, error: &str) -> Result<(), Problem> {
    tx.execute(
        "UPDATE mails
         SET state = 'failed', attempts = attempts + 1, last_error = ?2, secret = NULL
         WHERE id = ?1 AND state = 'queued'",
        params![mail_id, error],
    )?;
    Ok(())
}

/// Every mail, oldest first.
pub fn list(tx: &Tx) -> Result<Vec<ListedMail>, Problem> {
    tx.rows(
        "SELECT id, recipient, state, attempts, last_error, created_at, delivered_at
         FROM mails
         ORDER BY created_at, id",
        [],
        read_listed,
    )
}

/// The delivered message of a mail, as it would have gone over the wire; the inner `None`: not delivered
/// here (yet).
pub fn message(tx: &Tx, mail_id: Uuid) -> Result<Option<Option<Vec<u8>>>, Problem> {
    tx.optional("SELECT message FROM mails WHERE id = ?1", [mail_id], |row| row.get(0))
}

fn read_listed(row: &Row) -> RowResult<ListedMail> {
    let delivered_at: Option<i64> = row.get("delivered_at")?;
    Ok(ListedMail {
        id: row.get("id")?,
        recipient: row.get("recipient")?,
        state: row.get("state")?,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        delivered_at: delivered_at.map(Timestamp::from_millis),
    })
}
