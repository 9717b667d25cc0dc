//! Organisations. Several live in one database, closed to each other.

mod update;

pub use update::update;
