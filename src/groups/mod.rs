//! Groups of a project: permissions under a name.
//!
//! A group with a `role_id` is a role's arm in the project: the role alone changes it, and who is in it.

pub mod store;
pub mod wire;

use uuid::Uuid;

use crate::app::App;
use crate::audit::{self, Action, Actor, Change};
use crate::auth::Principal;
use crate::auth::permissions::ProjectAccess;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::file_permissions::{self, FilePermission};
use crate::generated::api::{CreateGroupParameters, ListGroupsParameters, UpdateGroupParameters};
use crate::generated::models::{self, AuditLogType, GroupList, Permission, SaveGroupRequest};
use crate::limits::{self, places};
use crate::paging::Page;
use crate::problem::{Conflict, Problem};
use crate::projects;
use crate::search;

/// A group as stored.
#[derive(Clone, Debug)]
pub struct Group {
    /// The group's id.
    pub id: Uuid,
    /// The project it belongs to.
    pub project_id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it lets its members do; `None` when that was never said.
    pub permissions: Option<Vec<Permission>>,
    /// Which files it lets them see or change, as given.
    pub file_permissions: Option<Vec<FilePermission>>,
    /// The role that looks after it.
    pub role_id: Option<Uuid>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Group {
    /// Whether being in the group gives everything.
    #[must_use]
    pub fn carries_owner(&self) -> bool {
        self.permissions.as_ref().is_some_and(|all| all.contains(&Permission::Owner))
    }
}

/// The groups of the project that these ids name; 404 naming every place where one names none.
pub fn find_named(
    tx: &Tx,
    project_id: Uuid,
    pointer: &str,
    group_ids: &[Uuid],
) -> Result<Vec<Group>, Problem> {
    let groups = store::find_all(tx, project_id, group_ids)?;
    Problem::for_any(missing_places(pointer, group_ids, &groups), Problem::MissingReferences)?;
    Ok(groups)
}

/// Refuses ids of groups that a role looks after, where a person may not put anybody in.
pub fn refuse_managed(group_ids: &[Uuid], is_managed: impl Fn(&Uuid) -> bool) -> Result<(), Problem> {
    let managed =
        places("/groupIds", group_ids, "belongs to a role; give the user that role instead", is_managed);
    Problem::for_any(managed, |places| Problem::Conflict(Conflict::RoleManaged, places))
}

/// The places in a list of ids that name none of the groups found.
pub fn missing_places<'a>(
    pointer: &'a str,
    group_ids: &'a [Uuid],
    groups: &'a [Group],
) -> impl Iterator<Item = crate::problem::Place> + 'a {
    places(pointer, group_ids, "names no group of this project", |id| {
        !groups.iter().any(|group| group.id == *id)
    })
}

/// Adds a group and records it.
pub fn add(tx: &Tx, actor: &Actor, group: &Group) -> Result<(), Problem> {
    store::create(tx, group)?;
    record(tx, actor, Action::Created, group)
}

/// Notes in the audit log what a group is now.
pub fn record(tx: &Tx, actor: &Actor, action: Action, group: &Group) -> Result<(), Problem> {
    let data = serde_json::json!({
        "name": group.name,
        "description": group.description,
        "permissions": group.permissions,
        "filePermissions": group.file_permissions,
        "roleId": group.role_id,
    });
    let change = Change::new(AuditLogType::Group, action, group.id, data).in_project(group.project_id);
    audit::record(tx, actor, &change)
}

/// listGroups.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListGroupsParameters,
) -> Result<GroupList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        projects::access(tx, caller, parameters.project_id)?;
        let listed = store::list(
            tx,
            parameters.project_id,
            search::folded(parameters.search.as_deref()).as_deref(),
            page,
        )?;
        let results = wire::groups(tx, listed.rows)?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(GroupList { results, paginate })
    })
    .await
}

/// createGroup.
pub async fn create(
    app: &App,
    principal: Principal,
    parameters: CreateGroupParameters,
    body: SaveGroupRequest,
) -> Result<models::Group, Problem> {
    check(&body)?;
    app.write(principal, move |tx, caller| {
        let (project, access) = projects::access(tx, caller, parameters.project_id)?;
        let group = Group {
            id: tx.new_id(),
            project_id: project.id,
            name: body.name.clone(),
            description: body.description.clone(),
            permissions: body.permissions.clone().map(deduplicated),
            file_permissions: body.file_permissions.clone().flatten().map(file_permissions::stored),
            role_id: None,
            created_at: tx.now(),
        };
        check_grant(&access, &[&group])?;
        add(tx, &caller.actor(), &group)?;
        wire::group(tx, group)
    })
    .await
}

/// updateGroup: what is absent stays.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateGroupParameters,
    body: SaveGroupRequest,
) -> Result<models::Group, Problem> {
    check(&body)?;
    app.write(principal, move |tx, caller| {
        let (project, access) = projects::access(tx, caller, parameters.project_id)?;
        let before = store::find(tx, project.id, parameters.group_id)?.ok_or(Problem::NotFound("group"))?;
        let after = Group {
            name: body.name.clone(),
            description: body.description.clone().or_else(|| before.description.clone()),
            permissions: body.permissions.clone().map(deduplicated).or_else(|| before.permissions.clone()),
            file_permissions: match body.file_permissions.clone() {
                Some(given) => given.map(file_permissions::stored),
                None => before.file_permissions.clone(),
            },
            ..before.clone()
        };
        check_grant(&access, &[&before, &after])?;
        if before.role_id.is_some() {
            return Err(Problem::conflict(Conflict::RoleManaged));
        }
        store::update(tx, &after)?;
        record(tx, &caller.actor(), Action::Updated, &after)?;
        wire::group(tx, after)
    })
    .await
}

/// A list of permissions keeps its order; what stands twice counts once.
#[must_use]
pub fn deduplicated(permissions: Vec<Permission>) -> Vec<Permission> {
    let mut once = Vec::with_capacity(permissions.len());
    for permission in permissions {
        if !once.contains(&permission) {
            once.push(permission);
        }
    }
    once
}

fn check(body: &SaveGroupRequest) -> Result<(), Problem> {
    limits::check_names(&[("/name", Some(&body.name)), ("/description", body.description.as_ref())])?;
    let files = body.file_permissions.as_ref().and_then(Option::as_ref);
    limits::check_count("/filePermissions", files.map_or(0, Vec::len))
}

/// Nobody makes or changes a group that carries `owner` without the right to hand that out.
fn check_grant(access: &ProjectAccess, groups: &[&Group]) -> Result<(), Problem> {
    if groups.iter().any(|group| group.carries_owner()) { access.require_grant_of_owner() } else { Ok(()) }
}
