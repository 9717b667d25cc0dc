//! Organisations. Several live in one database, closed to each other.

pub mod store;
mod update;
mod wire;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::audit::{self, Action, Actor, Change};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::AuditLogType;
use crate::problem::Problem;

pub use update::update;

/// An organisation as stored.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The organisation's id.
    pub id: Uuid,
    /// Its name in addresses.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// Settings, as given.
    pub preferences: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Organisation {
    /// A new organisation without any settings.
    #[must_use]
    pub fn new(tx: &Tx, name: &str, display_name: &str) -> Self {
        Self {
            id: tx.new_id(),
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            preferences: Map::new(),
            created_at: tx.now(),
            updated_at: tx.now(),
        }
    }
}

/// Notes in the audit log what an organisation is now.
pub fn record(tx: &Tx, actor: &Actor, action: Action, organisation: &Organisation) -> Result<(), Problem> {
    let data = serde_json::json!({
        "name": organisation.name,
        "displayName": organisation.display_name,
        "preferences": organisation.preferences,
    });
    audit::record(tx, actor, &Change::new(AuditLogType::Organisation, action, organisation.id, data))
}
