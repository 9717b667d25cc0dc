//! State that the threads of an engine share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::connector::PostgresConnector;
use super::failure::described;
use super::session::PostgresSession;
use crate::db::tx::IdSequence;
use crate::histogram::Histogram;
use crate::lifeline::Lifeline;

/// The longest pause before another attempt to connect.
pub(super) const RECONNECT_PAUSE_MAX: Duration = Duration::from_millis(500);

/// State that the threads of an engine share.
pub(super) struct PostgresShared {
    connector: PostgresConnector,
    /// Whether the last attempt to connect failed.
    is_unreachable: AtomicBool,
    pub lifeline: Lifeline,
    pub mail_queued: Notify,
    /// How long commits took.
    pub commits: Histogram,
    pub ids: IdSequence,
    pub is_stopping: AtomicBool,
}

impl PostgresShared {
    pub(super) fn new(connector: PostgresConnector) -> Self {
        let (is_unreachable, lifeline, mail_queued, commits, ids, is_stopping) = Default::default();
        Self { connector, is_unreachable, lifeline, mail_queued, commits, ids, is_stopping }
    }

    /// A new connection. The log tells when there is none and when there is one again, and not of each attempt.
    pub(super) fn connect(&self) -> Option<PostgresSession> {
        match self.connector.connect() {
            Ok(session) => {
                if self.is_unreachable.swap(false, Ordering::AcqRel) {
                    tracing::info!("the database can be reached again");
                }
                Some(session)
            }
            Err(cause) => {
                if !self.is_unreachable.swap(true, Ordering::AcqRel) {
                    tracing::warn!(cause = %described(&cause), "the database cannot be reached");
                }
                None
            }
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }
}

/// The delay before the same work runs again: at most `longest`, more with each try, and never the same for two threads
/// that were in each other's way.
pub(super) fn pause(tries: u32, longest: Duration) -> Duration {
    let bound = Duration::from_micros(200).saturating_mul(2_u32.saturating_pow(tries)).min(longest);
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
