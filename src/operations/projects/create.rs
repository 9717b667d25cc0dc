//! createProject: empty, or with the groups and approval settings of another project.

use std::collections::HashMap;

use super::list::shown;
use super::save::key_taken;
use crate::access::{self, Caller, Principal};
use crate::app::App;
use crate::db::Tx;
use crate::generated::models::{CreateProjectRequest, CreatedProject, ProjectVersion};
use crate::http::Posted;
use crate::limits;
use crate::operations::{members, roles};
use crate::problem::{Place, Problem};
use crate::store;
use crate::store::audit_logs::Action;
use crate::store::groups::Group;
use crate::store::ids::{GroupId, ProjectId};
use crate::store::projects::Project;

/// Creates a project. The caller becomes its owner, and roles with `allProjects` apply to it at once.
pub async fn create(
    app: &App,
    principal: Principal,
    body: CreateProjectRequest,
) -> Result<Posted<CreatedProject>, Problem> {
    limits::check(&[("name", &body.name), ("key", &body.key)])?;
    app.write_once(
        principal,
        |_, caller| caller.require(),
        move |tx, caller, ()| Ok(CreatedProject { project: carry_out(tx, caller, &body)? }),
    )
    .await
}

fn carry_out(
    tx: &Tx,
    caller: &Caller,
    body: &CreateProjectRequest,
) -> Result<crate::generated::models::Project, Problem> {
    let source = body.copy_content_ref.map(|id| copied(tx, caller, id.into())).transpose()?;
    let project = Project {
        id: tx.new_id(),
        organisation_id: caller.organisation_id,
        key: body.key.clone(),
        name: body.name.clone(),
        version: body.version.unwrap_or(ProjectVersion::V1),
        protected: body.protected,
        approval_mode: source.as_ref().and_then(|source| source.approval_mode),
        deleted_at: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    if store::projects::key_is_taken(tx, caller.organisation_id, &project.key)?
        || !store::projects::create(tx, &project)?
    {
        return Err(key_taken());
    }
    store::projects::record(tx, &caller.actor(), Action::Created, &project)?;
    members::add_owner(tx, &caller.actor(), project.id, caller.user_id)?;
    if let Some(source) = source {
        copy_groups(tx, caller, &source, &project)?;
    }
    roles::sync_project(tx, &caller.actor(), project.id)?;
    shown(tx, &project)
}

/// The project to copy from, which must be visible.
fn copied(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<Project, Problem> {
    let missing = || {
        Problem::MissingReferences(vec![Place::pointer(
            "/copyContentRef",
            "does not match a visible project",
        )])
    };
    let source = store::projects::find(tx, caller.organisation_id, project_id)?;
    let source = source.filter(|project| project.deleted_at.is_none()).ok_or_else(missing)?;
    access::projects::visible(tx, caller, source.id).map_err(|problem| match problem {
        Problem::NotFound(_) => missing(),
        other => other,
    })?;
    Ok(source)
}

/// Copies all groups but those that a role manages: the role creates its own.
fn copy_groups(tx: &Tx, caller: &Caller, source: &Project, project: &Project) -> Result<(), Problem> {
    let mut copies: HashMap<GroupId, GroupId> = HashMap::new();
    for original in store::groups::all_of_project(tx, source.id)? {
        if original.role_id.is_some() {
            continue;
        }
        let copy = Group { id: tx.new_id(), project_id: project.id, ..original.clone() };
        store::groups::add(tx, &caller.actor(), &copy)?;
        copies.insert(original.id, copy.id);
    }
    let approving = store::projects::approval_groups(tx, &[source.id])?;
    let approving: Vec<GroupId> =
        approving.iter().filter_map(|(_, group)| copies.get(group).copied()).collect();
    store::projects::set_approval_groups(tx, project.id, &approving)
}
