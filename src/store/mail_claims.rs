//! Claims on queued mails: a server sends only what it has claimed, and what it records of a mail has an effect only while
//! its claim stands.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::db::{Tx, params};
use crate::mail_states::{MailKind, MailState};
use crate::problem::Problem;
use crate::store::columns::{Record, stored};
use crate::store::ids::{InstanceId, MailId};
use crate::store::mails::{ListedMail, WAIT_MAX, listed_where, waiting};

/// How long a claim is valid. Its server renews it while it is sending the mail; if the server ended or stands still, another
/// one takes the mail over after this time.
pub(crate) const CLAIM_TIME: Duration = Duration::from_secs(30);

stored! {
    /// A mail that was claimed for sending. It has a secret, and therefore no `Debug`.
    pub struct QueuedMail {
        /// The mail's id, from which its Message-ID is derived.
        id: MailId,
        /// What it is for.
        kind: MailKind,
        /// The stored JSON. It is parsed when the mail is built, so that an unreadable one fails alone.
        content_json: String = "content",
        /// The invitation's secret, or the code for signing in.
        secret: String,
        /// The number of attempts, including this one.
        attempts: u32,
        /// When it was queued.
        created_at: Timestamp,
    }
}

/// Claims the mails that are due for a server, oldest due time first. The attempt is counted here and not when it ends, so that a
/// mail whose attempt crashes the process is recognised by its count.
pub(crate) fn claim(tx: &Tx, owner: InstanceId, count_max: usize) -> Result<Vec<QueuedMail>, Problem> {
    let waiting = waiting();
    tx.execute(
        &format!("UPDATE mails SET next_attempt_at = ?1 WHERE {waiting} AND next_attempt_at > ?2"),
        [tx.now(), tx.now().plus(WAIT_MAX)],
    )?;
    tx.rows(
        &format!(
            "UPDATE mails
             SET claimed_at = ?1, tried_at = ?1, attempts = attempts + 1, claimed_by = ?3, claim_ends_at = ?4
             WHERE id IN (SELECT id
                          FROM mails
                          WHERE {waiting} AND next_attempt_at <= ?1
                          ORDER BY next_attempt_at, id
                          LIMIT ?2)
             RETURNING id, kind, content, secret, attempts, created_at"
        ),
        params![tx.now(), i64::try_from(count_max).unwrap_or(i64::MAX), owner, tx.now().plus(CLAIM_TIME)],
        QueuedMail::read,
    )
}

/// Extends the claims of a server, whose mails are still being sent.
pub(crate) fn renew_claims(tx: &Tx, owner: InstanceId) -> Result<usize, Problem> {
    tx.execute(
        "UPDATE mails SET claim_ends_at = ?2 WHERE claimed_at IS NOT NULL AND claimed_by = ?1",
        params![owner, tx.now().plus(CLAIM_TIME)],
    )
}

/// Mails that were being sent when their server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// Those of all servers but this one: there is no other.
    OfOthers(InstanceId),
    /// Those whose claims have ended, and those claimed under a clock that was ahead, except for this server's own.
    Lapsed(InstanceId),
    /// Those of this server, which is ending.
    Own(InstanceId),
}

/// The interrupted mails.
pub(crate) fn interrupted(tx: &Tx, interrupted: Interrupted) -> Result<Vec<ListedMail>, Problem> {
    let (now, latest) = (tx.now(), tx.now().plus(CLAIM_TIME));
    match interrupted {
        Interrupted::OfOthers(own) => tx.rows(
            &listed_where("claimed_at IS NOT NULL AND claimed_by <> ?1", "id"),
            [own],
            ListedMail::read,
        ),
        Interrupted::Own(own) => tx.rows(
            &listed_where("claimed_at IS NOT NULL AND claimed_by = ?1", "id"),
            [own],
            ListedMail::read,
        ),
        Interrupted::Lapsed(own) => tx.rows(
            &listed_where(
                "claimed_at IS NOT NULL AND claimed_by <> ?1 AND (claim_ends_at <= ?2 OR claim_ends_at > ?3)",
                "id",
            ),
            params![own, now, latest],
            ListedMail::read,
        ),
    }
}

/// Ends the claim on an interrupted mail. Returns false if that was done already.
pub(crate) fn release(
    tx: &Tx,
    mail_id: MailId,
    answer: &str,
    next_attempt_at: Timestamp,
) -> Result<bool, Problem> {
    let released = tx.execute(
        "UPDATE mails SET last_answer = ?2, next_attempt_at = ?3, claimed_at = NULL
         WHERE id = ?1 AND claimed_at IS NOT NULL",
        params![mail_id, answer, next_attempt_at],
    )?;
    Ok(released == 1)
}

/// A mail in the hands of a server. What the server records of it has an effect only while its claim stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailClaim {
    pub(crate) mail_id: MailId,
    pub(crate) owner: InstanceId,
}

/// Records a delivery, erases the secret, and stores the message if this is the local mailbox. A mail that was
/// cancelled while it was being sent is recorded as delivered too. Returns false if the claim no longer stands.
pub(crate) fn mark_delivered(
    tx: &Tx,
    claim: MailClaim,
    answer: Option<&str>,
    kept: Option<&[u8]>,
) -> Result<bool, Problem> {
    let marked = tx.execute(
        "UPDATE mails
         SET state = ?5, delivered_at = ?2, message = ?3, last_answer = ?4, secret = NULL,
             claimed_at = NULL
         WHERE id = ?1 AND claimed_at IS NOT NULL AND claimed_by = ?6",
        params![claim.mail_id, tx.now(), kept, answer, MailState::Delivered, claim.owner],
    )?;
    Ok(marked == 1)
}

/// Records a failed attempt and the time of the next one. Returns false if the claim no longer stands.
pub(crate) fn mark_tried(
    tx: &Tx,
    claim: MailClaim,
    answer: &str,
    next_attempt_at: Timestamp,
) -> Result<bool, Problem> {
    let marked = tx.execute(
        "UPDATE mails SET last_answer = ?2, next_attempt_at = ?3, claimed_at = NULL
         WHERE id = ?1 AND claimed_at IS NOT NULL AND claimed_by = ?4",
        params![claim.mail_id, answer, next_attempt_at, claim.owner],
    )?;
    Ok(marked == 1)
}

/// Marks a mail as failed and erases its secret. A mail that was cancelled meanwhile stays cancelled. Returns false if the
/// claim no longer stands.
pub(crate) fn mark_failed(tx: &Tx, claim: MailClaim, answer: &str) -> Result<bool, Problem> {
    give_up(tx, claim.mail_id, Some(claim.owner), answer)
}

/// The same for an interrupted mail of any server.
pub(crate) fn give_up_interrupted(tx: &Tx, mail_id: MailId, answer: &str) -> Result<bool, Problem> {
    give_up(tx, mail_id, None, answer)
}

fn give_up(tx: &Tx, mail_id: MailId, owner: Option<InstanceId>, answer: &str) -> Result<bool, Problem> {
    let marked = tx.execute(
        "UPDATE mails
         SET state = CASE WHEN state = ?3 THEN ?4 ELSE state END, last_answer = ?2, secret = NULL, claimed_at = NULL
         WHERE id = ?1 AND claimed_at IS NOT NULL AND (?5 IS NULL OR claimed_by = ?5)",
        params![mail_id, answer, MailState::Queued, MailState::Failed, owner],
    )?;
    Ok(marked == 1)
}
