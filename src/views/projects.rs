//! Projects as API models.

use crate::clock::Timestamp;
use crate::generated::models::{
    self, ApprovalGroup, ListedProject, ProjectMember, TokenProject, UserSummary,
};
use crate::store::groups::NamedGroup;
use crate::store::listed_members::ListedMember;
use crate::store::projects::Project;

/// A project with its approval settings.
pub(crate) fn project(project: &Project, approving: &[NamedGroup]) -> models::Project {
    models::Project {
        id: project.id.into(),
        name: project.name.clone(),
        key: Some(project.key.clone()),
        organisation_id: project.organisation_id.into(),
        version: project.version,
        protected: Some(project.protected),
        deleted_at: project.deleted_at.map(Timestamp::rfc3339),
        decisions_approval_mode: project.approval_mode,
        decisions_approval_groups: Some(approving.iter().map(approval_group).collect()),
        created_at: project.created_at.rfc3339(),
        updated_at: project.updated_at.rfc3339(),
    }
}

/// A project in a list, with its members.
pub(crate) fn listed(
    stored: &Project,
    approving: &[NamedGroup],
    members: Vec<ListedMember>,
) -> ListedProject {
    let project = project(stored, approving);
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
        members: Some(members.into_iter().map(project_member).collect()),
    }
}

/// A project nested in a token.
#[must_use]
pub fn token_project(project: &Project) -> TokenProject {
    TokenProject {
        id: project.id.into(),
        name: project.name.clone(),
        key: Some(project.key.clone()),
        organisation_id: project.organisation_id.into(),
        version: project.version.as_str().to_owned(),
        protected: Some(project.protected),
        created_at: project.created_at.rfc3339(),
        updated_at: project.updated_at.rfc3339(),
    }
}

/// A member nested in a project of a list.
fn project_member(member: ListedMember) -> ProjectMember {
    ProjectMember {
        id: member.id.into(),
        owner: Some(member.owner),
        user: Some(UserSummary {
            id: member.user.id.into(),
            email: member.user.email,
            first_name: member.user.first_name,
            last_name: member.user.last_name,
        }),
    }
}

fn approval_group(group: &NamedGroup) -> ApprovalGroup {
    ApprovalGroup {
        id: group.id.into(),
        name: group.name.clone(),
        project_id: group.project_id.into(),
        description: group.description.clone(),
        role_id: group.role_id.map(Into::into),
    }
}
