//! Locks that instances hold against each other, each on a connection of its own. The server releases them when the
//! connection ends, for any reason.

use std::sync::{Mutex, PoisonError};

use super::connector::PostgresConnector;
use super::failure::described;
use super::options::PostgresOptions;
use super::session::PostgresSession;
use super::shared::PostgresShared;
use super::threads::on_a_thread;
use crate::failure::Failure;
use crate::problem::{Problem, Unavailable};

/// The first key of every lock of brms: "BRMS" in ASCII.
pub(super) const KEY: u32 = 0x4252_4D53;

/// Whether an instance shares the database with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Any number of instances may use the database.
    Shared,
    /// This is the only one.
    Alone,
}

/// Held by an instance while it uses the database.
pub struct InstanceLock(Mutex<Option<PostgresSession>>);

/// Held by an instance from its first look at the database until it is filled, so that of several that start at once
/// only one fills it.
pub struct StartLock(Mutex<Option<PostgresSession>>);

/// Held by the instance that removes old rows.
pub struct RetentionLock(Mutex<Option<PostgresSession>>);

impl InstanceLock {
    /// Takes the lock, or fails if another instance must not share the database with this one.
    pub fn take(options: &PostgresOptions, sharing: Sharing) -> Result<Self, Failure> {
        let function = match sharing {
            Sharing::Shared => "pg_try_advisory_lock_shared",
            Sharing::Alone => "pg_try_advisory_lock",
        };
        let asked =
            format!("SELECT 'taken' WHERE {function}({KEY}, hashtext('instance ' || current_schema()))");
        match locked(options, &asked)? {
            (session, Some(_)) => Ok(Self(Mutex::new(Some(session)))),
            (session, None) => {
                on_a_thread(|| drop(session));
                Err(Failure(match sharing {
                    Sharing::Shared => {
                        "an instance with --single-instance uses the database; stop that, or use another database"
                            .to_owned()
                    }
                    Sharing::Alone => {
                        "--single-instance: another instance uses the database; stop that, or use another database"
                            .to_owned()
                    }
                }))
            }
        }
    }
}

impl StartLock {
    /// Waits until no other instance is starting.
    pub fn take(options: &PostgresOptions) -> Result<Self, Failure> {
        let asked = format!(
            "SET lock_timeout = '60s'; SET statement_timeout = '60s';
             SELECT pg_advisory_lock({KEY}, hashtext('start ' || current_schema()))"
        );
        Ok(Self(Mutex::new(Some(locked(options, &asked)?.0))))
    }
}

impl RetentionLock {
    /// Takes the lock unless another instance holds it.
    pub(super) fn take_if_free(shared: &PostgresShared) -> Result<Option<Self>, Problem> {
        let asked = format!(
            "SELECT 'taken' WHERE pg_try_advisory_lock({KEY}, hashtext('retention ' || current_schema()))"
        );
        on_a_thread(|| {
            let session = shared.connect().ok_or(Problem::Unavailable(Unavailable::Database))?;
            let taken =
                session.command(&asked).map_err(|failure| Problem::Unavailable(failure.unavailable()))?;
            Ok(taken.map(|_| Self(Mutex::new(Some(session)))))
        })
    }
}

/// A new connection that has run this.
fn locked(options: &PostgresOptions, asked: &str) -> Result<(PostgresSession, Option<String>), Failure> {
    let connector = PostgresConnector::new(options)?;
    on_a_thread(|| {
        let session = connector.first()?;
        let answer = session
            .try_command(asked)
            .map_err(|cause| Failure(format!("a lock of the database: {}", described(&cause))))?;
        Ok((session, answer))
    })
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        close(&self.0);
    }
}

impl Drop for StartLock {
    fn drop(&mut self) {
        close(&self.0);
    }
}

impl Drop for RetentionLock {
    fn drop(&mut self) {
        close(&self.0);
    }
}

fn close(session: &Mutex<Option<PostgresSession>>) {
    let session = session.lock().unwrap_or_else(PoisonError::into_inner).take();
    on_a_thread(|| drop(session));
}
