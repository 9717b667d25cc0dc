//! Groups of a project: the record type, its audit log entries and its SQL.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::db::{Filter, Ids, List, Scan, Search, Tx, params};
use crate::file_permissions::FilePermission;
use crate::generated::models::{AuditLogType, Permission};
use crate::paging::{Listed, Page};
use crate::problem::Problem;
use crate::search::{folded, folded_text};
use crate::store::audit_changes::{Values, record_update as record_change};
use crate::store::audit_logs::{self, Action, Actor, Change};
use crate::store::columns::{Record, insert, stored};
use crate::store::ids::{GroupId, ProjectId, RoleId, UserId};
use crate::store::searches::in_name;
use crate::store::sets::grouped;

stored! {
    /// A group as stored.
    #[derive(Clone, Debug)]
    pub struct Group {
        /// The group's id.
        id: GroupId,
        /// The project it belongs to.
        project_id: ProjectId,
        /// The display name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The permissions of its members; `None` if never set.
        permissions: Option<Vec<Permission>>,
        /// The file permissions of its members, as given.
        file_permissions: Option<Vec<FilePermission>>,
        /// The role that manages it.
        role_id: Option<RoleId>,
        /// When it was created.
        created_at: Timestamp,
    }
}

impl Group {
    /// Whether its members have the permission `owner`.
    #[must_use]
    pub fn carries_owner(&self) -> bool {
        self.permissions.as_ref().is_some_and(|all| all.contains(&Permission::Owner))
    }
}

/// Whether the approval groups of a project are this one alone.
#[must_use]
pub fn is_only_one(group: &Group, approving: &[(ProjectId, GroupId)]) -> bool {
    !approving.is_empty() && approving.iter().all(|(_, approving)| *approving == group.id)
}

/// Adds a group and records it in the audit log.
pub fn add(tx: &Tx, actor: &Actor, group: &Group) -> Result<(), Problem> {
    create(tx, group)?;
    record(tx, actor, Action::Created, group)
}

/// The values of a group in the audit log.
fn values(group: &Group) -> Value {
    json!({
        "name": group.name,
        "description": group.description,
        "permissions": group.permissions,
        "filePermissions": group.file_permissions,
        "roleId": group.role_id,
    })
}

/// Records the current values of a group in the audit log.
pub fn record(tx: &Tx, actor: &Actor, action: Action, group: &Group) -> Result<(), Problem> {
    let change =
        Change::new(AuditLogType::Group, action, group.id, values(group)).in_project(group.project_id);
    audit_logs::record(tx, actor, change)
}

/// Records an update with what it changed. Returns false, and records nothing, if it changed nothing.
pub fn record_update(tx: &Tx, actor: &Actor, before: &Group, after: &Group) -> Result<bool, Problem> {
    let values = Values { before: values(before), after: values(after) };
    let change = Change::new(AuditLogType::Group, Action::Updated, after.id, values.after.clone());
    record_change(tx, actor, change.in_project(after.project_id), &values)
}

/// One group of the project.
pub fn find(tx: &Tx, project_id: ProjectId, group_id: GroupId) -> Result<Option<Group>, Problem> {
    tx.optional(
        "SELECT * FROM groups WHERE project_id = ?1 AND id = ?2",
        params![project_id, group_id],
        Group::read,
    )
}

/// The groups of the project with these ids, by creation time. Each id is looked up separately, as in
/// `users::find_all`.
pub fn find_all(tx: &Tx, project_id: ProjectId, group_ids: &[GroupId]) -> Result<Vec<Group>, Problem> {
    let found = group_ids.iter().filter_map(|id| find(tx, project_id, *id).transpose());
    let mut groups = found.collect::<Result<Vec<_>, _>>()?;
    groups.sort_by_key(|group| (group.created_at, group.id));
    groups.dedup_by_key(|group| group.id);
    Ok(groups)
}

/// Every group of the project.
pub fn all_of_project(tx: &Tx, project_id: ProjectId) -> Result<Vec<Group>, Problem> {
    tx.rows("SELECT * FROM groups WHERE project_id = ?1 ORDER BY created_at, id", [project_id], Group::read)
}

/// Every group that a role manages.
pub fn all_of_role(tx: &Tx, role_id: RoleId) -> Result<Vec<Group>, Problem> {
    tx.rows("SELECT * FROM groups WHERE role_id = ?1 ORDER BY created_at, id", [role_id], Group::read)
}

