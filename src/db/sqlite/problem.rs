//! What an error of SQLite means for the one who asked.

use rusqlite::ErrorCode;

use crate::problem::{Problem, Unavailable};

/// The problem of an error while `doing` something, such as a statement.
pub(super) fn problem(doing: &str, cause: &rusqlite::Error) -> Problem {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Problem::Unavailable(Unavailable::DiskFull),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Problem::Unavailable(Unavailable::Database)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            logged(doing, cause, Unavailable::Damaged)
        }
        Some(ErrorCode::ReadOnly) => logged(doing, cause, Unavailable::ReadOnly),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            logged(doing, cause, Unavailable::DiskFailed)
        }
        _ => Problem::internal(doing, cause),
    }
}

/// A problem of the file or its disk, whose cause is for the log alone.
fn logged(doing: &str, cause: &rusqlite::Error, unavailable: Unavailable) -> Problem {
    tracing::error!(doing, %cause, "the database file cannot be used");
    Problem::Unavailable(unavailable)
}
