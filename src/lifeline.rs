//! Supervision of the vital parts of the process.
//!
//! Each vital part (the writer, mail delivery, retention, the accept loop) holds a [`Pulse`]. If one ends unexpectedly, for
//! example by a panic, the first such end is recorded and all waiters are notified: `/livez` answers 503, and `serve`
//! exits with an error, so that its supervisor restarts it.

use std::sync::Arc;

use tokio::sync::watch;

/// Why the process cannot continue. The text is for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The thread that writes to the database ended.
    Writer,
    /// The thread that checkpoints the write-ahead log ended.
    Checkpointer,
    /// The mail delivery task ended.
    Delivery,
    /// The task that removes old rows ended.
    Retention,
    /// The task that accepts connections ended.
    Accepting,
    /// The database file was moved, removed or replaced while it was served; its data is in a rescued copy.
    FileGone,
    /// The same, and no copy could be made.
    NotRescued,
    /// The write-ahead log or its index was moved or removed while it was served.
    LogGone,
    /// The symbolic link that the file was reached by leads elsewhere.
    LinkElsewhere,
    /// A lock of the database file could not be released.
    StuckLock,
    /// The database file is damaged, or another program has written to it.
    Damaged,
    /// Another program has overwritten the wal-index.
    WalIndex,
}

impl Ending {
    /// Whether the file is no longer the one that was served, so that nothing may be written into it.
    #[must_use]
    pub fn is_of_file(self) -> bool {
        matches!(self, Self::FileGone | Self::NotRescued | Self::LogGone | Self::LinkElsewhere)
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Writer => "the thread that writes to the database ended unexpectedly; see the log",
            Self::Checkpointer => "the thread that checkpoints the write-ahead log ended unexpectedly; see the log",
            Self::Delivery => "the task that delivers mail ended unexpectedly; see the log",
            Self::Retention => "the task that removes old rows ended unexpectedly; see the log",
            Self::Accepting => "the task that accepts connections ended unexpectedly; see the log",
            Self::Damaged => {
                "the database file is damaged, or another program has written to it; restore a backup with \
                 `brms restore`, then start again"
            }
            Self::WalIndex => {
                "another program has overwritten the wal-index (-shm); the write-ahead log was left in place: start again, \
                 and SQLite rebuilds the index from it"
            }
            Self::FileGone => {
                "the database file was moved, removed or replaced while it was served; the log has the path of \
                 the rescued data: rename it to the file's name, then start again"
            }
            Self::NotRescued => {
                "the database file was moved, removed or replaced while it was served, and its data could not be \
                 saved (the log says why); put the file back, or restore a backup with `brms restore`"
            }
            Self::LogGone => {
                "the write-ahead log or its index was moved or removed while it was used; all data is in the database \
                 file: start again"
            }
            Self::LinkElsewhere => {
                "the symbolic link to the database no longer leads to the file that was served; all data is in that \
                 file, whose path the log has: point the link back to it, or name the file with --database"
            }
            Self::StuckLock => {
                "a lock of the database file could not be released, so that nothing can be written any more; all data \
                 is in the file and its write-ahead log: start again"
            }
        })
    }
}

/// Tracks whether all vital parts are running. Cheap to clone.
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
    /// Registers a vital part; it must hold the [`Pulse`] while it is running.
    #[must_use]
    pub fn pulse(&self, part: Ending) -> Pulse {
        Pulse { lifeline: self.clone(), part, is_finished: false }
    }

    /// Why the process cannot continue, if so. The first reason is kept.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        *self.ended.borrow()
    }

    /// Waits until the process cannot continue.
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

    /// Records that the process cannot continue.
    pub fn end(&self, ending: Ending) {
        self.ended.send_if_modified(|ended| {
            let is_first = ended.is_none();
            ended.get_or_insert(ending);
            is_first
        });
    }
}

/// Held by a vital part. Dropping it without [`Pulse::finish`] reports an unexpected end.
pub struct Pulse {
    lifeline: Lifeline,
    part: Ending,
    is_finished: bool,
}

impl Pulse {
    /// Reports a regular end.
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