/// The groups of each of these roles in projects that are not deleted, oldest first, with the project's name.
pub(crate) fn of_roles(
    tx: &Tx,
    role_ids: &[RoleId],
) -> Result<HashMap<RoleId, Vec<(Group, String)>>, Problem> {
    let of_role = tx.rows(
        "SELECT groups.*, projects.name AS project_name
         FROM groups
         JOIN projects ON projects.id = groups.project_id
         WHERE groups.role_id IN (SELECT id FROM ids(?1) AS listed) AND projects.deleted_at IS NULL
           AND projects.organisation_id = (SELECT organisation_id FROM roles WHERE roles.id = groups.role_id)
         ORDER BY groups.created_at, groups.id",
        [Ids::of(role_ids)],
        |row| Ok((row.get("role_id")?, (Group::read(row)?, row.get("project_name")?))),
    )?;
    Ok(grouped(of_role))
}

/// The groups of each of these members of a project, by creation time.
pub(crate) fn of_members(
    tx: &Tx,
    project_id: ProjectId,
    user_ids: &[UserId],
) -> Result<HashMap<UserId, Vec<Group>>, Problem> {
    let of_user = tx.rows(
        "SELECT member_groups.user_id, groups.*
         FROM member_groups
         JOIN groups ON groups.project_id = member_groups.project_id AND groups.id = member_groups.group_id
         WHERE member_groups.project_id = ?1
           AND member_groups.user_id IN (SELECT id FROM ids(?2) AS listed)
         ORDER BY groups.created_at, groups.id",
        params![project_id, Ids::of(user_ids)],
        |row| Ok((row.get("user_id")?, Group::read(row)?)),
    )?;
    Ok(grouped(of_user))
}

/// The approval groups of each of these projects, in their order.
pub(crate) fn approving(
    tx: &Tx,
    project_ids: &[ProjectId],
) -> Result<HashMap<ProjectId, Vec<Group>>, Problem> {
    let of_project = tx.rows(
        "SELECT groups.*
         FROM project_approval_groups AS approval
         JOIN groups ON groups.project_id = approval.project_id AND groups.id = approval.group_id
         WHERE approval.project_id IN (SELECT id FROM ids(?1) AS listed)
         ORDER BY approval.project_id, approval.position",
        [Ids::of(project_ids)],
        |row| Ok((row.get("project_id")?, Group::read(row)?)),
    )?;
    Ok(grouped(of_project))
}

/// The groups of a project (`?1`), optionally with a search text (`?2`) in the name.
pub const OF_PROJECT: List = List {
    table: "groups",
    condition: "project_id = ?1",
    filters: &[],
    search: Some(Search { filter: Filter { parameter: 2, condition: in_name!("?2") }, candidates: None }),
    totals: None,
    order: "created_at, id",
    scan: Scan::Table,
};

/// One page of the groups of a project.
pub(crate) fn list(
    tx: &Tx,
    project_id: ProjectId,
    search: Option<&str>,
    page: Page,
) -> Result<Listed<Group>, Problem> {
    tx.page(&OF_PROJECT, params![project_id, folded(search)], page, Group::read)
}

/// Adds a group.
pub fn create(tx: &Tx, group: &Group) -> Result<(), Problem> {
    let search_name = folded_text(&group.name);
    insert(tx, "groups", group, &[("updated_at", &group.created_at), ("search_name", &search_name)])
}

/// Writes the current values of a group.
pub fn update(tx: &Tx, group: &Group) -> Result<(), Problem> {
    tx.execute(
        "UPDATE groups
         SET name = ?3, description = ?4, permissions = ?5, file_permissions = ?6, role_id = ?7, updated_at = ?8,
             search_name = ?9
         WHERE project_id = ?1 AND id = ?2",
        params![
            group.project_id,
            group.id,
            group.name,
            group.description,
            group.permissions,
            group.file_permissions,
            group.role_id,
            tx.now(),
            folded_text(&group.name),
        ],
    )?;
    Ok(())
}

/// Removes a group together with its memberships.
pub fn delete(tx: &Tx, group: &Group) -> Result<(), Problem> {
    tx.execute("DELETE FROM groups WHERE project_id = ?1 AND id = ?2", params![group.project_id, group.id])?;
    Ok(())
}
