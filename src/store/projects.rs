//! Projects: the record type, its audit log entries and its SQL.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::db::{Candidates, Filter, Ids, List, Scan, Search, Tx, params};
use crate::generated::models::{ApprovalMode, AuditLogType, ProjectVersion};
use crate::paging::{Listed, Page};
use crate::problem::Problem;
use crate::search::folded_text;
use crate::store::audit_changes::{Values, record_update as record_change};
use crate::store::audit_logs::{self, Action, Actor, Change};
use crate::store::columns::{Record, insert_unless, stored};
use crate::store::ids::{GroupId, OrganisationId, ProjectId, UserId};
use crate::store::searches::{self, Searched, in_name};

stored! {
    /// A project as stored.
    #[derive(Clone, Debug)]
    pub struct Project {
        /// The project's id.
        id: ProjectId,
        /// The organisation it belongs to.
        organisation_id: OrganisationId,
        /// The name used in URLs.
        key: String,
        /// The display name.
        name: String,
        /// `v1` or `v2`.
        version: ProjectVersion,
        /// Whether it is protected.
        protected: bool,
        /// How changes are approved; `None` if never set.
        approval_mode: Option<ApprovalMode>,
        /// When it was soft-deleted, if it was.
        deleted_at: Option<Timestamp>,
        /// When it was created.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
}

/// The values of a project in the audit log.
fn values(project: &Project) -> Value {
    json!({
        "key": project.key,
        "name": project.name,
        "version": project.version,
        "protected": project.protected,
        "decisionsApprovalMode": project.approval_mode,
    })
}

/// Records the current values of a project in the audit log.
pub fn record(tx: &Tx, actor: &Actor, action: Action, project: &Project) -> Result<(), Problem> {
    audit_logs::record(tx, actor, change(action, project, values(project)))
}

/// Records the restoration of a project, which may have another key than before.
pub(crate) fn record_restored(
    tx: &Tx,
    actor: &Actor,
    before: &Project,
    after: &Project,
) -> Result<(), Problem> {
    let values = Values { before: values(before), after: values(after) };
    let restored = change(Action::Restored, after, values.after.clone());
    if record_change(tx, actor, restored, &values)? {
        Ok(())
    } else {
        record(tx, actor, Action::Restored, after)
    }
}

/// Records an update with what it changed. Returns false, and records nothing, if it changed nothing.
pub(crate) fn record_update(
    tx: &Tx,
    actor: &Actor,
    before: &Project,
    after: &Project,
) -> Result<bool, Problem> {
    let values = Values { before: values(before), after: values(after) };
    record_change(tx, actor, change(Action::Updated, after, values.after.clone()), &values)
}

/// The same for how changes are approved: the mode, and the groups in their order.
pub(crate) fn record_approvals(
    tx: &Tx,
    actor: &Actor,
    project: &Project,
    [before, after]: [(Option<ApprovalMode>, &[GroupId]); 2],
) -> Result<bool, Problem> {
    let values = |(mode, groups): (Option<ApprovalMode>, &[GroupId])| json!({ "decisionsApprovalMode": mode, "decisionsApprovalGroups": groups });
    let values = Values { before: values(before), after: values(after) };
    record_change(tx, actor, change(Action::Updated, project, values.after.clone()), &values)
}

/// Records that approvals no longer ask a group, which is about to be deleted. Records nothing if they did not.
pub(crate) fn record_lost_approval_group(
    tx: &Tx,
    actor: &Actor,
    project: &Project,
    group_id: GroupId,
) -> Result<(), Problem> {
    let had: Vec<GroupId> = approval_groups(tx, &[project.id])?.into_iter().map(|(_, id)| id).collect();
    let left: Vec<GroupId> = had.iter().copied().filter(|id| *id != group_id).collect();
    let mode = project.approval_mode;
    record_approvals(tx, actor, project, [(mode, &had), (mode, &left)]).map(drop)
}

fn change(action: Action, project: &Project, data: Value) -> Change {
    Change::new(AuditLogType::Project, action, project.id, data).in_project(project.id)
}

/// The filters of a list of projects.
pub(crate) struct ProjectFilter<'f> {
    pub organisation_id: OrganisationId,
    /// Only projects with this member.
    pub member: Option<UserId>,
    /// Soft-deleted projects instead of live ones.
    pub deleted: bool,
    /// Only projects with this text in the name.
    pub search: Option<&'f str>,
    pub page: Page,
}

