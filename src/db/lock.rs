//! One `serve` for a file. A second one would deliver mails twice and fight over the writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::OpenError;
use super::files::{beside, real_path};

/// Held for as long as a server serves the file. The system frees it when the process ends, however it ends.
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock beside `path`, or says who has it.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        Self::take_if_free(path)?.ok_or_else(|| {
            OpenError(format!(
                "another `brms serve`, or a command that needs {} for itself, has it; stop it, or give this one its \
                 own --database",
                path.display()
            ))
        })
    }

    /// Takes the lock beside `path`; `None`: another process has it.
    pub(crate) fn take_if_free(path: &Path) -> Result<Option<Self>, OpenError> {
        let lock = beside(&real_path(path)?, "lock");
        let failed = |done: &str, cause: &dyn std::fmt::Display| {
            OpenError(format!("the lock file {} cannot be {done}: {cause}", lock.display()))
        };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock);
        let file = file.map_err(|cause| failed("opened", &cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed("locked", &cause)),
        }
    }
}
