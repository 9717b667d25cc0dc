//! Sessions in which a person has signed in: their SQL. The record is in `tokens`.

use crate::db::{Tx, params};
use crate::problem::Problem;
use crate::secret::{SecretHash, SecretKind};
use crate::store::columns::Record;
use crate::store::credentials;
use crate::store::ids::{OrganisationId, SessionId, UserId};
use crate::store::tokens::{Session, SessionSource, TOUCH_INTERVAL};

/// Notes that a session was used, unless another request has just done so.
pub(crate) fn touch(tx: &Tx, hash: &SecretHash) -> Result<(), Problem> {
    tx.execute(
        "UPDATE internal_tokens
         SET last_seen_at = ?2
         WHERE secret_hash = ?1 AND idle_ms IS NOT NULL AND (last_seen_at <= ?3 OR last_seen_at > ?2)",
        params![hash, tx.now(), tx.now().minus(TOUCH_INTERVAL)],
    )?;
    Ok(())
}

/// A session that is valid now, with its user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValidSession {
    pub(crate) id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) organisation_id: OrganisationId,
    pub(crate) is_touch_due: bool,
}

/// The valid session with this secret.
pub(crate) fn find(tx: &Tx, hash: &SecretHash) -> Result<Option<ValidSession>, Problem> {
    let found = credentials::find(tx, SecretKind::Session, hash)?;
    Ok(found.map(|found| ValidSession {
        id: found.credential_id.into(),
        user_id: found.user_id,
        organisation_id: found.organisation_id,
        is_touch_due: found.is_touch_due,
    }))
}

/// The sessions of a user that are valid now, newest first.
pub(crate) fn valid_of_user(tx: &Tx, user_id: UserId) -> Result<Vec<Session>, Problem> {
    tx.rows(
        "SELECT *
         FROM internal_tokens
         WHERE user_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)
           AND (idle_ms IS NULL OR last_seen_at + idle_ms > ?2)
         ORDER BY created_at DESC, id DESC",
        params![user_id, tx.now()],
        Session::read,
    )
}

/// Removes what is over of the sessions in which a user has signed in.
pub(crate) fn remove_ended(tx: &Tx, user_id: UserId) -> Result<(), Problem> {
    tx.execute(
        "DELETE FROM internal_tokens
         WHERE user_id = ?1 AND source <> ?3 AND (expires_at <= ?2 OR last_seen_at + idle_ms <= ?2)",
        params![user_id, tx.now(), SessionSource::CommandLine],
    )?;
    Ok(())
}

/// Ends a session of a user. Returns false if the user has none with this id.
pub(crate) fn end(tx: &Tx, user_id: UserId, id: SessionId) -> Result<bool, Problem> {
    let ended =
        tx.execute("DELETE FROM internal_tokens WHERE id = ?1 AND user_id = ?2", params![id, user_id])?;
    Ok(ended == 1)
}
