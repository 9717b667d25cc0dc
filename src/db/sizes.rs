//! How much space the database takes, for `brms stats`.

use std::collections::BTreeMap;

/// The space that a database takes.
#[derive(Clone, Debug, Default)]
pub struct DatabaseSizes {
    /// The engine: `sqlite` or `postgresql`.
    pub engine: &'static str,
    /// The whole database, without a write-ahead log.
    pub bytes: u64,
    /// The write-ahead log. `None` if it is the database server's.
    pub log_bytes: Option<u64>,
    /// What is in the database file and not used. `None` if the database server does not tell.
    pub free_bytes: Option<u64>,
    /// What each table takes with its indexes.
    pub of_tables: BTreeMap<String, u64>,
}
