//! The outcome of a transaction whose COMMIT has no answer, because the connection was lost.

use std::time::Duration;

use super::session::PostgresSession;

/// How long to ask at least.
pub(super) const TIME_MIN: Duration = Duration::from_secs(5);

/// A transaction of a server.
pub(super) struct TransactionId {
    pub id: String,
    /// A standby that is promoted may never have heard of a transaction, and gives its number to another one. Its
    /// timeline is another one, too.
    pub timeline: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitOutcome {
    Committed,
    RolledBack,
    /// It cannot be found out.
    Unknown,
}

/// Asks the server. `None` if it has no answer yet.
pub(super) fn ask(session: &PostgresSession, transaction: &TransactionId) -> Option<CommitOutcome> {
    if session.timeline() != transaction.timeline {
        return (!session.timeline().is_empty()).then_some(CommitOutcome::Unknown);
    }
    // Only digits: the server made it.
    let status = session.command(&format!("SELECT pg_xact_status('{}'::xid8)", transaction.id)).ok()?;
    match status.as_deref() {
        Some("committed") => Some(CommitOutcome::Committed),
        Some("aborted") => Some(CommitOutcome::RolledBack),
        // Its process has not noticed yet that the connection is gone.
        Some("in progress") => None,
        _ => Some(CommitOutcome::Unknown),
    }
}
