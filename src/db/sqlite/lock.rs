//! The lock that allows one `serve` per file. A second one would deliver mails twice and compete for the write lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::files::{beside, hand_over, real_path};
use crate::failure::Failure;
use crate::private_file;

/// Commands hold the lock for a moment to see whether a server has it.
const RETRIES: u32 = 4;
const RETRY_DELAY: Duration = Duration::from_millis(25);

/// Held while a server serves the file. The system releases it when the process ends, for any reason.
pub struct ServeLock {
    path: PathBuf,
    is_new: bool,
    _file: File,
}

impl ServeLock {
    /// Releases the lock after a failed start, and removes the lock file if this start created it.
    pub(crate) fn give_up(self) {
        if self.is_new {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// Takes the lock beside `path`, or fails if another process holds it.
    pub fn take(path: &Path) -> Result<Self, Failure> {
        let mut taken = Self::take_if_free(path)?;
        for _ in 0..RETRIES {
            if taken.is_some() {
                break;
            }
            thread::sleep(RETRY_DELAY);
            taken = Self::take_if_free(path)?;
        }
        taken.ok_or_else(|| {
            Failure(format!(
                "another `brms serve`, or a command that needs exclusive access to {}, holds its lock; stop it, or use another \
                 --database",
                path.display()
            ))
        })
    }

    /// Whether another process holds the lock beside `path`. Creates nothing.
    pub(super) fn is_held(path: &Path) -> bool {
        let lock = beside(path, "lock");
        // Opening a named pipe would block.
        let file = lock.is_file().then(|| File::open(&lock));
        file.is_some_and(|file| {
            file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
        })
    }

    /// Takes the lock beside `path`. Returns `None` if another process holds it.
    pub(crate) fn take_if_free(path: &Path) -> Result<Option<Self>, Failure> {
        let path = &real_path(path)?;
        let lock = beside(path, "lock");
        let failed = |done: &str, cause: &dyn std::fmt::Display| {
            Failure(format!("the lock file {} cannot be {done}: {cause}", lock.display()))
        };
        let (file, is_new) = open(&lock, path).map_err(|cause| failed("opened", &cause))?;
        match file.try_lock() {
            // Another process may have removed the file meanwhile; the next process would then lock a new one.
            Ok(()) if !is_at(&file, &lock) => Self::take_if_free(path),
            Ok(()) => Ok(Some(Self { path: lock, is_new, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed("locked", &cause)),
        }
    }
}

/// Opens or creates the lock file. Created by root, it gets the owner of the database, or the server could not open
/// it. Only the owner may open it, since any process that can open it can lock it and keep the server from starting.
fn open(lock: &Path, database: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.write(true);
    let made = private_file::for_owner(&mut options.clone()).create_new(true).open(lock);
    match made {
        Ok(file) => hand_over(&file, database).map(|()| (file, true)),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            // Opening a named pipe would block.
            if !lock.metadata()?.is_file() {
                return Err(io::Error::other("it is not a regular file; move it away"));
            }
            let file = options.open(lock)?;
            // Older versions created it with open permissions. Only its owner can change that; others ignore the
            // error.
            let _ = private_file::make_private(&file);
            Ok((file, false))
        }
        Err(cause) => Err(cause),
    }
}

/// Whether the path still leads to this file.
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
