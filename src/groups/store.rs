//! SQL on groups.

use uuid::Uuid;

use super::Group;
use crate::db::{Tx, id_list, params};
use crate::problem::Problem;

/// Those of the ids that name groups of the project, in the order of their creation.
pub fn find_all(tx: &Tx, project_id: Uuid, group_ids: &[Uuid]) -> Result<Vec<Group>, Problem> {
    let found = tx.rows(
        "SELECT id, project_id, name, description, permissions
         FROM groups
         WHERE project_id = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))
         ORDER BY created_at, id",
        params![project_id, id_list(group_ids)],
        |row| {
            let permissions: Option<String> = row.get("permissions")?;
            let group = Group {
                id: row.get("id")?,
                project_id: row.get("project_id")?,
                name: row.get("name")?,
                description: row.get("description")?,
                permissions: None,
            };
            Ok((group, permissions))
        },
    )?;
    found.into_iter().map(|(group, permissions)| with_permissions(group, permissions.as_deref())).collect()
}

fn with_permissions(group: Group, json: Option<&str>) -> Result<Group, Problem> {
    let permissions = json.map(serde_json::from_str).transpose();
    let permissions =
        permissions.map_err(|cause| Problem::internal("reading a group's permissions", cause))?;
    Ok(Group { permissions, ..group })
}

/// Adds a group.
pub fn create(tx: &Tx, group: &Group) -> Result<(), Problem> {
    let permissions = group.permissions.as_ref().map(|all| serde_json::json!(all).to_string());
    tx.execute(
        "INSERT INTO groups (project_id, id, name, description, permissions, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![group.project_id, group.id, group.name, group.description, permissions, tx.now().as_millis()],
    )?;
    Ok(())
}
