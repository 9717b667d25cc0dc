//! The parts the process cannot work without, and how their end is reported.
//!
//! Each vital part (the writer, the mail delivery, the accept loop) holds a [`Pulse`]. When one ends without
//! being told to, by a panic for example, the first such end is kept and everyone waiting is told: `/livez`
//! answers 503, and `serve` ends with an error so that its supervisor starts it again.

use std::sync::Arc;

use tokio::sync::watch;

/// Why the process cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The thread that writes to the database is gone.
    Writer,
    /// The thread that folds the write-ahead log into the database is gone.
    Checkpointer,
    /// The task that delivers mail is gone.
    Delivery,
    /// The task that accepts connections is gone.
    Accepting,
    /// The database file was moved, removed or replaced while it was served.
    FileGone,
    /// The database file is damaged, or another program has written it.
    Damaged,
    /// Another program has overwritten the wal-index.
    WalIndex,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Writer => "the thread that writes to the database ended unexpectedly; see the log",
            Self::Checkpointer => "the thread that folds the write-ahead log ended unexpectedly; see the log",
            Self::Delivery => "the task that delivers mail ended unexpectedly; see the log",
            Self::Accepting => "the task that accepts connections ended unexpectedly; see the log",
            Self::Damaged => {
                "the database file is damaged, or another program has written it; put a backup in its place with \
                 `brms restore`, then start again"
            }
            Self::WalIndex => {
                "another program has overwritten the wal-index (-shm); the write-ahead log was left in place: start again, \
                 and SQLite rebuilds the index from it"
            }
            Self::FileGone => {
                "the database file was moved, removed or replaced while it was served; the log says where all that \
                 was written is now: put that in its place, then start again"
            }
        })
    }
}

/// Tells whether all vital parts are there. Cheap to clone.
#[derive(Clone)]
pub struct Lifeline {
    ended: Arc<watch::Sender<Option<Ending>>>,
}

impl Default for Lifeline {
    fn default() -> Self {
        Self { ended: Arc::new(watch::Sender::new(None)) }
    }
}

impl Lifeline {
    /// The sign of life of one part, to be held for as long as that part works.
    #[must_use]
    pub fn pulse(&self, part: Ending) -> Pulse {
        Pulse { lifeline: self.clone(), part, is_finished: false }
    }

    /// Why the process cannot go on, if it cannot. The first reason stays.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        *self.ended.borrow()
    }

    /// Waits until the process cannot go on. Never returns while all parts are there.
    pub async fn ended(&self) -> Ending {
        let mut ended = self.ended.subscribe();
        loop {
            if let Some(ending) = *ended.borrow_and_update() {
                return ending;
            }
            // The sender lives as long as `self`.
            let _ = ended.changed().await;
        }
    }

    /// Says that the process cannot go on.
    pub fn end(&self, ending: Ending) {
        self.ended.send_if_modified(|ended| {
            let is_first = ended.is_none();
            ended.get_or_insert(ending);
            is_first
        });
    }
}

/// Held by a vital part. Dropping it without [`Pulse::finish`] says that the part is gone.
pub struct Pulse {
    lifeline: Lifeline,
    part: Ending,
    is_finished: bool,
}

impl Pulse {
    /// The part was told to end, and did.
    pub fn finish(mut self) {
        self.is_finished = true;
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        if !self.is_finished {
            self.lifeline.end(self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_panics_is_reported_and_one_that_finishes_is_not() {
        let lifeline = Lifeline::default();
        lifeline.pulse(Ending::Delivery).finish();
        assert_eq!(lifeline.ending(), None);
        let waiting = tokio::spawn({
            let lifeline = lifeline.clone();
            async move { lifeline.ended().await }
        });
        let pulse = lifeline.pulse(Ending::Writer);
        let thread = std::thread::spawn(move || {
            let _pulse = pulse;
            panic!("as planned")
        });
        assert!(thread.join().is_err());
        assert_eq!(waiting.await.unwrap(), Ending::Writer);
        lifeline.end(Ending::FileGone);
        assert_eq!(lifeline.ending(), Some(Ending::Writer), "the first reason stays");
    }
}
