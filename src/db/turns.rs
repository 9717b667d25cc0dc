//! Turns on what there is little of: connections that read, memory for exports. No party has all of them, so that the others
//! always find one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::party::Party;

/// From this many parties on those without a turn are forgotten.
const PARTIES_KEPT: usize = 256;

/// A number of turns. Waiting for one is asynchronous.
pub struct Turns {
    all: Arc<Semaphore>,
    of_parties: Mutex<HashMap<Party, Arc<Semaphore>>>,
    of_each: usize,
}

/// A turn, which ends when this is dropped.
pub struct Turn {
    _of_party: Option<OwnedSemaphorePermit>,
    _of_all: OwnedSemaphorePermit,
}

impl Turns {
    /// So many turns, and the most that one party has at once.
    #[must_use]
    pub fn new(count: usize, of_each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(count)), of_parties: Mutex::default(), of_each }
    }

    /// Waits for a turn. The server itself asks seldom, and has no line of its own. It fails only if the turns were closed,
    /// which they never are.
    pub async fn take(&self, party: Party) -> Result<Turn, AcquireError> {
        let of_party = match party {
            Party::Server => None,
            _ => Some(self.of(party).acquire_owned().await?),
        };
        let of_all = Arc::clone(&self.all).acquire_owned().await?;
        Ok(Turn { _of_party: of_party, _of_all: of_all })
    }

    fn of(&self, party: Party) -> Arc<Semaphore> {
        let mut of_parties = self.of_parties.lock().unwrap_or_else(PoisonError::into_inner);
        if of_parties.len() >= PARTIES_KEPT && !of_parties.contains_key(&party) {
            // One that is waited for, or has a turn, is referred to from there, too.
            of_parties.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        Arc::clone(of_parties.entry(party).or_insert_with(|| Arc::new(Semaphore::new(self.of_each))))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use tokio::time::timeout;
    use uuid::Uuid;

    fn party(number: u128) -> Party {
        Party::Organisation(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn a_party_with_half_of_the_turns_waits_and_others_do_not() {
        let turns = Turns::new(4, 2);
        let soon = Duration::from_millis(20);
        let first = (turns.take(party(1)).await.unwrap(), turns.take(party(1)).await.unwrap());
        assert!(timeout(soon, turns.take(party(1))).await.is_err());
        let second = turns.take(party(2)).await.unwrap();
        let of_server = timeout(soon, turns.take(Party::Server)).await.unwrap().unwrap();
        assert!(timeout(soon, turns.take(Party::Server)).await.is_err(), "all are taken");
        drop((first, second, of_server));
        timeout(soon, turns.take(party(1))).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn parties_without_a_turn_are_forgotten() {
        let turns = Turns::new(4, 2);
        let kept = turns.take(party(0)).await.unwrap();
        for number in 1..2_000 {
            drop(turns.take(party(number)).await.unwrap());
        }
        let of_parties = turns.of_parties.lock().unwrap();
        assert!(of_parties.len() <= PARTIES_KEPT && of_parties.contains_key(&party(0)));
        drop((of_parties, kept));
    }
}
