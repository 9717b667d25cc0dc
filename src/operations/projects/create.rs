//! createProject: empty, or with the groups and approval settings of another project.

use std::collections::HashMap;

use super::list::shown;
use super::save::key_taken;
use crate::access::{self, Caller, Principal};
use crate::app::App;
use crate::db::{Demand, Tx};
use crate::generated::models::{CreateProjectRequest, CreatedProject, ProjectVersion};
use crate::http::Posted;
use crate::limits::{self, FILE_PERMISSIONS_BYTES, json_bytes};
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
    let copies = source.as_ref().map(|source| Copies::of(tx, source, &project)).transpose()?;
    let copies = copies.unwrap_or_default();
    let roles = roles::ProjectPlan::new(tx, caller.organisation_id, project.id)?;
    roles.check(tx, copies.written(), copies.groups.len())?;
    if store::projects::key_is_taken(tx, caller.organisation_id, &project.key)?
        || !store::projects::create(tx, &project)?
    {
        return Err(key_taken());
    }
    store::projects::record(tx, &caller.actor(), Action::Created, &project)?;
    members::add_owner(tx, &caller.actor(), project.id, caller.user_id)?;
    store::groups::add_all(tx, &caller.actor(), &copies.groups)?;
    if !copies.approving.is_empty() {
        store::projects::set_approval_groups(tx, project.id, &copies.approving)?;
    }
    roles::sync_project(tx, &caller.actor(), roles)?;
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

/// Copies of the groups of a project, without those that a role manages: the role creates its own.
#[derive(Default)]
struct Copies {
    groups: Vec<Group>,
    approving: Vec<GroupId>,
}

impl Copies {
    fn of(tx: &Tx, source: &Project, project: &Project) -> Result<Self, Problem> {
        let mut ids: HashMap<GroupId, GroupId> = HashMap::new();
        let mut groups = Vec::new();
        for original in store::groups::all_of_project(tx, source.id)? {
            if original.role_id.is_some() {
                continue;
            }
            FILE_PERMISSIONS_BYTES.check(json_bytes(&original.file_permissions))?;
            let copy = Group { id: tx.new_id(), project_id: project.id, ..original };
            ids.insert(original.id, copy.id);
            groups.push(copy);
        }
        let approving = store::projects::approval_groups(tx, &[source.id])?;
        let approving = approving.iter().filter_map(|(_, group)| ids.get(group).copied()).collect();
        Ok(Self { groups, approving })
    }

    /// With the project itself and its owner.
    fn written(&self) -> Demand {
        Demand {
            rows: 2 + self.groups.len() + self.approving.len(),
            bytes: self.groups.iter().map(|group| json_bytes(&group.file_permissions)).sum(),
        }
    }
}
