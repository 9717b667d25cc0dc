//! One `serve` for a file. A second one would deliver mails twice and fight over the writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::OpenError;
use super::files::{beside, hand_over, real_path};

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
        let path = &real_path(path)?;
        let lock = beside(path, "lock");
        let failed = |done: &str, cause: &dyn std::fmt::Display| {
            OpenError(format!("the lock file {} cannot be {done}: {cause}", lock.display()))
        };
        let file = open(&lock, path).map_err(|cause| failed("opened", &cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed("locked", &cause)),
        }
    }
}

/// Opens the lock file, or makes it for whoever owns the database: root's would keep the server out.
fn open(lock: &Path, database: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    match options.clone().create_new(true).open(lock) {
        Ok(file) => hand_over(&file, database).map(|()| file),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => options.open(lock),
        Err(cause) => Err(cause),
    }
}
