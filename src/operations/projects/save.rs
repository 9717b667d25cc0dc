//! updateProject and deleteProject.

use super::list::shown;
use crate::access::{self, Principal};
use crate::app::App;
use crate::db::Tx;
use crate::generated::api::{DeleteProjectParameters, UpdateProjectParameters};
use crate::generated::models::{self, Permission, UpdateProjectRequest};
use crate::limits;
use crate::problem::{Conflict, Place, Problem};
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::projects::Project;

/// Updates name, key and protection; absent fields stay unchanged.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateProjectParameters,
    body: UpdateProjectRequest,
) -> Result<models::Project, Problem> {
    limits::check(&[("name", &body.name), ("key", &body.key)])?;
    app.write(principal, move |tx, caller| {
        let (before, access) = access::projects::access(tx, caller, parameters.project_id.into())?;
        // Clients that keep a project as it is described, such as Terraform's, send all values each time.
        let is_other = body.key.as_ref().is_some_and(|key| *key != before.key)
            || body.protected.is_some_and(|protected| protected != before.protected);
        if is_other && !access.may(Permission::Owner) {
            return Err(Problem::Forbidden(
                "Changing key or protected needs the permission owner in the project.",
            ));
        }
        let after = Project {
            name: body.name.clone().unwrap_or_else(|| before.name.clone()),
            key: body.key.clone().unwrap_or_else(|| before.key.clone()),
            protected: body.protected.unwrap_or(before.protected),
            updated_at: tx.now(),
            ..before.clone()
        };
        if after.key != before.key && store::projects::key_is_taken(tx, after.organisation_id, &after.key)? {
            return Err(key_taken());
        }
        if !store::projects::record_update(tx, &caller.actor(), &before, &after)? {
            return shown(tx, &before);
        }
        store::projects::update(tx, &after)?;
        shown(tx, &after)
    })
    .await
}

/// The error if another live project of the organisation has the key.
pub(super) fn key_taken() -> Problem {
    let detail = "another project of this organisation has this key; choose another one";
    Problem::Conflict(Conflict::NameTaken, vec![Place::pointer("/key", detail)])
}

/// Soft-deletes a project with its content; restoreProject restores it.
pub async fn delete(
    app: &App,
    principal: Principal,
    parameters: DeleteProjectParameters,
) -> Result<models::Project, Problem> {
    app.write(principal, move |tx, caller| {
        let (project, _) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let deleted = soft_delete(tx, &caller.actor(), project)?;
        shown(tx, &deleted)
    })
    .await
}

/// Soft-deletes a live project, unless it is protected, and returns it.
pub fn soft_delete(tx: &Tx, actor: &Actor, project: Project) -> Result<Project, Problem> {
    if project.protected {
        return Err(Problem::conflict(Conflict::ProjectProtected));
    }
    store::projects::delete(tx, project.id)?;
    store::projects::record(tx, actor, Action::Deleted, &project)?;
    Ok(Project { deleted_at: Some(tx.now()), updated_at: tx.now(), ..project })
}
