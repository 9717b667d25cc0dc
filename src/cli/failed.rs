//! A command that failed, with its exit code.

use std::process::ExitCode;

use crate::failure::Failure;

/// Why a command failed, and the exit code that says so.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) code: ExitCode,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, code: ExitCode::FAILURE }
    }
}
