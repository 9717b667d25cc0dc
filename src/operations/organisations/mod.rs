//! Organisations. A database can have several, isolated from each other.

mod update;

pub use update::update;
