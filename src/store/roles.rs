//! Roles of an organisation: the record type, its audit log entries and its SQL.

use std::collections::{BTreeSet, HashMap};

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
use crate::store::groups::Group;
use crate::store::ids::{GroupId, OrganisationId, ProjectId, RoleId, UserId};
use crate::store::searches::in_name;
use crate::store::sets::grouped;

stored! {
    /// A role as stored, without its users and projects.
    #[derive(Clone, Debug)]
    pub struct Role {
        /// The role's id.
        id: RoleId,
        /// The organisation it belongs to.
        organisation_id: OrganisationId,
        /// The display name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// Whether it applies to every project, including new ones.
        all_projects: bool,
        /// Groups of an identity provider that map to it; stored without any effect.
        idp_groups: Vec<String>,
        /// The permissions of its users in its projects.
        project_permissions: Vec<Permission>,
        /// The file permissions of its users in its projects.
        project_file_permissions: Vec<FilePermission>,
        /// When it was created.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
}

/// Records the current values of a role in the audit log, with the given users and projects.
pub fn record(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    role: &Role,
    reach: (Option<&[UserId]>, Option<&[ProjectId]>),
) -> Result<(), Problem> {
    audit_logs::record(tx, actor, change(action, role, reach))
}

/// A role with its users and projects.
#[derive(Clone)]
pub struct RoleState<'r> {
    /// The role.
    pub role: &'r Role,
    /// Its users.
    pub users: BTreeSet<UserId>,
    /// The projects that it applies to, unless it applies to all.
    pub projects: BTreeSet<ProjectId>,
}

impl<'r> RoleState<'r> {
    /// The role with the users and projects that are stored.
    pub fn of(tx: &Tx, role: &'r Role) -> Result<Self, Problem> {
        let users = users_of(tx, role.id)?.into_iter().collect();
        Ok(Self { role, users, projects: projects_of(tx, role.id)?.into_iter().collect() })
    }

    fn values(&self) -> Value {
        json!({
            "name": self.role.name,
            "description": self.role.description,
            "allProjects": self.role.all_projects,
            "idpGroups": self.role.idp_groups,
            "projectPermissions": self.role.project_permissions,
            "projectFilePermissions": self.role.project_file_permissions,
            "users": self.users,
            "projects": self.projects,
        })
    }
}

