//! restoreProject.

use super::list::shown;
use crate::access::{self, Principal};
use crate::app::App;
use crate::db::{Demand, Tx};
use crate::generated::api::RestoreProjectParameters;
use crate::generated::models;
use crate::limits::NAME_CHARACTERS_MAX;
use crate::operations::roles;
use crate::problem::{Conflict, Problem};
use crate::store;
use crate::store::projects::Project;

/// Restores a deleted project with its content, under a new key if its own was taken meanwhile.
pub async fn restore(
    app: &App,
    principal: Principal,
    parameters: RestoreProjectParameters,
) -> Result<models::Project, Problem> {
    app.write(principal, move |tx, caller| {
        let project = store::projects::find(tx, caller.organisation_id, parameters.project_id.into())?;
        let project = project.ok_or(Problem::NotFound("project"))?;
        access::projects::visible(tx, caller, project.id)?.require(caller.operation)?;
        if project.deleted_at.is_none() {
            return Err(Problem::conflict(Conflict::NotDeleted));
        }
        let roles = roles::ProjectPlan::new(tx, project.organisation_id, project.id)?;
        roles.check(tx, Demand::rows(1), 0)?;
        let restored = store::projects::restore(tx, project.id, &free_key(tx, &project)?)?;
        store::projects::record_restored(tx, &caller.actor(), &project, &restored)?;
        // Roles may have changed since the deletion, and may have removed the caller's permission.
        roles::sync_project(tx, &caller.actor(), roles)?;
        access::projects::visible(tx, caller, project.id)?.require(caller.operation)?;
        shown(tx, &restored)
    })
    .await
}

/// The project's own key, or the key with the first free number: `pricing-2`.
fn free_key(tx: &Tx, project: &Project) -> Result<String, Problem> {
    let mut key = project.key.clone();
    let mut number = 2;
    while store::projects::key_is_taken(tx, project.organisation_id, &key)? {
        key = numbered(&project.key, number);
        number += 1;
    }
    Ok(key)
}

/// The key with a number, within the limit of a key.
fn numbered(key: &str, number: u32) -> String {
    let end = format!("-{number}");
    let kept: String = key.chars().take(NAME_CHARACTERS_MAX - end.len()).collect();
    // A key has no two hyphens in a row.
    format!("{}{end}", kept.trim_end_matches('-'))
}
