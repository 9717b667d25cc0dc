//! What retention removes: a few rows with each call, so that a write can end after any of them. What to remove is found
//! by the order of an index that is there anyway, since each write pays for an index.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Tx, params};
use crate::generated::models::InvitationStatus;
use crate::mail_states::MailState;
use crate::problem::Problem;
use crate::secret::SecretHash;
use crate::store::audit_log_segments::{self, Position};
use crate::store::ids::{AuditLogId, MailId, OrganisationId};
use crate::store::invitations::SecretState;

/// How many rows one call removes at most.
pub(crate) const ROWS_MAX: usize = 16;
/// How many rows one call of a walk looks at.
const LOOKED_AT: u32 = 1_000;

/// The newest entry of all audit logs, which is never removed: a file is recognised by it.
pub(crate) fn newest_entry(tx: &Tx) -> Result<Option<AuditLogId>, Problem> {
    tx.optional("SELECT id FROM audit_logs ORDER BY id DESC LIMIT 1", (), |row| row.get(0))
}

/// The organisations whose audit log has entries from before a time, except the one that stays.
pub(crate) fn with_old_entries(
    tx: &Tx,
    before: Timestamp,
    stays: AuditLogId,
) -> Result<Vec<OrganisationId>, Problem> {
    tx.rows(
        "SELECT id
         FROM organisations
         WHERE EXISTS (SELECT 1
                       FROM audit_logs
                       WHERE organisation_id = organisations.id AND created_at < ?1 AND audit_logs.id <> ?2)
         ORDER BY id",
        params![before, stays],
        |row| row.get(0),
    )
}

/// Removes the oldest of those entries. Returns how many it has removed.
pub(crate) fn remove_entries(
    tx: &Tx,
    organisation_id: OrganisationId,
    before: Timestamp,
    stays: AuditLogId,
) -> Result<usize, Problem> {
    let removed: Vec<Position> = tx.rows(
        "DELETE FROM audit_logs
         WHERE id IN (SELECT id
                      FROM audit_logs
                      WHERE organisation_id = ?1 AND created_at < ?2 AND id <> ?3
                      ORDER BY created_at, id
                      LIMIT ?4)
         RETURNING created_at, id",
        params![organisation_id, before, stays, rows_max()],
        |row| Ok((row.get("created_at")?, row.get("id")?)),
    )?;
    if let Some(last) = removed.iter().max() {
        audit_log_segments::remove_passed(tx, organisation_id, *last)?;
    }
    Ok(removed.len())
}

fn rows_max() -> u32 {
    u32::try_from(ROWS_MAX).unwrap_or(u32::MAX)
}

/// A part of a walk through a table: what can be removed of it, and where the next part begins.
#[derive(Clone, Debug)]
pub(crate) struct Walked<Key, Place> {
    pub(crate) removable: Vec<Key>,
    /// `None` after the last part.
    pub(crate) next: Option<Place>,
}

impl<Key, Place> Walked<Key, Place> {
    /// Of rows with whether each can be removed.
    fn of(rows: Vec<(Key, Place, bool)>) -> Self {
        let is_last = rows.len() < LOOKED_AT as usize;
        let mut walked = Self { removable: Vec::new(), next: None };
        for (key, place, is_removable) in rows {
            walked.next = Some(place);
            walked.removable.extend(is_removable.then_some(key));
        }
        if is_last {
            walked.next = None;
        }
        walked
    }
}

/// Where a walk through the mails is: behind the one with this time and id.
pub(crate) type MailPlace = (Timestamp, MailId);

/// The mails behind a place that were queued before a time, and that nothing has happened to since: those that are not
/// queued, and not in the hands of a server.
pub(crate) fn old_mails(
    tx: &Tx,
    after: Option<MailPlace>,
    before: Timestamp,
) -> Result<Walked<MailId, MailPlace>, Problem> {
    let (at, id) = after.unwrap_or((Timestamp::from_millis(i64::MIN), Uuid::nil().into()));
    let rows = tx.rows(
        "SELECT created_at, id,
                CASE WHEN state <> ?4 AND claimed_at IS NULL AND coalesce(delivered_at, tried_at, created_at) < ?3
                     THEN 1 ELSE 0 END AS is_removable
         FROM mails
         WHERE (created_at, id) > (?1, ?2) AND created_at < ?3
         ORDER BY created_at, id
         LIMIT ?5",
        params![at, id, before, MailState::Queued, LOOKED_AT],
        |row| {
            let (at, id) = (row.get("created_at")?, row.get("id")?);
            Ok((id, (at, id), row.get("is_removable")?))
        },
    )?;
    Ok(Walked::of(rows))
}

/// Removes a mail, unless it was queued again. Returns how many it has removed.
pub(crate) fn remove_mail(tx: &Tx, mail_id: MailId) -> Result<usize, Problem> {
    tx.execute(
        "DELETE FROM mails WHERE id = ?1 AND state <> ?2 AND claimed_at IS NULL",
        params![mail_id, MailState::Queued],
    )
}

/// The secrets behind another one, in the order of their hashes, that no longer work and whose invitation was accepted, was
/// withdrawn or has expired before a time. One that counts for the limits of sending stays until these no longer look at
/// it.
pub(crate) fn dead_secrets(
    tx: &Tx,
    after: Option<SecretHash>,
    before: Timestamp,
    sent_before: Timestamp,
) -> Result<Walked<SecretHash, SecretHash>, Problem> {
    let rows = tx.rows(
        "SELECT secret_hash,
                CASE WHEN secret.state <> ?4 AND secret.created_at < ?2 AND invitations.updated_at < ?2
                      AND (invitations.status = ?5 OR invitations.expires_at < ?2)
                      AND (secret.is_send = 0 OR secret.created_at < ?3)
                     THEN 1 ELSE 0 END AS is_removable
         FROM invitation_secrets AS secret
         JOIN invitations ON invitations.id = secret.invitation_id
         WHERE secret_hash > ?1
         ORDER BY secret_hash
         LIMIT ?6",
        params![
            after.unwrap_or(SecretHash::from_bytes([0; 32])),
            before,
            sent_before,
            SecretState::Live,
            InvitationStatus::Accepted,
            LOOKED_AT
        ],
        |row| {
            let hash: SecretHash = row.get("secret_hash")?;
            Ok((hash, hash, row.get("is_removable")?))
        },
    )?;
    Ok(Walked::of(rows))
}

/// Removes a secret that no longer works. Returns how many it has removed.
pub(crate) fn remove_secret(tx: &Tx, hash: SecretHash) -> Result<usize, Problem> {
    tx.execute(
        "DELETE FROM invitation_secrets WHERE secret_hash = ?1 AND state <> ?2",
        params![hash, SecretState::Live],
    )
}
