//! Organisations: the record type, its audit log entries and its SQL.

use crate::clock::Timestamp;
use crate::db::{Row, RowResult, Tx, json, json_text, params};
use crate::generated::models::AuditLogType;
use crate::problem::Problem;
use crate::store::audit_logs::{self, Action, Actor, Change};
use crate::store::ids::OrganisationId;
use serde_json::{Map, Value};

/// An organisation as stored.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The organisation's id.
    pub id: OrganisationId,
    /// The name used in URLs.
    pub name: String,
    /// The display name.
    pub display_name: String,
    /// Settings, as given.
    pub preferences: Map<String, Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Organisation {
    /// A new organisation with default settings.
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

/// Records the current values of an organisation in the audit log.
pub fn record(tx: &Tx, actor: &Actor, action: Action, organisation: &Organisation) -> Result<(), Problem> {
    let data = serde_json::json!({
        "name": organisation.name,
        "displayName": organisation.display_name,
        "preferences": organisation.preferences,
    });
    audit_logs::record(tx, actor, &Change::new(AuditLogType::Organisation, action, organisation.id, data))
}

/// One organisation, which must exist.
pub fn get(tx: &Tx, organisation_id: OrganisationId) -> Result<Organisation, Problem> {
    tx.row("SELECT * FROM organisations WHERE id = ?1", [organisation_id], read)
}

/// Every organisation, oldest first.
pub fn all(tx: &Tx) -> Result<Vec<Organisation>, Problem> {
    tx.rows("SELECT * FROM organisations ORDER BY created_at, id", (), read)
}

/// Whether another organisation has the same name.
pub(crate) fn name_is_taken(tx: &Tx, organisation: &Organisation) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1 FROM organisations WHERE name = ?1 AND id <> ?2",
        params![organisation.name, organisation.id],
    )
}

/// Adds an organisation.
pub fn create(tx: &Tx, organisation: &Organisation) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO organisations (id, name, display_name, preferences, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            organisation.id,
            organisation.name,
            organisation.display_name,
            json_text(&organisation.preferences),
            organisation.created_at,
            organisation.updated_at,
        ],
    )?;
    Ok(())
}

/// Writes the current values of an organisation.
pub(crate) fn update(tx: &Tx, organisation: &Organisation) -> Result<(), Problem> {
    tx.execute(
        "UPDATE organisations SET name = ?2, display_name = ?3, preferences = ?4, updated_at = ?5 WHERE id = ?1",
        params![
            organisation.id,
            organisation.name,
            organisation.display_name,
            json_text(&organisation.preferences),
            organisation.updated_at,
        ],
    )?;
    Ok(())
}

fn read(row: &Row) -> RowResult<Organisation> {
    Ok(Organisation {
        id: row.get("id")?,
        name: row.get("name")?,
        display_name: row.get("display_name")?,
        preferences: json(row, "preferences")?.unwrap_or_default(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
