//! Groups of a project: the record type, its audit log entries and its SQL.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::db::{Filter, Ids, List, Scan, Search, Tx, params};
use crate::file_permissions::FilePermission;
use crate::generated::models::{AuditLogType, Permission};
use crate::paging::{Listed, Page};
use crate::problem::Problem;
use crate::search::{folded, folded_text};
use crate::store::audit_changes::{Values, record_update as record_change, record_update_without};
use crate::store::audit_logs::{self, Action, Actor, Change};
use crate::store::columns::{ColumnValue, Record, insert, insert_all, stored};
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

/// Adds groups and records them in the audit log.
pub fn add_all(tx: &Tx, actor: &Actor, groups: &[Group]) -> Result<(), Problem> {
    let rows: Vec<(&Group, String)> = groups.iter().map(|group| (group, folded_text(&group.name))).collect();
    insert_all(tx, "groups", &rows, named_columns, |(group, _)| create(tx, group))?;
    audit_logs::record_all(tx, actor, groups.iter().map(|group| change(Action::Created, group)).collect())
}

/// What the groups of a role have of it, and what may be long: it stands in the role's entry, and not in that of each
/// group.
const OF_ROLE: [&str; 1] = ["filePermissions"];

/// The columns of a group with the folded form of its name.
fn named_columns<'r>((group, search_name): &'r (&Group, String)) -> Vec<ColumnValue<'r>> {
    let others: [ColumnValue; 2] = [("updated_at", &group.created_at), ("search_name", search_name)];
    [group.columns().as_slice(), &others].concat()
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
    audit_logs::record(tx, actor, change(action, group))
}

fn change(action: Action, group: &Group) -> Change {
    let mut values = values(group);
    if let (Some(_), Some(values)) = (group.role_id, values.as_object_mut()) {
        values.retain(|name, _| !OF_ROLE.contains(&name.as_str()));
    }
    Change::new(AuditLogType::Group, action, group.id, values).in_project(group.project_id)
}

/// Records an update with what it changed. Returns false, and records nothing, if it changed nothing.
pub fn record_update(tx: &Tx, actor: &Actor, before: &Group, after: &Group) -> Result<bool, Problem> {
    let values = Values { before: values(before), after: values(after) };
    let change = change(Action::Updated, after);
    match after.role_id {
        Some(_) => record_update_without(tx, actor, change, &values, &OF_ROLE),
        None => record_change(tx, actor, change, &values),
    }
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

/// The number of groups of the project.
pub(crate) fn count(tx: &Tx, project_id: ProjectId) -> Result<u64, Problem> {
    tx.count("SELECT count(*) FROM groups WHERE project_id = ?1", [project_id])
}

/// The first of these projects that has so many groups.
pub(crate) fn first_with(
    tx: &Tx,
    project_ids: &[ProjectId],
    groups: usize,
) -> Result<Option<ProjectId>, Problem> {
    tx.optional(
        "SELECT project_id
         FROM groups
         WHERE project_id IN (SELECT id FROM ids(?1) AS listed)
         GROUP BY project_id
         HAVING count(*) >= ?2
         ORDER BY project_id",
        params![Ids::of(project_ids), u32::try_from(groups).unwrap_or(u32::MAX)],
        |row| row.get(0),
    )
}

/// Every group of the project.
pub fn all_of_project(tx: &Tx, project_id: ProjectId) -> Result<Vec<Group>, Problem> {
    tx.rows("SELECT * FROM groups WHERE project_id = ?1 ORDER BY created_at, id", [project_id], Group::read)
}

/// Every group that a role manages.
pub fn all_of_role(tx: &Tx, role_id: RoleId) -> Result<Vec<Group>, Problem> {
    tx.rows("SELECT * FROM groups WHERE role_id = ?1 ORDER BY created_at, id", [role_id], Group::read)
}

stored! {
    /// A group as a role or the approvals of a project show it, without its permissions: they may be long.
    #[derive(Clone, Debug)]
    pub struct NamedGroup {
        /// The group's id.
        id: GroupId,
        /// The project it belongs to.
        project_id: ProjectId,
        /// The display name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The role that manages it.
        role_id: Option<RoleId>,
    }
}

/// The groups of each of these roles in projects that are not deleted, oldest first, with the project's name.
pub(crate) fn of_roles(
    tx: &Tx,
    role_ids: &[RoleId],
) -> Result<HashMap<RoleId, Vec<(NamedGroup, String)>>, Problem> {
    let of_role = tx.rows(
        "SELECT groups.id, groups.project_id, groups.name, groups.description, groups.role_id,
                projects.name AS project_name
         FROM groups
         JOIN projects ON projects.id = groups.project_id
         WHERE groups.role_id IN (SELECT id FROM ids(?1) AS listed) AND projects.deleted_at IS NULL
           AND projects.organisation_id = (SELECT organisation_id FROM roles WHERE roles.id = groups.role_id)
         ORDER BY groups.created_at, groups.id",
        [Ids::of(role_ids)],
        |row| Ok((row.get("role_id")?, (NamedGroup::read(row)?, row.get("project_name")?))),
    )?;
    Ok(grouped(of_role))
}

/// The groups of each of these members of a project, by creation time. Members share them: a page of members may have
/// fifty times as many groups as there are in the project.
pub(crate) fn of_members(
    tx: &Tx,
    project_id: ProjectId,
    user_ids: &[UserId],
) -> Result<HashMap<UserId, Vec<Arc<Group>>>, Problem> {
    let mut known: HashMap<GroupId, Arc<Group>> = HashMap::new();
    // A list of members does not show the file permissions of their groups, which may be long.
    let of_user = tx.rows(
        "SELECT member_groups.user_id, groups.id, groups.project_id, groups.name, groups.description,
                groups.permissions, CAST(NULL AS text) AS file_permissions, groups.role_id, groups.created_at
         FROM member_groups
         JOIN groups ON groups.project_id = member_groups.project_id AND groups.id = member_groups.group_id
         WHERE member_groups.project_id = ?1
           AND member_groups.user_id IN (SELECT id FROM ids(?2) AS listed)
         ORDER BY groups.created_at, groups.id",
        params![project_id, Ids::of(user_ids)],
        |row| {
            let id: GroupId = row.get("id")?;
            let group = match known.get(&id) {
                Some(group) => Arc::clone(group),
                None => Arc::clone(known.entry(id).or_insert(Arc::new(Group::read(row)?))),
            };
            Ok((row.get("user_id")?, group))
        },
    )?;
    Ok(grouped(of_user))
}

/// The approval groups of each of these projects, in their order.
pub(crate) fn approving(
    tx: &Tx,
    project_ids: &[ProjectId],
) -> Result<HashMap<ProjectId, Vec<NamedGroup>>, Problem> {
    let of_project = tx.rows(
        "SELECT groups.id, groups.project_id, groups.name, groups.description, groups.role_id
         FROM project_approval_groups AS approval
         JOIN groups ON groups.project_id = approval.project_id AND groups.id = approval.group_id
         WHERE approval.project_id IN (SELECT id FROM ids(?1) AS listed)
         ORDER BY approval.project_id, approval.position",
        [Ids::of(project_ids)],
        |row| Ok((row.get("project_id")?, NamedGroup::read(row)?)),
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
