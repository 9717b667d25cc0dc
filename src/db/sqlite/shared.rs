//! What all connections to the file have in common.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Notify;

use super::opened_file::OpenedFile;
use super::trouble::Trouble;
use crate::lifeline::Lifeline;

/// What all connections have in common.
pub(super) struct Shared {
    pub trouble: Trouble,
    pub lifeline: Lifeline,
    pub mail_bell: Notify,
    /// Whether the server stops, and other processes are not waited for.
    pub is_stopping: AtomicBool,
    pub file: OpenedFile,
}

impl Shared {
    pub(super) fn new(file: OpenedFile) -> Arc<Self> {
        Arc::new(Self {
            file,
            trouble: Trouble::default(),
            lifeline: Lifeline::default(),
            mail_bell: Notify::new(),
            is_stopping: AtomicBool::new(false),
        })
    }
}
