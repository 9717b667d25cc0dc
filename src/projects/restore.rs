//! restoreProject.

use super::{Project, record, seen, store, wire};
use crate::app::App;
use crate::audit::Action;
use crate::auth::Principal;
use crate::db::Tx;
use crate::generated::api::RestoreProjectParameters;
use crate::generated::models;
use crate::problem::{Conflict, Problem};
use crate::roles;

/// Brings a deleted project back with all that was in it, under a new key if its own was taken meanwhile.
pub async fn restore(
    app: &App,
    principal: Principal,
    parameters: RestoreProjectParameters,
) -> Result<models::Project, Problem> {
    app.write(principal, move |tx, caller| {
        let project = store::find(tx, caller.organisation_id, parameters.project_id)?;
        let project = project.ok_or(Problem::NotFound("project"))?;
        seen(tx, caller, project.id)?.require(caller.operation)?;
        if project.deleted_at.is_none() {
            return Err(Problem::conflict(Conflict::NotDeleted));
        }
        let restored = store::restore(tx, project.id, &free_key(tx, &project)?)?;
        record(tx, &caller.actor(), Action::Restored, &restored)?;
        // Roles may have changed while it was away, and may have taken the caller's right to do this.
        roles::reach_project(tx, &caller.actor(), project.id)?;
        seen(tx, caller, project.id)?.require(caller.operation)?;
        wire::project(tx, &restored)
    })
    .await
}

/// Its own key, or that with the first number that is free: `pricing-2`.
fn free_key(tx: &Tx, project: &Project) -> Result<String, Problem> {
    let mut key = project.key.clone();
    let mut number = 2;
    while store::key_is_taken(tx, project.organisation_id, &key)? {
        key = format!("{}-{number}", project.key);
        number += 1;
    }
    Ok(key)
}
