//! State that all connections to the file share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Notify;

use super::health::FileHealth;
use super::opened_file::OpenedFile;
use crate::lifeline::Lifeline;

/// State that all connections share.
pub(super) struct Shared {
    pub health: FileHealth,
    pub lifeline: Lifeline,
    pub mail_queued: Notify,
    /// Whether the server is stopping, which shortens waits for other processes.
    pub is_stopping: AtomicBool,
    pub file: OpenedFile,
}

impl Shared {
    pub(super) fn new(file: OpenedFile) -> Arc<Self> {
        Arc::new(Self {
            file,
            health: FileHealth::default(),
            lifeline: Lifeline::default(),
            mail_queued: Notify::new(),
            is_stopping: AtomicBool::new(false),
        })
    }
}
