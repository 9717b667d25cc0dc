//! The audit log: one row for each thing changed, in the transaction that changes it, never a secret.

mod export;
mod read;

pub use export::export;
pub use read::{get, list};
