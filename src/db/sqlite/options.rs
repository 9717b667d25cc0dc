//! How the file is opened.

use std::path::PathBuf;
use std::time::Duration;

/// How long a connection waits for another process that holds the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How to open the file.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the data lies.
    pub path: PathBuf,
    /// Whether a missing file is made.
    pub create: bool,
    /// The most bytes the file may grow to.
    pub size_max: Option<u64>,
    /// How many connections read side by side.
    pub readers: u32,
    /// Whether what was answered survives a power cut.
    pub durable: bool,
    /// Whether this process holds the [`super::ServeLock`]. Without it there may be a server beside, which comes first.
    pub is_lock_held: bool,
}

impl Options {
    /// The usual way for a server to open `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: true,
            size_max: None,
            readers: 4,
            durable: true,
            is_lock_held: true,
        }
    }

    /// The way for a command that lives for one look or one change, into a file that is there.
    pub fn beside_a_server(path: impl Into<PathBuf>) -> Self {
        Self { create: false, readers: 1, is_lock_held: false, ..Self::new(path) }
    }
}
