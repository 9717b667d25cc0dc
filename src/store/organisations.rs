//! Organisations: the record type, its audit log entries and its SQL.

use crate::clock::Timestamp;
use crate::db::{Tx, params};
use crate::generated::models::AuditLogType;
use crate::problem::Problem;
use crate::store::audit_changes::{Values, record_update as record_change};
use crate::store::audit_logs::{self, Action, Actor, Change};
use crate::store::columns::{Record, insert, stored};
use crate::store::ids::OrganisationId;
use serde_json::{Map, Value, json};

stored! {
    /// An organisation as stored.
    #[derive(Clone, Debug)]
    pub struct Organisation {
        /// The organisation's id.
        id: OrganisationId,
        /// The name used in URLs.
        name: String,
        /// The display name.
        display_name: String,
        /// Settings, as given.
        preferences: Map<String, Value>,
        /// When it was created.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
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

/// The values of an organisation in the audit log.
fn values(organisation: &Organisation) -> Value {
    json!({
        "name": organisation.name,
        "displayName": organisation.display_name,
        "preferences": organisation.preferences,
    })
}

/// Records the current values of an organisation in the audit log.
pub fn record(tx: &Tx, actor: &Actor, action: Action, organisation: &Organisation) -> Result<(), Problem> {
    let change = Change::new(AuditLogType::Organisation, action, organisation.id, values(organisation));
    audit_logs::record(tx, actor, change)
}

/// Records an update with what it changed. Returns false, and records nothing, if it changed nothing.
pub(crate) fn record_update(
    tx: &Tx,
    actor: &Actor,
    before: &Organisation,
    after: &Organisation,
) -> Result<bool, Problem> {
    let values = Values { before: values(before), after: values(after) };
    let change = Change::new(AuditLogType::Organisation, Action::Updated, after.id, values.after.clone());
    record_change(tx, actor, change, &values)
}

/// One organisation, which must exist.
pub fn get(tx: &Tx, organisation_id: OrganisationId) -> Result<Organisation, Problem> {
    tx.row("SELECT * FROM organisations WHERE id = ?1", [organisation_id], Organisation::read)
}

/// The organisation, if there is only one.
pub fn only(tx: &Tx) -> Result<Option<Organisation>, Problem> {
    let mut first = tx.rows("SELECT * FROM organisations ORDER BY id LIMIT 2", (), Organisation::read)?;
    Ok(first.pop().filter(|_| first.is_empty()))
}

/// Every organisation, oldest first.
pub fn all(tx: &Tx) -> Result<Vec<Organisation>, Problem> {
    tx.rows("SELECT * FROM organisations ORDER BY created_at, id", (), Organisation::read)
}

/// Adds an organisation.
pub fn create(tx: &Tx, organisation: &Organisation) -> Result<(), Problem> {
    insert(tx, "organisations", organisation, &[])
}

/// Writes the current values of an organisation.
pub(crate) fn update(tx: &Tx, organisation: &Organisation) -> Result<(), Problem> {
    tx.execute(
        "UPDATE organisations SET name = ?2, display_name = ?3, preferences = ?4, updated_at = ?5 WHERE id = ?1",
        params![
            organisation.id,
            organisation.name,
            organisation.display_name,
            organisation.preferences,
            organisation.updated_at,
        ],
    )?;
    Ok(())
}
