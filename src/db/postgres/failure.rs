//! Why PostgreSQL did not do what it was asked for, and what that means for the transaction.

use postgres::error::SqlState;

use crate::problem::{Problem, Unavailable};

/// The failure of a statement or of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PostgresFailure {
    /// A concurrent transaction was in the way. The same work can succeed if it runs again.
    Conflict,
    /// A row with this key exists. If a concurrent transaction has just inserted it, the same work finds it when it
    /// runs again.
    Duplicate,
    /// The connection is gone, or leads to a server that takes no writes.
    Lost,
    /// The statement cannot succeed at the moment.
    Refused(Unavailable),
    /// Anything else: a bug.
    Other,
}

/// The end of a connection, as the server announces it: a shutdown, a crash of another process, a start.
const ENDING: [SqlState; 5] = [
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::CANNOT_CONNECT_NOW,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    // A primary that was demoted. The connection is closed, so that the next one finds the new primary.
    SqlState::READ_ONLY_SQL_TRANSACTION,
];

impl PostgresFailure {
    pub(super) fn of(cause: &postgres::Error) -> Self {
        let Some(state) = cause.code() else { return Self::Lost };
        match state {
            state if ENDING.contains(state) || state.code().starts_with("08") => Self::Lost,
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Self::Conflict,
            &SqlState::UNIQUE_VIOLATION => Self::Duplicate,
            &SqlState::DISK_FULL => Self::Refused(Unavailable::DiskFull),
            // The limits of this program, see `connector::SETTINGS`.
            &SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE | &SqlState::OUT_OF_MEMORY => {
                Self::Refused(Unavailable::Database)
            }
            &SqlState::IO_ERROR => Self::Refused(Unavailable::DiskFailed),
            &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => Self::Refused(Unavailable::Damaged),
            _ => Self::Other,
        }
    }

    /// Why a transaction that ends with this failure could not be carried out.
    pub(super) fn unavailable(self) -> Unavailable {
        match self {
            Self::Conflict | Self::Lost => Unavailable::Database,
            Self::Refused(unavailable) => unavailable,
            Self::Duplicate | Self::Other => Unavailable::Broken,
        }
    }

    /// The problem of a request that ends with this failure.
    pub(super) fn problem(self, doing: &str, cause: &postgres::Error) -> Problem {
        match self {
            Self::Conflict | Self::Lost => Problem::Unavailable(self.unavailable()),
            Self::Refused(unavailable) => {
                tracing::error!(doing, cause = %described(cause), "PostgreSQL refused a statement");
                Problem::Unavailable(unavailable)
            }
            Self::Duplicate | Self::Other => Problem::internal(doing, described(cause)),
        }
    }
}

/// The text of an error. It has no parameter values: those of PostgreSQL's DETAIL can be a person's.
pub(super) fn described(cause: &postgres::Error) -> String {
    if let Some(error) = cause.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut text = cause.to_string();
    let mut source = std::error::Error::source(cause);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
