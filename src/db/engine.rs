//! An open database, on either engine.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::party::Party;
use super::postgres;
use super::postgres::engine::PostgresEngine;
use super::postgres::known::Key;
use super::postgres::read_queue::ReadView;
use super::sizes::DatabaseSizes;
use super::sqlite;
use super::sqlite::engine::SqliteEngine;
use super::storage_fault::StorageFault;
use super::tx::Tx;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::lifeline::Lifeline;
use crate::problem::Problem;

/// A handle on the open database. Cheap to clone; it closes with the last clone.
pub type Db = Arc<Engine>;

/// An open database.
pub struct Engine {
    clock: Clock,
    on: AnyEngine,
}

enum AnyEngine {
    Sqlite(Arc<SqliteEngine>),
    Postgres(Box<PostgresEngine>),
}

/// The turn to remove old rows. It ends when this is dropped, or with the process.
pub struct RetentionTurn {
    /// A file has one server.
    _lock: Option<postgres::RetentionLock>,
}

/// Runs a method of whichever engine it is.
macro_rules! on {
    ($engine:expr, $name:ident($($argument:expr),*) $($awaited:tt)*) => {
        match &$engine.on {
            AnyEngine::Sqlite(sqlite) => sqlite.$name($($argument),*) $($awaited)*,
            AnyEngine::Postgres(postgres) => postgres.$name($($argument),*) $($awaited)*,
        }
    };
}

impl Engine {
    /// Opens a SQLite file, migrates its schema and starts the writer.
    pub fn open_sqlite(options: &sqlite::Options, clock: Clock) -> Result<Db, Failure> {
        let sqlite = SqliteEngine::open(options, clock.clone())?;
        Ok(Arc::new(Self { clock, on: AnyEngine::Sqlite(Arc::new(sqlite)) }))
    }

    /// Connects to a PostgreSQL database, migrates its schema and starts the threads that use it.
    pub fn open_postgres(options: &postgres::PostgresOptions, clock: Clock) -> Result<Db, Failure> {
        let postgres = PostgresEngine::open(options, clock.clone())?;
        Ok(Arc::new(Self { clock, on: AnyEngine::Postgres(Box::new(postgres)) }))
    }

    /// Runs `work` inside one transaction and returns once the commit is on disk.
    ///
    /// `work` may run more than once (each time from a clean state), so it must not keep state between runs. An `Err`
    /// means that nothing was written. A write that has not started by `deadline` is dropped.
    pub async fn write<T, F>(&self, party: Party, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        on!(self, write(party, deadline, work).await)
    }

    /// Runs `work` in a read transaction (one snapshot) on a connection that only reads. It may run more than once.
    pub async fn read<T, F>(&self, party: Party, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.on {
            AnyEngine::Sqlite(sqlite) => sqlite.read(party, deadline, work).await,
            AnyEngine::Postgres(postgres) => postgres.read(party, deadline, ReadView::Snapshot, work).await,
        }
    }

    /// [`Engine::read`] for what takes microseconds where the data is in this process: SQLite runs it on the calling
    /// thread.
    pub async fn look<T, F>(&self, deadline: Instant, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        match &self.on {
            AnyEngine::Sqlite(sqlite) => sqlite.peek(work),
            AnyEngine::Postgres(postgres) => {
                postgres.read(Party::Server, deadline, ReadView::Snapshot, work).await
            }
        }
    }

    /// The party for which one statement finds what the key stands for, as a first look before the transaction that looks
    /// again. SQLite looks on the calling thread, without a transaction around it, which would cost as much again. PostgreSQL
    /// remembers for a moment what was found.
    pub async fn party_of<F>(&self, deadline: Instant, key: Key, find: F) -> Result<Option<Party>, Problem>
    where
        F: Fn(&Tx) -> Result<Option<Party>, Problem> + Send + 'static,
    {
        match &self.on {
            AnyEngine::Sqlite(sqlite) => sqlite.glance(find),
            AnyEngine::Postgres(postgres) => postgres.party_of(deadline, key, find).await,
        }
    }

    /// [`Engine::read`] for threads outside of a runtime, and for the start. It blocks the thread.
    pub fn peek<T: Send>(&self, work: impl FnOnce(&Tx) -> Result<T, Problem> + Send) -> Result<T, Problem> {
        on!(self, peek(work))
    }

