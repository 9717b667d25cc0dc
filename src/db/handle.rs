//! The database handle that the layers above hold.

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
    /// Runs `work` inside one transaction and returns once the commit is on disk.
    ///
    /// `work` may run more than once (each time from a clean state), so it must not keep state between runs. An `Err`
    /// means that nothing was written. A write that has not started by `deadline` is dropped.
    pub async fn write<T, F>(&self, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(engine) => engine.write(deadline, work).await,
        }
    }

    /// Runs `work` in a read transaction (one snapshot) on a read-only connection.
    pub async fn read<T, F>(&self, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(engine) => engine.read(deadline, work).await,
        }
    }

    /// Runs `work`, which must take microseconds, in a read transaction on the calling thread.
    pub fn peek<T>(&self, work: impl FnOnce(&Tx) -> Result<T, Problem>) -> Result<T, Problem> {
        match &self.backend {
            Backend::Sqlite(engine) => engine.peek(work),
        }
    }

    /// [`Db::write`] for code without a runtime, such as the command line.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(engine) => engine.write_blocking(work),
        }
    }

    /// Checks whether a write would succeed now, without changing any data.
    pub async fn check_writable(&self, deadline: Instant) -> Result<(), Problem> {
        match &self.backend {
            Backend::Sqlite(engine) => engine.check_writable(deadline).await,
        }
    }

    /// Confirms that a row that was not found does not exist. Returns an error while the file cannot be verified as
    /// the one that this process opened.
    pub async fn confirm(&self, deadline: Instant) -> Result<(), Problem> {
        match &self.backend {
            Backend::Sqlite(engine) => engine.confirm(deadline).await,
        }
    }

    /// Notified after each commit that queued a mail.
    #[must_use]
    pub fn mail_queued(&self) -> &Notify {
        match &self.backend {
            Backend::Sqlite(engine) => engine.mail_queued(),
        }
    }

    /// Shortens the wait for locks of other processes, because the server is stopping.
    pub fn begin_to_stop(&self) {
        match &self.backend {
            Backend::Sqlite(engine) => engine.begin_to_stop(),
        }
    }

    /// Reports when this process can no longer use the database.
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
