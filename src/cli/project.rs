//! `brms project list` and `brms project delete ID`, across organisations.

use std::io::Write;

use uuid::Uuid;

use super::database;
use crate::clock::Timestamp;
use crate::config::DatabaseSettings;
use crate::failure::Failure;
use crate::operator::projects as operator;
use crate::store;
use crate::terminal::line;

/// One line per project.
pub(super) fn list(settings: &DatabaseSettings, out: &mut dyn Write) -> Result<(), Failure> {
    for project in database::read(&database::open_existing(settings)?, store::projects::all)? {
        let deleted = project.deleted_at.map_or_else(String::new, |at| format!("  deleted {}", at.rfc3339()));
        writeln!(out, "{}  {}  {}{deleted}", project.id, line(&project.key), line(&project.name))?;
    }
    Ok(())
}

/// Soft-deletes a project.
pub(super) fn delete(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_existing(settings)?;
    let deleted = database::write(&db, move |tx| operator::delete(tx, id.into()))?;
    let at = Timestamp::rfc3339(db.clock().now());
    if deleted {
        writeln!(out, "project {id} was deleted at {at}; restoreProject restores it")?;
    } else {
        writeln!(out, "project {id} was deleted already")?;
    }
    Ok(())
}
