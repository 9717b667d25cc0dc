//! The PostgreSQL engine: connections, the threads that use them, and what becomes of a transaction that fails. The
//! PostgreSQL library is used in this folder only.

pub(super) mod cells;
mod connector;
mod copy;
pub(super) mod engine;
mod failure;
mod forms;
pub(super) mod known;
mod locks;
mod migrations;
mod options;
mod outcome;
mod password;
pub(super) mod read_queue;
mod reader;
mod readiness;
pub(super) mod session;
mod shared;
pub(super) mod sizes;
pub(super) mod soundness;
mod threads;
mod tls;
mod write_queue;
mod writer;

pub use copy::{CopyProgress, CopyStage, copy};
pub use locks::{InstanceLock, RetentionLock, Sharing, StartLock};
pub use options::{BesideUrl, PostgresOptions};
