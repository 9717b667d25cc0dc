//! Roles as the description has them.

use crate::db::Tx;
use crate::generated::models::{self, NamedReference, RoleGroup, RoleGroupProject};
use crate::problem::Problem;
use crate::store;
use crate::store::roles::Role;
use crate::views::users;

/// A role with its groups, users and organisation.
pub(crate) fn role(tx: &Tx, role: &Role) -> Result<models::Role, Problem> {
    let user_ids = store::roles::users_of(tx, role.id)?;
    let users = store::users::find_all(tx, role.organisation_id, &user_ids)?;
    let organisation = store::organisations::get(tx, role.organisation_id)?;
    Ok(models::Role {
        id: role.id,
        name: role.name.clone(),
        description: role.description.clone(),
        all_projects: role.all_projects,
        idp_groups: Some(role.idp_groups.clone()),
        project_permissions: Some(role.project_permissions.clone()),
        project_file_permissions: Some(
            role.project_file_permissions.iter().cloned().map(Into::into).collect(),
        ),
        groups: Some(groups_of(tx, role)?),
        users: Some(users.iter().map(users::summary).collect()),
        organisation_id: role.organisation_id,
        organisation: Some(NamedReference { id: Some(organisation.id), name: Some(organisation.name) }),
        created_at: role.created_at.rfc3339(),
        updated_at: role.updated_at.rfc3339(),
    })
}

fn groups_of(tx: &Tx, role: &Role) -> Result<Vec<RoleGroup>, Problem> {
    let mut groups = Vec::new();
    for group in store::groups::all_of_role(tx, role.id)? {
        let project = store::projects::find(tx, role.organisation_id, group.project_id)?;
        // A deleted project is hidden, and so is the role's group in it until it is back.
        let Some(project) = project.filter(|project| project.deleted_at.is_none()) else { continue };
        groups.push(RoleGroup {
            id: group.id,
            name: group.name,
            project_id: group.project_id,
            description: group.description,
            project: Some(RoleGroupProject { name: Some(project.name) }),
            role_id: group.role_id,
        });
    }
    Ok(groups)
}