    /// [`Engine::write`] for threads outside of a runtime, and for the start. It blocks the thread.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        on!(self, write_blocking(work))
    }

    /// Checks whether a write would succeed now, without changing any data.
    pub async fn check_writable(&self, deadline: Instant) -> Result<(), Problem> {
        on!(self, check_writable(deadline).await)
    }

    /// Confirms that a row that was not found does not exist: the database is the one that was opened.
    pub async fn confirm(&self, deadline: Instant) -> Result<(), Problem> {
        match &self.on {
            AnyEngine::Sqlite(sqlite) => sqlite.confirm(deadline).await,
            // Its files are the database server's own.
            AnyEngine::Postgres(_) => Ok(()),
        }
    }

    /// Whether the database has every schema step. A file that is only read may lack some.
    pub fn has_every_step(&self) -> Result<bool, Problem> {
        on!(self, has_every_step())
    }

    /// Copies everything into an empty PostgreSQL database, from one snapshot of a file. Returns the tables with their
    /// numbers of rows.
    pub fn copy_to_postgres(
        &self,
        to: &postgres::PostgresOptions,
        report: impl FnMut(postgres::CopyProgress) + Send,
    ) -> Result<Vec<(String, u64)>, Failure> {
        let AnyEngine::Sqlite(sqlite) = &self.on else {
            return Err(Failure("only a SQLite file can be copied".to_owned()));
        };
        let mut copied = Ok(Vec::new());
        sqlite.peek(|tx| {
            copied = postgres::copy(tx, to, report);
            Ok(())
        })?;
        copied
    }

    /// [`Engine::peek`] for what reads all of a large database: without a limit on its time, and by reading tables from
    /// one end to the other.
    pub fn survey<T: Send>(&self, work: impl FnOnce(&Tx) -> Result<T, Problem> + Send) -> Result<T, Problem> {
        match &self.on {
            AnyEngine::Sqlite(sqlite) => sqlite.peek(work),
            AnyEngine::Postgres(postgres) => postgres.survey(work),
        }
    }

    /// How much space the database takes.
    pub fn sizes(&self) -> Result<DatabaseSizes, Problem> {
        match &self.on {
            AnyEngine::Sqlite(engine) => engine.peek(|tx| sqlite::sizes::of_file(tx, engine.path())),
            AnyEngine::Postgres(engine) => engine.survey(postgres::sizes::of_database),
        }
    }

    /// [`Engine::sizes`] without those of tables: this takes milliseconds, however large the database is.
    pub async fn overall_sizes(&self, deadline: Instant) -> Result<DatabaseSizes, Problem> {
        match &self.on {
            AnyEngine::Sqlite(engine) => {
                let path = engine.path().to_owned();
                engine.read(Party::Server, deadline, move |tx| sqlite::sizes::overall(tx, &path)).await
            }
            AnyEngine::Postgres(engine) => {
                engine.read(Party::Server, deadline, ReadView::Snapshot, postgres::sizes::overall).await
            }
        }
    }

    /// How many writes wait for a writer.
    #[must_use]
    pub fn waiting_writes(&self) -> u64 {
        on!(self, waiting_writes())
    }

    /// How long commits took until they were durable.
    #[must_use]
    pub fn commits(&self) -> &Histogram {
        on!(self, commits())
    }

    /// What is wrong with the database below its rows.
    pub fn storage_faults(&self) -> Result<Vec<StorageFault>, Problem> {
        match &self.on {
            AnyEngine::Sqlite(_) => self.survey(sqlite::soundness::faults),
            AnyEngine::Postgres(_) => self.survey(postgres::soundness::faults),
        }
    }

    /// The tables whose search index does not match their texts. PostgreSQL keeps its indexes itself.
    pub fn wrong_search_indexes(&self) -> Result<Vec<&'static str>, Problem> {
        match &self.on {
            AnyEngine::Sqlite(_) => self.survey(sqlite::wrong_search_indexes),
            AnyEngine::Postgres(_) => Ok(Vec::new()),
        }
    }

    /// Takes the turn of the one server that removes old rows. `None`: another one has it. It blocks the thread.
    pub fn take_turn_of_retention(&self) -> Result<Option<RetentionTurn>, Problem> {
        match &self.on {
            AnyEngine::Sqlite(_) => Ok(Some(RetentionTurn { _lock: None })),
            AnyEngine::Postgres(postgres) => {
                let taken = postgres.take_turn_of_retention()?;
                Ok(taken.map(|lock| RetentionTurn { _lock: Some(lock) }))
            }
        }
    }

    /// Whether other servers can use the database at the same time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.on, AnyEngine::Postgres(_))
    }

    /// Notified after each commit of this process that queued a mail.
    #[must_use]
    pub fn mail_queued(&self) -> &Notify {
        on!(self, mail_queued())
    }

    /// Shortens waits for others, because the server is stopping.
    pub fn begin_to_stop(&self) {
        on!(self, begin_to_stop());
    }

    /// Reports when this process can no longer use the database.
    #[must_use]
    pub fn lifeline(&self) -> &Lifeline {
        on!(self, lifeline())
    }

    /// The clock that transactions read.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}
