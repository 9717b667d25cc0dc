//! What is learned about a request while it is answered, for its log line: who asked, and what it waited for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// What is learned about one request. All parts of its handling share it.
#[derive(Debug, Default)]
pub struct RequestTrail {
    user_id: OnceLock<Uuid>,
    /// In microseconds.
    body: AtomicU64,
    queue: AtomicU64,
    database: AtomicU64,
}

/// How long a request waited for what, as far as known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// For the rest of its body.
    pub body_us: u64,
    /// For its turn at the database.
    pub queue_us: u64,
    /// For the database: its statements, and the commit.
    pub database_us: u64,
}

impl RequestTrail {
    /// Records whose credentials the request has.
    pub fn record_user(&self, user_id: Uuid) {
        // It is the same user each time.
        let _ = self.user_id.set(user_id);
    }

    /// The user whose credentials the request has, if they were looked up.
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        self.user_id.get().copied()
    }

    /// The body was read since `begun`.
    pub fn has_read_body(&self, begun: Instant) {
        self.body.fetch_add(micros(begun.elapsed()), Ordering::Relaxed);
    }

    /// The database begins what it was asked for at `asked`. It may begin again after a conflict, which counts as its work.
    pub fn database_begins(&self, asked: Instant) {
        let waited = micros(asked.elapsed());
        let _ = self.queue.compare_exchange(0, waited, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The database has done what it was asked for at `asked`.
    pub fn database_has_answered(&self, asked: Instant) {
        let queued = self.queue.load(Ordering::Relaxed);
        self.database.fetch_add(micros(asked.elapsed()).saturating_sub(queued), Ordering::Relaxed);
    }

    /// How long it waited for what.
    #[must_use]
    pub fn waits(&self) -> Waits {
        let load = |length: &AtomicU64| length.load(Ordering::Relaxed);
        Waits { body_us: load(&self.body), queue_us: load(&self.queue), database_us: load(&self.database) }
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_waits_for_is_told_apart() {
        let trail = RequestTrail::default();
        let ago = |seconds| Instant::now() - Duration::from_secs(seconds);
        trail.has_read_body(ago(10));
        trail.database_begins(ago(20));
        // After a conflict.
        trail.database_begins(ago(60));
        trail.database_has_answered(ago(100));
        let Waits { body_us, queue_us, database_us } = trail.waits();
        assert_eq!([body_us, queue_us, database_us].map(|micros| micros / 1_000_000), [10, 20, 80]);
    }
}
