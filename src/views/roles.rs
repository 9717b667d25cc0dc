//! Roles as API models.

use crate::generated::models::{self, NamedReference, RoleGroup, RoleGroupProject};
use crate::store::groups::NamedGroup;
use crate::store::organisations::Organisation;
use crate::store::roles::Role;
use crate::store::users::User;
use crate::views::users;

/// A role with its groups (each with its project's name), users and organisation. Groups in deleted projects are left
/// out until the project is restored.
pub(crate) fn role(
    role: &Role,
    groups: &[(NamedGroup, String)],
    users: &[&User],
    organisation: &Organisation,
) -> models::Role {
    models::Role {
        id: role.id.into(),
        name: role.name.clone(),
        description: role.description.clone(),
        all_projects: role.all_projects,
        idp_groups: Some(role.idp_groups.clone()),
        project_permissions: Some(role.project_permissions.clone()),
        project_file_permissions: Some(
            role.project_file_permissions.iter().cloned().map(Into::into).collect(),
        ),
        groups: Some(groups.iter().map(|(group, project)| role_group(group, project)).collect()),
        users: Some(users.iter().map(|user| users::summary(user)).collect()),
        organisation_id: role.organisation_id.into(),
        organisation: Some(NamedReference {
            id: Some(organisation.id.into()),
            name: Some(organisation.name.clone()),
        }),
        created_at: role.created_at.rfc3339(),
        updated_at: role.updated_at.rfc3339(),
    }
}

fn role_group(group: &NamedGroup, project: &str) -> RoleGroup {
    RoleGroup {
        id: group.id.into(),
        name: group.name.clone(),
        project_id: group.project_id.into(),
        description: group.description.clone(),
        project: Some(RoleGroupProject { name: Some(project.to_owned()) }),
        role_id: group.role_id.map(Into::into),
    }
}
