//! One `serve` for a file. A second one would deliver mails twice and fight over the writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::files::{beside, hand_over, real_path};
use crate::failure::Failure;
use crate::private_file;

/// Held for as long as a server serves the file. The system frees it when the process ends, however it ends.
pub struct ServeLock {
    path: PathBuf,
    is_new: bool,
    _file: File,
}

impl ServeLock {
    /// Gives the lock up after a start that failed. A lock file that was made for it goes with it.
    pub(crate) fn give_up(self) {
        if self.is_new {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// Takes the lock beside `path`, or says who has it.
    pub fn take(path: &Path) -> Result<Self, Failure> {
        Self::take_if_free(path)?.ok_or_else(|| {
            Failure(format!(
                "another `brms serve`, or a command that needs {} for itself, has it; stop it, or give this one its \
                 own --database",
                path.display()
            ))
        })
    }

    /// Takes the lock beside `path`; `None`: another process has it.
    pub(crate) fn take_if_free(path: &Path) -> Result<Option<Self>, Failure> {
        let path = &real_path(path)?;
        let lock = beside(path, "lock");
        let failed = |done: &str, cause: &dyn std::fmt::Display| {
            Failure(format!("the lock file {} cannot be {done}: {cause}", lock.display()))
        };
        let (file, is_new) = open(&lock, path).map_err(|cause| failed("opened", &cause))?;
        match file.try_lock() {
            // Another process may have removed it meanwhile, and the next one would lock another file.
            Ok(()) if !is_at(&file, &lock) => Self::take_if_free(path),
            Ok(()) => Ok(Some(Self { path: lock, is_new, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed("locked", &cause)),
        }
    }
}

/// Opens the lock file, or makes it for whoever owns the database: root's would keep the server out. Only its owner may
/// open it, since whoever can open it can lock it and keep the server from starting.
fn open(lock: &Path, database: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.write(true);
    let made = private_file::for_owner(&mut options.clone()).create_new(true).open(lock);
    match made {
        Ok(file) => hand_over(&file, database).map(|()| (file, true)),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            // Opening a pipe would wait for its other end.
            if !lock.metadata()?.is_file() {
                return Err(io::Error::other("it is not a regular file; move it away"));
            }
            let file = options.open(lock)?;
            // Those of older versions were open to all. Who does not own it cannot change that, and need not.
            let _ = private_file::make_private(&file);
            Ok((file, false))
        }
        Err(cause) => Err(cause),
    }
}

/// Whether a path still leads to this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(is), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    (is.dev(), is.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}
