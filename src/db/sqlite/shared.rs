//! State that all connections to the file share.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Notify;

use super::health::FileHealth;
use super::opened_file::OpenedFile;
use super::options::Options;
use crate::histogram::Histogram;
use crate::lifeline::Lifeline;

/// State that all connections share.
pub(super) struct Shared {
    pub health: FileHealth,
    pub lifeline: Lifeline,
    pub mail_queued: Notify,
    /// How long commits took that wrote something.
    pub commits: Histogram,
    /// Whether the server is stopping, which shortens waits for other processes.
    pub is_stopping: AtomicBool,
    /// See [`Options::is_lock_held`].
    pub is_lock_held: bool,
    pub file: OpenedFile,
}

impl Shared {
    /// `reached_by`: the path as it was given, which may be a symbolic link to that of the options.
    pub(super) fn open(options: &Options, reached_by: &Path) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            file: OpenedFile::new(&options.path)?.reached_by(reached_by),
            health: FileHealth::default(),
            lifeline: Lifeline::default(),
            mail_queued: Notify::new(),
            commits: Histogram::default(),
            is_stopping: AtomicBool::new(false),
            is_lock_held: options.is_lock_held,
        }))
    }
}
