//! What was found a moment ago, so that the first look of a request need not go to the database server each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::db::party::Party;

/// What is looked for: the hash of a secret.
pub(in crate::db) type Key = [u8; 32];

/// How long a key counts as found. The transaction of the request looks again, so a secret that was revoked meanwhile
/// gains nothing.
const VALID_FOR: Duration = Duration::from_secs(1);
/// The most keys; with more, all are forgotten.
const KEYS_MAX: usize = 4096;

/// The keys that were found, and the parties they belong to.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<HashMap<Key, (Instant, Party)>>);

impl KnownKeys {
    pub(super) fn party(&self, key: &Key) -> Option<Party> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).filter(|(found, _)| found.elapsed() < VALID_FOR).map(|(_, party)| *party)
    }

    pub(super) fn add(&self, key: Key, party: Party) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS_MAX {
            known.clear();
        }
        known.insert(key, (Instant::now(), party));
    }
}
