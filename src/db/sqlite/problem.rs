//! Maps SQLite errors to problems.

use rusqlite::ErrorCode;

use crate::problem::{Problem, Unavailable};

/// The problem for an error of `doing`, such as a statement.
pub(super) fn problem(doing: &str, cause: &rusqlite::Error) -> Problem {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Problem::Unavailable(Unavailable::DiskFull),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Problem::Unavailable(Unavailable::Database)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            logged(doing, cause, Unavailable::Unreadable)
        }
        Some(ErrorCode::ReadOnly) => logged(doing, cause, Unavailable::ReadOnly),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            logged(doing, cause, Unavailable::DiskFailed)
        }
        _ => Problem::internal(doing, cause),
    }
}

/// A problem of the file or its disk. Only the server log has the cause.
fn logged(doing: &str, cause: &rusqlite::Error, unavailable: Unavailable) -> Problem {
    tracing::error!(doing, %cause, "the database file cannot be used");
    Problem::Unavailable(unavailable)
}