/// A project of the organisation, deleted or not.
pub fn find(
    tx: &Tx,
    organisation_id: OrganisationId,
    project_id: ProjectId,
) -> Result<Option<Project>, Problem> {
    tx.optional(
        "SELECT * FROM projects WHERE id = ?1 AND organisation_id = ?2",
        params![project_id, organisation_id],
        Project::read,
    )
}

/// The live projects of the organisation with these ids.
pub fn find_all_live(
    tx: &Tx,
    organisation_id: OrganisationId,
    project_ids: &[ProjectId],
) -> Result<Vec<Project>, Problem> {
    tx.rows(
        "SELECT *
         FROM projects
         WHERE id IN (SELECT id FROM ids(?1) AS listed) AND (organisation_id = ?2) IS TRUE AND deleted_at IS NULL
         ORDER BY created_at, id",
        params![Ids::of(project_ids), organisation_id],
        Project::read,
    )
}

/// The projects of the organisation with these ids, deleted ones included, by id.
pub(crate) fn by_id(
    tx: &Tx,
    organisation_id: OrganisationId,
    ids: impl IntoIterator<Item = ProjectId>,
) -> Result<HashMap<ProjectId, Project>, Problem> {
    let ids: Vec<ProjectId> = ids.into_iter().collect();
    let projects = tx.rows(
        "SELECT *
         FROM projects
         WHERE id IN (SELECT id FROM ids(?1) AS listed) AND (organisation_id = ?2) IS TRUE",
        params![Ids::of(&ids), organisation_id],
        Project::read,
    )?;
    Ok(projects.into_iter().map(|project| (project.id, project)).collect())
}

/// Every live project of the organisation.
pub fn all_live(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<ProjectId>, Problem> {
    tx.rows(
        "SELECT id FROM projects WHERE organisation_id = ?1 AND deleted_at IS NULL ORDER BY created_at, id",
        [organisation_id],
        |row| row.get(0),
    )
}

/// Every project of the organisation, deleted ones included, for an export.
pub fn all_of_organisation(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<Project>, Problem> {
    tx.rows(
        "SELECT * FROM projects WHERE organisation_id = ?1 ORDER BY created_at, id",
        [organisation_id],
        Project::read,
    )
}

/// Every project of every organisation, for the operator.
pub fn all(tx: &Tx) -> Result<Vec<Project>, Problem> {
    tx.rows("SELECT * FROM projects ORDER BY created_at, id", (), Project::read)
}

/// A project of any organisation, for the operator.
pub(crate) fn find_anywhere(tx: &Tx, project_id: ProjectId) -> Result<Option<Project>, Problem> {
    tx.optional("SELECT * FROM projects WHERE id = ?1", [project_id], Project::read)
}

/// The projects of an organisation (`?1`), optionally with a member (`?2`), optionally with a search text (`?3`) in the
/// name, looked for in candidates (`?4`).
pub const LIVE: List = List {
    table: "projects",
    condition: "organisation_id = ?1 AND deleted_at IS NULL",
    filters: &[Filter {
        parameter: 2,
        condition: "EXISTS (SELECT 1 FROM members WHERE project_id = projects.id AND user_id = ?2)",
    }],
    search: Some(Search {
        filter: Filter { parameter: 3, condition: in_name!("?3") },
        candidates: Some(Candidates { parameter: 4, column: "id", condition: in_name!("?3") }),
    }),
    totals: None,
    order: "created_at, id",
    scan: Scan::Table,
};

/// The deleted projects of an organisation (`?1`).
pub const DELETED: List = List { condition: "organisation_id = ?1 AND deleted_at IS NOT NULL", ..LIVE };

/// One page of projects.
pub(crate) fn list(tx: &Tx, filter: &ProjectFilter) -> Result<Listed<Project>, Problem> {
    let list = if filter.deleted { &DELETED } else { &LIVE };
    let Searched { text, candidates } = searches::of_projects(tx, filter.organisation_id, filter.search)?;
    let parameters = params![filter.organisation_id, filter.member, text, candidates];
    tx.page(list, parameters, filter.page, Project::read)
}

/// Adds a project. Returns false if a live project of the organisation has its key, by a unique index.
pub fn create(tx: &Tx, project: &Project) -> Result<bool, Problem> {
    let search_name = folded_text(&project.name);
    let unique = "(organisation_id, key) WHERE deleted_at IS NULL";
    insert_unless(tx, "projects", project, &[("search_name", &search_name)], unique)
}

/// Whether a live project of the organisation has this key.
pub(crate) fn key_is_taken(tx: &Tx, organisation_id: OrganisationId, key: &str) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1 FROM projects WHERE organisation_id = ?1 AND key = ?2 AND deleted_at IS NULL",
        params![organisation_id, key],
    )
}

