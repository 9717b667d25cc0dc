//! What a file looked like when it was last verified.

use std::fs::Metadata;
use std::time::SystemTime;

/// The file's state when it was last verified.
pub(super) struct Seen {
    pub state: State,
    /// The WAL as this process left it.
    pub log: Option<State>,
    /// How many checkpoints are running in this process; their changes to the file are expected.
    pub checkpoints: u32,
    /// Whether the file could not be looked at after one of them. Until it can, its changes are taken for ours.
    pub is_result_unknown: bool,
}

impl Seen {
    pub(super) fn is_log_unchanged(&self, now: Option<State>) -> bool {
        self.checkpoints > 0 || now == self.log
    }
}

/// Length and modification time, which change with each write.
pub(super) type State = (u64, Option<SystemTime>);

/// The state of a file.
pub(super) fn state(metadata: &Metadata) -> State {
    (metadata.len(), metadata.modified().ok())
}
