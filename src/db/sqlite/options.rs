//! The options for opening the file.

use std::path::PathBuf;
use std::time::Duration;

/// How long a connection waits for a lock of another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What is done to a file of an earlier schema step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlderFile {
    /// The missing steps are applied.
    Migrate,
    /// It is only read, like any other file, and stays as it is.
    ReadOnly,
}

/// How to open the file.
#[derive(Clone, Debug)]
pub struct Options {
    /// The path of the database.
    pub path: PathBuf,
    /// Whether a missing file is created.
    pub create: bool,
    /// The maximum size of the file in bytes.
    pub size_max: Option<u64>,
    /// The size of the read connection pool.
    pub readers: u32,
    /// Whether committed writes survive a power failure.
    pub durable: bool,
    /// Whether this process holds the [`super::ServeLock`]. Without it a server may be running, which has precedence.
    pub is_lock_held: bool,
    /// What is done to a file of an earlier version.
    pub older: OlderFile,
}

impl Options {
    /// The defaults for a server.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: true,
            size_max: None,
            readers: 4,
            durable: true,
            is_lock_held: true,
            older: OlderFile::Migrate,
        }
    }

    /// For a short-lived command on an existing file, beside a running server.
    pub fn beside_a_server(path: impl Into<PathBuf>) -> Self {
        Self { create: false, readers: 1, is_lock_held: false, ..Self::new(path) }
    }

    /// For a command that reads a file of any schema step and leaves it as it is.
    pub fn unchanged(path: impl Into<PathBuf>) -> Self {
        Self { older: OlderFile::ReadOnly, ..Self::beside_a_server(path) }
    }
}