/// Soft-deletes a project. Returns false if it was already deleted.
pub(crate) fn delete(tx: &Tx, project_id: ProjectId) -> Result<bool, Problem> {
    let deleted = tx.execute(
        "UPDATE projects SET deleted_at = ?2, updated_at = ?2 WHERE id = ?1 AND deleted_at IS NULL",
        params![project_id, tx.now()],
    )?;
    Ok(deleted == 1)
}

/// Updates name, key and protection.
pub(crate) fn update(tx: &Tx, project: &Project) -> Result<(), Problem> {
    tx.execute(
        "UPDATE projects
         SET name = ?2, key = ?3, protected = ?4, updated_at = ?5, search_name = ?6
         WHERE id = ?1",
        params![
            project.id,
            project.name,
            project.key,
            project.protected,
            project.updated_at,
            folded_text(&project.name),
        ],
    )?;
    Ok(())
}

/// Restores a deleted project under the given key.
pub(crate) fn restore(tx: &Tx, project_id: ProjectId, key: &str) -> Result<Project, Problem> {
    tx.row(
        "UPDATE projects SET deleted_at = NULL, key = ?2, updated_at = ?3 WHERE id = ?1 RETURNING *",
        params![project_id, key, tx.now()],
        Project::read,
    )
}

/// Sets the approval mode.
pub(crate) fn set_approval_mode(
    tx: &Tx,
    project_id: ProjectId,
    mode: Option<ApprovalMode>,
) -> Result<Project, Problem> {
    tx.row(
        "UPDATE projects SET approval_mode = ?2, updated_at = ?3 WHERE id = ?1 RETURNING *",
        params![project_id, mode, tx.now()],
        Project::read,
    )
}

/// Replaces the approval groups, in the given order.
pub fn set_approval_groups(tx: &Tx, project_id: ProjectId, group_ids: &[GroupId]) -> Result<(), Problem> {
    tx.execute("DELETE FROM project_approval_groups WHERE project_id = ?1", [project_id])?;
    tx.execute(
        "INSERT INTO project_approval_groups (project_id, group_id, position)
         SELECT ?1, id, position FROM ids(?2) AS listed WHERE true
         ON CONFLICT DO NOTHING",
        params![project_id, Ids::of(group_ids)],
    )?;
    Ok(())
}

/// The approval groups of these projects, as pairs of project and group.
pub fn approval_groups(tx: &Tx, project_ids: &[ProjectId]) -> Result<Vec<(ProjectId, GroupId)>, Problem> {
    tx.rows(
        "SELECT project_id, group_id
         FROM project_approval_groups
         WHERE project_id IN (SELECT id FROM ids(?1) AS listed)
         ORDER BY project_id, position",
        [Ids::of(project_ids)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
