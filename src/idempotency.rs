//! POST requests with an `Idempotency-Key`: each is carried out once, and a repeat gets the stored answer.
//!
//! Look-up, work and row are one transaction. The caller's permission has been checked before.

use crate::access::Caller;
use crate::db::Tx;
use crate::http::{Idempotency, KeptAnswer, Posted};
use crate::limits::{ANSWER_BYTES_MAX, IDEMPOTENCY_KEY_LIFETIME, LIVE_IDEMPOTENCY_KEYS_MAX};
use crate::problem::{IdempotencyProblem, NotKept, Problem};
use crate::store;
use crate::store::idempotency_keys::{DoneRequest, KeyOf};
use crate::views::answers::{Keeping, Repeatable};

/// The most expired keys that one call removes. It is above the one key that a call adds, so that a backlog shrinks.
const EXPIRED_REMOVED_MAX: u32 = 16;

/// Returns the stored answer of this key; without one, carries the request out and stores its answer.
pub fn once<T: Repeatable>(
    tx: &Tx,
    caller: &Caller,
    idempotency: &Idempotency,
    work: impl FnOnce() -> Result<T, Problem>,
) -> Result<Posted<T>, Problem> {
    let of = KeyOf { credential_id: caller.credential_id, key: &idempotency.key };
    if let Some(done) = store::idempotency_keys::find(tx, of)? {
        if done.fingerprint != idempotency.fingerprint {
            return Err(Problem::Idempotency(IdempotencyProblem::KeyReused));
        }
        return repeated::<T>(done).map(Posted::Before);
    }
    check_room(tx, caller)?;
    let answer = work()?;
    let kept = KeptAnswer::of(&answer)?;
    let may_be_kept = T::KEEPING == Keeping::Body && kept.body.len() <= ANSWER_BYTES_MAX;
    let done = DoneRequest {
        fingerprint: idempotency.fingerprint.to_vec(),
        status: kept.status.into(),
        ids: answer.ids(),
        body: may_be_kept.then_some(kept.body),
    };
    let expires_at = tx.now().plus(IDEMPOTENCY_KEY_LIFETIME);
    // A call that is within its budget without a key is within it with one.
    tx.uncounted(|| {
        store::idempotency_keys::remove_expired(tx, EXPIRED_REMOVED_MAX)?;
        store::idempotency_keys::add(tx, of, caller.user_id, &done, expires_at)
    })?;
    Ok(Posted::Now(answer))
}

/// The stored answer, or 409 with the ids if the answer was not stored.
fn repeated<T: Repeatable>(done: DoneRequest) -> Result<KeptAnswer, Problem> {
    let status = u16::try_from(done.status).map_err(|cause| Problem::internal("a kept status", cause))?;
    if let Some(body) = done.body {
        return Ok(KeptAnswer { status, body });
    }
    let reason = match T::KEEPING {
        Keeping::IdsAlone => NotKept::Secret,
        Keeping::Body => NotKept::Large { bytes_max: ANSWER_BYTES_MAX },
    };
    Err(Problem::Idempotency(IdempotencyProblem::AlreadyDone { noun: T::NOUN, ids: done.ids, reason }))
}

/// Refuses a new key of a user who is at the limit (429).
fn check_room(tx: &Tx, caller: &Caller) -> Result<(), Problem> {
    let (keys, first_end) = store::idempotency_keys::live_of_user(tx, caller.user_id)?;
    if keys < LIVE_IDEMPOTENCY_KEYS_MAX {
        return Ok(());
    }
    let wait_ms = first_end.map_or(0, |end| end.as_millis() - tx.now().as_millis());
    Err(Problem::Idempotency(IdempotencyProblem::TooManyKeys {
        keys_max: LIVE_IDEMPOTENCY_KEYS_MAX,
        retry_after_seconds: u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000).max(1),
    }))
}
