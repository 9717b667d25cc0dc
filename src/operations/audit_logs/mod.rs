//! The audit log: one row for each thing changed, in the transaction that changes it, never a secret.

mod read;

pub use read::{get, list};
