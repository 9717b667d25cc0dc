//! Projects as the description has them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::{
    self, ApprovalGroup, ListedProject, ProjectMember, TokenProject, UserSummary,
};
use crate::problem::Problem;
use crate::store;
use crate::store::groups::Group;
use crate::store::projects::Project;

/// A project with its approval settings.
pub(crate) fn project(tx: &Tx, project: &Project) -> Result<models::Project, Problem> {
    let mut groups = approval_groups(tx, &[project.id])?;
    Ok(with_groups(project, groups.remove(&project.id).unwrap_or_default()))
}

fn with_groups(project: &Project, approval_groups: Vec<ApprovalGroup>) -> models::Project {
    models::Project {
        id: project.id,
        name: project.name.clone(),
        key: Some(project.key.clone()),
        organisation_id: project.organisation_id,
        version: project.version,
        protected: Some(project.protected),
        deleted_at: project.deleted_at.map(Timestamp::rfc3339),
        decisions_approval_mode: project.approval_mode,
        decisions_approval_groups: Some(approval_groups),
        created_at: project.created_at.rfc3339(),
        updated_at: project.updated_at.rfc3339(),
    }
}

/// The same in a list, with its members.
pub(crate) fn listed(
    stored: &Project,
    approval_groups: Vec<ApprovalGroup>,
    members: Vec<ProjectMember>,
) -> ListedProject {
    let project = with_groups(stored, approval_groups);
    ListedProject {
        id: project.id,
        name: project.name,
        key: project.key,
        organisation_id: project.organisation_id,
        version: project.version,
        protected: project.protected,
        deleted_at: project.deleted_at,
        decisions_approval_mode: project.decisions_approval_mode,
        decisions_approval_groups: project.decisions_approval_groups,
        created_at: project.created_at,
        updated_at: project.updated_at,
        members: Some(members),
    }
}

/// A project inside a token.
#[must_use]
pub fn token_project(project: &Project) -> TokenProject {
    TokenProject {
        id: project.id,
        name: project.name.clone(),
        key: Some(project.key.clone()),
        organisation_id: project.organisation_id,
        version: project.version.as_str().to_owned(),
        protected: Some(project.protected),
        created_at: project.created_at.rfc3339(),
        updated_at: project.updated_at.rfc3339(),
    }
}

/// A member in a list of projects.
pub(crate) fn project_member(member: store::projects::ListedMember) -> ProjectMember {
    ProjectMember {
        id: member.id,
        owner: Some(member.owner),
        user: Some(UserSummary {
            id: member.user_id,
            email: member.email,
            first_name: member.first_name,
            last_name: member.last_name,
        }),
    }
}

/// The groups that approve, for each of these projects.
pub(crate) fn approval_groups(
    tx: &Tx,
    project_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<ApprovalGroup>>, Problem> {
    let mut of_project: HashMap<Uuid, Vec<ApprovalGroup>> = HashMap::new();
    for (project_id, group_id) in store::projects::approval_groups(tx, project_ids)? {
        let group = store::groups::find(tx, project_id, group_id)?;
        of_project.entry(project_id).or_default().extend(group.as_ref().map(approval_group));
    }
    Ok(of_project)
}

fn approval_group(group: &Group) -> ApprovalGroup {
    ApprovalGroup {
        id: group.id,
        name: group.name.clone(),
        project_id: group.project_id,
        description: group.description.clone(),
        role_id: group.role_id,
    }
}