/// Records an update with what it changed, and with the given users and projects. Returns false, and records nothing, if
/// it changed nothing.
pub fn record_update(
    tx: &Tx,
    actor: &Actor,
    [before, after]: [&RoleState<'_>; 2],
    reach: (Option<&[UserId]>, Option<&[ProjectId]>),
) -> Result<bool, Problem> {
    let values = Values { before: before.values(), after: after.values() };
    record_change(tx, actor, change(Action::Updated, after.role, reach), &values)
}

fn change(
    action: Action,
    role: &Role,
    (users, projects): (Option<&[UserId]>, Option<&[ProjectId]>),
) -> Change {
    let data = json!({
        "role": role.name,
        "allProjects": role.all_projects,
        "projectPermissions": role.project_permissions,
        "projectFilePermissions": role.project_file_permissions,
        "users": users,
        "projects": projects,
    });
    // The description has no audit log type for roles; they belong to the organisation.
    Change::new(AuditLogType::Organisation, action, role.id, data)
}

/// One role of the organisation.
pub fn find(tx: &Tx, organisation_id: OrganisationId, role_id: RoleId) -> Result<Option<Role>, Problem> {
    tx.optional(
        "SELECT * FROM roles WHERE id = ?1 AND organisation_id = ?2",
        params![role_id, organisation_id],
        Role::read,
    )
}

/// One role, which must exist.
pub fn get(tx: &Tx, role_id: RoleId) -> Result<Role, Problem> {
    tx.row("SELECT * FROM roles WHERE id = ?1", [role_id], Role::read)
}

/// The roles of the organisation with these ids.
pub fn find_all(tx: &Tx, organisation_id: OrganisationId, role_ids: &[RoleId]) -> Result<Vec<Role>, Problem> {
    tx.rows(
        "SELECT *
         FROM roles
         WHERE id IN (SELECT id FROM ids(?1) AS listed) AND (organisation_id = ?2) IS TRUE
         ORDER BY created_at, id",
        params![Ids::of(role_ids), organisation_id],
        Role::read,
    )
}

/// Every role of the organisation.
pub fn all(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<Role>, Problem> {
    tx.rows(
        "SELECT * FROM roles WHERE organisation_id = ?1 ORDER BY created_at, id",
        [organisation_id],
        Role::read,
    )
}

/// The roles of an organisation (`?1`), optionally with a search text (`?2`) in the name.
pub const OF_ORGANISATION: List = List {
    table: "roles",
    condition: "organisation_id = ?1",
    filters: &[],
    search: Some(Search { filter: Filter { parameter: 2, condition: in_name!("?2") }, candidates: None }),
    totals: None,
    order: "created_at, id",
    scan: Scan::Table,
};

/// One page of the roles of the organisation.
pub(crate) fn list(
    tx: &Tx,
    organisation_id: OrganisationId,
    search: Option<&str>,
    page: Page,
) -> Result<Listed<Role>, Problem> {
    tx.page(&OF_ORGANISATION, params![organisation_id, folded(search)], page, Role::read)
}

/// Adds a role.
pub fn create(tx: &Tx, role: &Role) -> Result<(), Problem> {
    insert(tx, "roles", role, &[("search_name", &folded_text(&role.name))])
}

/// Writes the current values of a role.
pub(crate) fn update(tx: &Tx, role: &Role) -> Result<(), Problem> {
    tx.execute(
        "UPDATE roles
         SET name = ?2, description = ?3, all_projects = ?4, idp_groups = ?5, project_permissions = ?6,
             project_file_permissions = ?7, updated_at = ?8, search_name = ?9
         WHERE id = ?1",
        params![
            role.id,
            role.name,
            role.description,
            role.all_projects,
            role.idp_groups,
            role.project_permissions,
            role.project_file_permissions,
            role.updated_at,
            folded_text(&role.name),
        ],
    )?;
    Ok(())
}

/// Replaces the users of a role.
pub fn set_users(tx: &Tx, role_id: RoleId, user_ids: &[UserId]) -> Result<(), Problem> {
    set(tx, ("role_users", "user_id"), role_id, &Ids::of(user_ids))
}

/// Replaces the projects of a role.
pub fn set_projects(tx: &Tx, role_id: RoleId, project_ids: &[ProjectId]) -> Result<(), Problem> {
    set(tx, ("role_projects", "project_id"), role_id, &Ids::of(project_ids))
}

fn set(tx: &Tx, (table, column): (&str, &str), role_id: RoleId, ids: &Ids) -> Result<(), Problem> {
    tx.execute(&format!("DELETE FROM {table} WHERE role_id = ?1"), [role_id])?;
    tx.execute(
        &format!(
            "INSERT INTO {table} (role_id, {column}) SELECT ?1, id FROM ids(?2) AS listed WHERE true
             ON CONFLICT DO NOTHING"
        ),
        params![role_id, ids],
    )?;
    Ok(())
}

/// Adds a user to a role.
pub(crate) fn add_user(tx: &Tx, role_id: RoleId, user_id: UserId) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO role_users (role_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![role_id, user_id],
    )?;
    Ok(())
}

/// Removes a user from a role.
pub(crate) fn remove_user(tx: &Tx, role_id: RoleId, user_id: UserId) -> Result<(), Problem> {
    tx.execute("DELETE FROM role_users WHERE role_id = ?1 AND user_id = ?2", params![role_id, user_id])?;
    Ok(())
}

/// The users of a role.
pub fn users_of(tx: &Tx, role_id: RoleId) -> Result<Vec<UserId>, Problem> {
    tx.rows("SELECT user_id FROM role_users WHERE role_id = ?1 ORDER BY user_id", [role_id], |row| row.get(0))
}

/// The selected projects of a role.
pub fn projects_of(tx: &Tx, role_id: RoleId) -> Result<Vec<ProjectId>, Problem> {
    tx.rows("SELECT project_id FROM role_projects WHERE role_id = ?1 ORDER BY project_id", [role_id], |row| {
        row.get(0)
    })
}

/// The roles that name the project.
pub(crate) fn of_project(tx: &Tx, project_id: ProjectId) -> Result<Vec<RoleId>, Problem> {
    tx.rows("SELECT role_id FROM role_projects WHERE project_id = ?1", [project_id], |row| row.get(0))
}

/// The roles of each of these users, oldest first.
pub(crate) fn of_users(tx: &Tx, user_ids: &[UserId]) -> Result<HashMap<UserId, Vec<Role>>, Problem> {
    let of_user = tx.rows(
        "SELECT role_users.user_id, roles.*
         FROM role_users JOIN roles ON roles.id = role_users.role_id
         WHERE role_users.user_id IN (SELECT id FROM ids(?1) AS listed)
         ORDER BY roles.created_at, roles.id",
        [Ids::of(user_ids)],
        |row| Ok((row.get("user_id")?, Role::read(row)?)),
    )?;
    Ok(grouped(of_user))
}

/// The roles with these ids, by id.
pub(crate) fn by_id(tx: &Tx, ids: &[RoleId]) -> Result<HashMap<RoleId, Role>, Problem> {
    let sql = "SELECT * FROM roles WHERE id IN (SELECT id FROM ids(?1) AS listed)";
    let roles = tx.rows(sql, [Ids::of(ids)], Role::read)?;
    Ok(roles.into_iter().map(|role| (role.id, role)).collect())
}

/// The users of each of these roles, oldest first.
pub(crate) fn users_of_all(tx: &Tx, role_ids: &[RoleId]) -> Result<HashMap<RoleId, Vec<UserId>>, Problem> {
    let of_role = tx.rows(
        "SELECT role_users.role_id, role_users.user_id
         FROM role_users
         JOIN roles ON roles.id = role_users.role_id
         JOIN users ON users.id = role_users.user_id AND users.organisation_id = roles.organisation_id
         WHERE role_users.role_id IN (SELECT id FROM ids(?1) AS listed)
         ORDER BY users.created_at, users.id",
        [Ids::of(role_ids)],
        |row| Ok((row.get("role_id")?, row.get("user_id")?)),
    )?;
    Ok(grouped(of_role))
}

/// The roles of a user.
pub fn roles_of_user(tx: &Tx, user_id: UserId) -> Result<Vec<Role>, Problem> {
    Ok(of_users(tx, &[user_id])?.remove(&user_id).unwrap_or_default())
}

/// The users in a group.
pub(crate) fn users_in_group(tx: &Tx, group: &Group) -> Result<Vec<UserId>, Problem> {
    tx.rows(
        "SELECT user_id FROM member_groups WHERE project_id = ?1 AND group_id = ?2",
        params![group.project_id, group.id],
        |row| row.get(0),
    )
}

/// The users in each group of a role that has any.
pub(crate) fn users_in_groups(
    tx: &Tx,
    role_id: RoleId,
) -> Result<HashMap<GroupId, BTreeSet<UserId>>, Problem> {
    let mut users: HashMap<GroupId, BTreeSet<UserId>> = HashMap::new();
    let inside = tx.rows(
        "SELECT groups.id, member_groups.user_id
         FROM groups
         JOIN member_groups ON member_groups.project_id = groups.project_id AND member_groups.group_id = groups.id
         WHERE groups.role_id = ?1",
        [role_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (group_id, user_id) in inside {
        users.entry(group_id).or_default().insert(user_id);
    }
    Ok(users)
}

/// Whether the user is in a group that a role manages in the project.
pub(crate) fn any_role_in_project(tx: &Tx, project_id: ProjectId, user_id: UserId) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1
         FROM member_groups
         JOIN groups ON groups.project_id = member_groups.project_id AND groups.id = member_groups.group_id
         WHERE member_groups.project_id = ?1 AND member_groups.user_id = ?2 AND groups.role_id IS NOT NULL",
        params![project_id, user_id],
    )
}
