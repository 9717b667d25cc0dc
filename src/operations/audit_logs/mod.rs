//! The audit log: one entry for each change, written in the same transaction, without secrets.

mod export;
mod read;

pub use export::export;
pub use read::{get, list};
