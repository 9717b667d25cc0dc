//! Seed files: organisations with their users, credentials and projects, written to a database in one transaction.
//! Ids and secrets may be given, so that tests can refer to them.
//!
//! [`mod@format`] defines the file format, `check` validates a file and reports errors with their paths, [`load`]
//! writes a seed to a database, [`export`] creates one from a database, and [`starter`] is a first seed for a new
//! installation.

mod check;
mod checked;
mod complaint;
mod export;
pub mod format;
mod load;
mod starter;

pub use checked::{Checked, load, load_into_empty, parse, read};
pub use complaint::{Complaint, places};
pub use export::{AuditLogs, export};
pub use load::Loaded;
pub use starter::{OWNER_EMAIL, starter};
