//! What an error of SQLite means for the one who asked.

use rusqlite::ErrorCode;

use crate::problem::{Busy, Problem};

/// The problem of an error while `doing` something, such as a statement.
pub(super) fn problem(doing: &str, cause: &rusqlite::Error) -> Problem {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Problem::Unavailable(Busy::DiskFull),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Problem::Unavailable(Busy::Database)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => logged(doing, cause, Busy::Damaged),
        Some(ErrorCode::ReadOnly) => logged(doing, cause, Busy::ReadOnly),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => logged(doing, cause, Busy::DiskFailed),
        _ => Problem::internal(doing, cause),
    }
}

/// A problem of the file or its disk, whose cause is for the log alone.
fn logged(doing: &str, cause: &rusqlite::Error, busy: Busy) -> Problem {
    tracing::error!(doing, %cause, "the database file cannot be used");
    Problem::Unavailable(busy)
}
