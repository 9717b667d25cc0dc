//! SQL on the mailbox as a test reads it.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Tx, params};
use crate::problem::Problem;

/// A mail that was delivered here, without its message.
pub(super) struct Kept {
    pub id: Uuid,
    pub recipient: String,
    pub created_at: Timestamp,
    pub delivered_at: Timestamp,
}

/// The mails that came after one, in the order they were queued: ids of one process sort that way,
/// wherever the clock was moved meanwhile.
pub(super) fn delivered_after(tx: &Tx, after: Uuid) -> Result<Vec<Kept>, Problem> {
    tx.rows(
        "SELECT id, recipient, created_at, delivered_at
         FROM mails
         WHERE state = 'delivered' AND message IS NOT NULL AND id > ?1
         ORDER BY id",
        params![after],
        |row| {
            Ok(Kept {
                id: row.get("id")?,
                recipient: row.get("recipient")?,
                created_at: row.get("created_at")?,
                delivered_at: row.get("delivered_at")?,
            })
        },
    )
}
