//! The handle on the database that the layers above hold.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::sqlite::engine as sqlite;
use super::tx::Tx;
use crate::clock::Clock;
use crate::lifeline::Lifeline;
use crate::problem::Problem;

/// A handle on the open database. Cheap to clone; it closes with the last clone.
#[derive(Clone)]
pub struct Db {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    Sqlite(Arc<sqlite::Engine>),
}

impl From<sqlite::Engine> for Db {
    fn from(engine: sqlite::Engine) -> Self {
        Self { backend: Backend::Sqlite(Arc::new(engine)) }
    }
}

impl Db {
    /// Runs `work` inside one transaction and answers after it is on the disk.
    ///
    /// `work` may run more than once (each time from a clean state), so it must not carry anything over.
    /// An `Err` means that nothing was written. A write that has not begun at `deadline` never will.
    pub async fn write<T, F>(&self, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(engine) => engine.write(deadline, work).await,
        }
    }

    /// Runs `work` on one snapshot of a connection that cannot write.
    pub async fn read<T, F>(&self, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(engine) => engine.read(deadline, work).await,
        }
    }

    /// Runs `work`, which must take microseconds, on this very thread and on a snapshot.
    pub fn peek<T>(&self, work: impl FnOnce(&Tx) -> Result<T, Problem>) -> Result<T, Problem> {
        match &self.backend {
            Backend::Sqlite(engine) => engine.peek(work),
        }
    }

    /// The same as [`Db::write`] for code without a runtime, such as the command line.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(engine) => engine.write_blocking(work),
        }
    }

    /// Whether a write would be taken now, without making one that changes anything.
    pub async fn check_writable(&self, deadline: Instant) -> Result<(), Problem> {
        match &self.backend {
            Backend::Sqlite(engine) => engine.check_writable(deadline).await,
        }
    }

    /// Whether what was not found is really not there. As long as the database is not known to be the one that this
    /// process opened, nothing is said of what it lacks.
    pub async fn confirm(&self, deadline: Instant) -> Result<(), Problem> {
        match &self.backend {
            Backend::Sqlite(engine) => engine.confirm(deadline).await,
        }
    }

    /// Rung after a commit that queued a mail, for the delivery.
    #[must_use]
    pub fn mail_bell(&self) -> &Notify {
        match &self.backend {
            Backend::Sqlite(engine) => engine.mail_bell(),
        }
    }

    /// Says that the server stops: from now on other processes are not waited for.
    pub fn begin_to_stop(&self) {
        match &self.backend {
            Backend::Sqlite(engine) => engine.begin_to_stop(),
        }
    }

    /// Tells when this process cannot work with the database any more.
    #[must_use]
    pub fn lifeline(&self) -> &Lifeline {
        match &self.backend {
            Backend::Sqlite(engine) => engine.lifeline(),
        }
    }

    /// The clock that transactions read.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        match &self.backend {
            Backend::Sqlite(engine) => engine.clock(),
        }
    }
}
