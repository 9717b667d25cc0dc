//! Idempotency keys: the requests that were carried out, with their answers, until they expire.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Tx, params};
use crate::problem::Problem;
use crate::store::columns::{Record, stored};
use crate::store::ids::{CredentialId, UserId};

stored! {
    /// A request that was carried out.
    #[derive(Clone, Debug)]
    pub(crate) struct DoneRequest {
        fingerprint: Vec<u8>,
        /// The status of its answer.
        status: u32,
        /// What it made or changed.
        ids: Vec<Uuid>,
        /// The body of its answer, if that was kept.
        body: Option<Vec<u8>>,
    }
}

/// Which request it was: the key is of one credential.
#[derive(Clone, Copy)]
pub(crate) struct KeyOf<'k> {
    pub credential_id: CredentialId,
    pub key: &'k str,
}

/// The request of a key that has not expired.
pub(crate) fn find(tx: &Tx, of: KeyOf) -> Result<Option<DoneRequest>, Problem> {
    tx.optional(
        "SELECT fingerprint, status, ids, body FROM idempotency_keys
         WHERE credential_id = ?1 AND key = ?2 AND expires_at > ?3",
        params![of.credential_id, of.key, tx.now()],
        DoneRequest::read,
    )
}

/// Stores a request and its answer. An expired key is replaced.
pub(crate) fn add(
    tx: &Tx,
    of: KeyOf,
    user_id: UserId,
    done: &DoneRequest,
    expires_at: Timestamp,
) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO idempotency_keys (credential_id, key, user_id, fingerprint, status, ids, body, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (credential_id, key) DO UPDATE
         SET user_id = excluded.user_id, fingerprint = excluded.fingerprint, status = excluded.status,
             ids = excluded.ids, body = excluded.body, expires_at = excluded.expires_at",
        params![
            of.credential_id,
            of.key,
            user_id,
            done.fingerprint,
            done.status,
            done.ids,
            done.body,
            expires_at
        ],
    )
    .map(drop)
}

/// How many keys of a user have not expired, and when the first of them expires.
pub(crate) fn live_of_user(tx: &Tx, user_id: UserId) -> Result<(u64, Option<Timestamp>), Problem> {
    tx.row(
        "SELECT count(*) AS keys, min(expires_at) AS first_end FROM idempotency_keys
         WHERE user_id = ?1 AND expires_at > ?2",
        params![user_id, tx.now()],
        |row| Ok((row.get::<i64>("keys")?.unsigned_abs(), row.get("first_end")?)),
    )
}

/// Whether any key has expired.
pub(crate) fn any_expired(tx: &Tx) -> Result<bool, Problem> {
    tx.exists("SELECT 1 FROM idempotency_keys WHERE expires_at <= ?1 LIMIT 1", [tx.now()])
}

/// Removes expired keys, the oldest first, at most `keys_max`.
pub(crate) fn remove_expired(tx: &Tx, keys_max: u32) -> Result<usize, Problem> {
    tx.execute(
        "DELETE FROM idempotency_keys WHERE (credential_id, key) IN
             (SELECT credential_id, key FROM idempotency_keys WHERE expires_at <= ?1
              ORDER BY expires_at LIMIT ?2)",
        params![tx.now(), keys_max],
    )
}
