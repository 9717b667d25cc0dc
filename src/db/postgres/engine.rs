//! The PostgreSQL engine: threads that write, threads that read, and the queues to them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::connector::PostgresConnector;
use super::known::{Key, KnownKeys};
use super::locks::RetentionLock;
use super::options::{PostgresOptions, SchemaUpkeep};
use super::read_queue::{ReadQueue, ReadView, Reading};
use super::reader::{BEGIN, Reader};
use super::session::PostgresSession;
use super::shared::PostgresShared;
use super::threads::on_a_thread;
use super::write_queue::WriteQueue;
use super::writer::PostgresWriter;
use super::{migrations, readiness};
use crate::clock::Clock;
use crate::db::jobs::Write;
use crate::db::party::Party;
use crate::db::tx::{IdSequence, On, Tx};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::lifeline::Lifeline;
use crate::problem::{Problem, Unavailable};

/// By when a write of a command or of a start has to begin: a database that cannot be reached may come back.
const BLOCKING_TIME_MAX: Duration = Duration::from_mins(5);

/// An open PostgreSQL database.
pub(in crate::db) struct PostgresEngine {
    clock: Clock,
    shared: Arc<PostgresShared>,
    writes: Arc<WriteQueue>,
    reads: Arc<ReadQueue>,
    known: KnownKeys,
    /// For [`PostgresEngine::peek`], opened by the first one.
    peeker: Mutex<Option<PostgresSession>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl PostgresEngine {
    /// Connects, migrates the schema and starts the threads.
    pub(in crate::db) fn open(options: &PostgresOptions, clock: Clock) -> Result<Self, Failure> {
        let connector = PostgresConnector::new(options)?;
        let first = on_a_thread(|| {
            let session = connector.first()?;
            match options.upkeep {
                SchemaUpkeep::Migrate => migrations::run(&session)?,
                SchemaUpkeep::Refuse => migrations::refuse_other_step(&session)?,
            }
            Ok::<_, Failure>(session)
        })?;
        let shared = Arc::new(PostgresShared::new(connector));
        let writes = Arc::new(WriteQueue::new(options.writers));
        let reads = Arc::new(ReadQueue::new(options.readers));
        let mut threads = Vec::new();
        for _ in 0..options.writers {
            let (thread, queue) =
                (PostgresWriter::new(clock.clone(), Arc::clone(&shared)), Arc::clone(&writes));
            threads.push(start("brms-pg-writer", move || thread.run(&queue))?);
        }
        for _ in 0..options.readers {
            let (reader, queue) = (Reader::new(clock.clone(), Arc::clone(&shared)), Arc::clone(&reads));
            threads.push(start("brms-pg-reader", move || reader.run(&queue))?);
        }
        let (peeker, threads) = (Mutex::new(Some(first)), Mutex::new(threads));
        Ok(Self { clock, shared, writes, reads, known: KnownKeys::default(), peeker, threads })
    }

    pub(in crate::db) async fn write<T, F>(
        &self,
        party: Party,
        deadline: Instant,
        work: F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let job = Box::new(Write::new(work, party, deadline, answer).of_task());
        self.writes.add(job)?;
        // No timeout here: a write that is past its deadline is dropped, and one that has started is awaited.
        outcome.await.unwrap_or_else(|_| Err(unanswered()))
    }

    pub(in crate::db) async fn read<T, F>(
        &self,
        party: Party,
        deadline: Instant,
        view: ReadView,
        work: F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let job = Box::new(Write::new(work, party, deadline, answer));
        self.reads.add(Reading { view, job })?;
        match tokio::time::timeout_at(deadline, outcome).await {
            Err(_) => Err(Problem::TimedOut),
            Ok(outcome) => outcome.unwrap_or_else(|_| Err(unanswered())),
        }
    }

    pub(in crate::db) async fn party_of<F>(
        &self,
        deadline: Instant,
        key: Key,
        find: F,
    ) -> Result<Option<Party>, Problem>
    where
        F: Fn(&Tx) -> Result<Option<Party>, Problem> + Send + 'static,
    {
        let known = self.known.party(&key);
        if known.is_some() {
            return Ok(known);
        }
        // Whose it is shows only afterwards.
        let found = self.read(Party::Server, deadline, ReadView::Statement, find).await?;
        if let Some(party) = found {
            self.known.add(key, party);
        }
        Ok(found)
    }

    /// Runs `work` on a connection of its own. A thread does it: the library's calls block, which a thread of a runtime
    /// may not.
    pub(in crate::db) fn peek<T: Send>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, Problem> + Send,
    ) -> Result<T, Problem> {
        on_a_thread(|| {
            let mut peeker = self.peeker.lock().unwrap_or_else(PoisonError::into_inner);
            let lost = || Problem::Unavailable(Unavailable::Database);
            if peeker.as_ref().is_none_or(|session| session.command(BEGIN).is_err()) {
                let session = self.shared.connect().ok_or_else(lost)?;
                session.command(BEGIN).map_err(|_| lost())?;
                *peeker = Some(session);
            }
            let Some(session) = &*peeker else { return Err(lost()) };
            session.clear_failure();
            let outcome = work(&Tx::new(On::Postgres(session), &self.clock, &IdSequence::default()));
            if session.command("ROLLBACK").is_err() {
                *peeker = None;
            }
            outcome
        })
    }

    pub(in crate::db) fn survey<T: Send>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, Problem> + Send,
    ) -> Result<T, Problem> {
        self.peek(|tx| {
            for setting in [
                "SELECT set_config('statement_timeout', '0', true)",
                "SELECT set_config('enable_seqscan', 'on', true)",
            ] {
                tx.exists(setting, ())?;
            }
            work(tx)
        })
    }

    pub(in crate::db) fn write_blocking<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&Tx) -> Result<T, Problem> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let deadline = Instant::now() + BLOCKING_TIME_MAX;
        self.writes.add(Box::new(Write::new(work, Party::Server, deadline, answer)))?;
        outcome.blocking_recv().map_err(|_| unanswered())?
    }

    /// A transaction on a writing connection: a standby refuses to begin it.
    pub(in crate::db) async fn check_writable(&self, deadline: Instant) -> Result<(), Problem> {
        self.write(Party::Server, deadline, readiness::probe).await
    }

    pub(in crate::db) fn has_every_step(&self) -> Result<bool, Problem> {
        self.peek(migrations::is_usable)
    }

    pub(in crate::db) fn take_turn_of_retention(&self) -> Result<Option<RetentionLock>, Problem> {
        RetentionLock::take_if_free(&self.shared)
    }

    pub(in crate::db) fn waiting_writes(&self) -> u64 {
        self.writes.waiting()
    }

    pub(in crate::db) fn commits(&self) -> &Histogram {
        &self.shared.commits
    }

    pub(in crate::db) fn mail_queued(&self) -> &Notify {
        &self.shared.mail_queued
    }

    pub(in crate::db) fn begin_to_stop(&self) {
        self.shared.is_stopping.store(true, Ordering::Release);
    }

    pub(in crate::db) fn lifeline(&self) -> &Lifeline {
        &self.shared.lifeline
    }
}

impl Drop for PostgresEngine {
    /// Lets the threads finish their queues.
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = thread.join();
        }
        let peeker = self.peeker.lock().unwrap_or_else(PoisonError::into_inner).take();
        on_a_thread(|| drop(peeker));
    }
}

fn unanswered() -> Problem {
    Problem::Internal("a database thread ended without an answer".into())
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Failure> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map_err(|cause| Failure::new("a thread for the database", cause))
}
