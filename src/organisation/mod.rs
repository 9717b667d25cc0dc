//! Organisations. Several live in one database, closed to each other.

pub mod store;

use uuid::Uuid;

/// An organisation as stored.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The organisation's id.
    pub id: Uuid,
    /// Its name in addresses.
    pub name: String,
    /// What people call it.
    pub display_name: String,
}
