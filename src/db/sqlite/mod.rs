//! The SQLite engine: how the file is opened, read, written and copied. The SQLite library is used in this folder
//! only.

mod backup;
pub(super) mod cells;
mod checkpoint;
mod compaction;
mod compare;
mod connection;
mod copy;
pub(super) mod engine;
mod examination;
mod files;
mod forms;
mod functions;
mod header;
mod health;
mod lock;
mod log_check;
pub(super) mod migrations;
mod opened_file;
mod opening;
mod options;
mod pending;
mod problem;
mod readiness;
mod rescue;
mod search_check;
mod seen;
mod shared;
pub(super) mod sizes;
pub(super) mod soundness;
mod stuck_lock;
mod system;
pub(super) mod verbs;
mod writer;

pub use backup::{Copied, Existing, Restored, back_up, restore};
pub use compaction::{Compacted, compact};
pub use files::{beside, database_of, discard, is_new};
pub use lock::ServeLock;
pub use options::Options;
pub use search_check::wrong_search_indexes;
