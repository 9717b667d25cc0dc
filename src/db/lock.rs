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
        let lock = beside(&real_path(path)?, "lock");
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(|cause| {
                OpenError(format!("the lock file {} cannot be opened: {cause}", lock.display()))
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError(format!(
                "another `brms serve` is serving {}; stop it, or give this one its own --database",
                path.display()
            ))),
            Err(TryLockError::Error(cause)) => {
                Err(OpenError(format!("the lock file {} cannot be locked: {cause}", lock.display())))
            }
        }
    }
}
