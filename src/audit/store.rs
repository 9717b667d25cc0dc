//! SQL on the audit log.

use super::{Actor, Change};
use crate::db::{Tx, params};
use crate::problem::Problem;

/// Writes one row.
pub fn record(tx: &Tx, actor: &Actor, change: &Change) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO audit_logs (id, organisation_id, created_at, type, action, user_id, project_id, ref_id,
                                 ip_address, user_agent, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            tx.new_id(),
            actor.organisation_id,
            tx.now().as_millis(),
            change.kind.as_str(),
            change.action.word(),
            actor.user_id,
            change.project_id,
            change.ref_id,
            actor.ip_address,
            actor.user_agent,
            change.data.to_string(),
        ],
    )?;
    Ok(())
}
