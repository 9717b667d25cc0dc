//! What stands in the way of a request with an `Idempotency-Key`, and what is said of it.

use uuid::Uuid;

use super::kind::{ProblemKind, kind};

/// Why a request with an `Idempotency-Key` is neither carried out nor answered as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdempotencyProblem {
    /// The key belongs to another request (422).
    KeyReused,
    /// The request was carried out, and its answer was not kept (409).
    AlreadyDone {
        /// What the ids are ids of.
        noun: &'static str,
        /// What was made or changed.
        ids: Vec<Uuid>,
        /// Why there is no answer to give again.
        reason: NotKept,
    },
    /// The user has as many live keys as one may have (429).
    TooManyKeys {
        /// How many that is.
        keys_max: u64,
        /// Whole seconds until the first of them ends.
        retry_after_seconds: u64,
    },
}

/// Why an answer was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// It held a secret.
    Secret,
    /// It was too large.
    Large {
        /// The most bytes of an answer that is kept.
        bytes_max: usize,
    },
}

impl IdempotencyProblem {
    pub(super) fn kind(&self) -> ProblemKind {
        match self {
            Self::KeyReused => {
                kind(422, "idempotency-key-reused", "The Idempotency-Key belongs to another request")
            }
            Self::AlreadyDone { .. } => kind(409, "already-done", "This was done already"),
            Self::TooManyKeys { .. } => {
                kind(429, "too-many-idempotency-keys", "Too many Idempotency-Keys are in use")
            }
        }
    }

    /// What was made or changed by a request that was carried out.
    pub(super) fn ids(&self) -> &[Uuid] {
        match self {
            Self::AlreadyDone { ids, .. } => ids,
            Self::KeyReused | Self::TooManyKeys { .. } => &[],
        }
    }

    pub(super) fn detail(&self) -> String {
        match self {
            Self::KeyReused => {
                "This Idempotency-Key came with another request before: another method, path, query or body. Send a \
                 new key with each new request, and the same one only with a repeat."
                    .to_owned()
            }
            Self::AlreadyDone { noun, ids, reason } => {
                let what = match ids.as_slice() {
                    [id] => format!("the {noun} {id}"),
                    _ => format!("each {noun} that ids names"),
                };
                let reason = match reason {
                    NotKept::Secret => {
                        "The answer held a secret, which is not kept. If the secret is lost, make a new one."
                            .to_owned()
                    }
                    NotKept::Large { bytes_max } => {
                        format!("Answers of more than {bytes_max} bytes are not kept. Read it with GET.")
                    }
                };
                format!("A request with this Idempotency-Key was carried out already; see {what}. {reason}")
            }
            Self::TooManyKeys { keys_max, retry_after_seconds } => format!(
                "You have {keys_max} Idempotency-Keys that are younger than a day. Send the request without one, or \
                 try again in {retry_after_seconds} seconds."
            ),
        }
    }
}
