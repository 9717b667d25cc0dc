//! Roles of an organisation: permissions that reach into projects.
//!
//! A role reaches a project through one group there that carries its `roleId`. [`reach`] keeps those groups,
//! and who is in them, in step with the role.

mod reach;
pub mod store;
mod wire;

use uuid::Uuid;

use crate::app::App;
use crate::audit::{self, Action, Actor, Change};
use crate::auth::Principal;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::file_permissions::{self, FilePermission};
use crate::generated::api::{ListRolesParameters, UpdateRoleParameters};
use crate::generated::models::{self, AuditLogType, Permission, RoleList, SaveRoleRequest};
use crate::groups::deduplicated;
use crate::limits::{self, places};
use crate::paging::Page;
use crate::problem::Problem;
use crate::projects;
use crate::search;
use crate::users;

pub use reach::{reach, reach_project, set_roles_of_user};

/// A role as stored, without its users and projects.
#[derive(Clone, Debug)]
pub struct Role {
    /// The role's id.
    pub id: Uuid,
    /// The organisation it belongs to.
    pub organisation_id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it reaches every project, new ones too.
    pub all_projects: bool,
    /// Groups of an identity provider that map to it; kept, and nothing here acts on them.
    pub idp_groups: Vec<String>,
    /// What it lets its users do in the projects it reaches.
    pub project_permissions: Vec<Permission>,
    /// Which files it lets them see or change there.
    pub project_file_permissions: Vec<FilePermission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// listRoles.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListRolesParameters,
) -> Result<RoleList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        let listed = store::list(
            tx,
            caller.organisation_id,
            search::folded(parameters.search.as_deref()).as_deref(),
            page,
        )?;
        let results = listed.rows.iter().map(|role| wire::role(tx, role)).collect::<Result<Vec<_>, _>>()?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(RoleList { results, paginate })
    })
    .await
}

/// createRole.
pub async fn create(app: &App, principal: Principal, body: SaveRoleRequest) -> Result<models::Role, Problem> {
    check(&body)?;
    app.write(principal, move |tx, caller| {
        caller.require()?;
        let fresh = Role {
            id: tx.new_id(),
            organisation_id: caller.organisation_id,
            name: String::new(),
            description: None,
            all_projects: false,
            idp_groups: Vec::new(),
            project_permissions: Vec::new(),
            project_file_permissions: Vec::new(),
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        let role = changed(fresh, &body);
        check_references(tx, &role, &body)?;
        store::create(tx, &role)?;
        save(tx, &caller.actor(), &role, &body, Action::Created)
    })
    .await
}

/// updateRole: what is absent stays.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateRoleParameters,
    body: SaveRoleRequest,
) -> Result<models::Role, Problem> {
    check(&body)?;
    app.write(principal, move |tx, caller| {
        let before =
            store::find(tx, caller.organisation_id, parameters.role_id)?.ok_or(Problem::NotFound("role"))?;
        caller.require()?;
        let role = Role { updated_at: tx.now(), ..changed(before, &body) };
        check_references(tx, &role, &body)?;
        store::update(tx, &role)?;
        save(tx, &caller.actor(), &role, &body, Action::Updated)
    })
    .await
}

fn check(body: &SaveRoleRequest) -> Result<(), Problem> {
    limits::check_names(&[("/name", Some(&body.name)), ("/description", body.description.as_ref())])?;
    limits::check_ids("/users", body.users.as_deref().unwrap_or_default())?;
    limits::check_ids("/projects", body.projects.as_deref().unwrap_or_default())?;
    limits::check_count("/idpGroups", body.idp_groups.as_deref().unwrap_or_default().len())?;
    let files = body.project_file_permissions.as_deref().unwrap_or_default();
    limits::check_count("/projectFilePermissions", files.len())
}

/// The role as the request wants it.
fn changed(role: Role, body: &SaveRoleRequest) -> Role {
    Role {
        name: body.name.clone(),
        all_projects: body.all_projects,
        description: body.description.clone().or(role.description),
        idp_groups: body.idp_groups.clone().unwrap_or(role.idp_groups),
        project_permissions: body.project_permissions.clone().map_or(role.project_permissions, deduplicated),
        project_file_permissions: body
            .project_file_permissions
            .clone()
            .map_or(role.project_file_permissions, file_permissions::stored),
        ..role
    }
}

/// Every user and, unless the role reaches all, every project must be of the organisation.
fn check_references(tx: &Tx, role: &Role, body: &SaveRoleRequest) -> Result<(), Problem> {
    let user_ids = body.users.as_deref().unwrap_or_default();
    let users = users::store::find_all(tx, role.organisation_id, user_ids)?;
    let project_ids = if role.all_projects { &[] } else { body.projects.as_deref().unwrap_or_default() };
    let projects = projects::store::find_all_live(tx, role.organisation_id, project_ids)?;
    let missing_users = places("/users", user_ids, "names no user you may see", |id| {
        !users.iter().any(|user| user.id == *id)
    });
    let missing_projects = places("/projects", project_ids, "names no project you may see", |id| {
        !projects.iter().any(|project| project.id == *id)
    });
    Problem::for_any(missing_users.chain(missing_projects), Problem::MissingReferences)
}

fn save(
    tx: &Tx,
    actor: &Actor,
    role: &Role,
    body: &SaveRoleRequest,
    action: Action,
) -> Result<crate::generated::models::Role, Problem> {
    if let Some(user_ids) = &body.users {
        store::set_users(tx, role.id, user_ids)?;
    }
    if let Some(project_ids) = &body.projects
        && !role.all_projects
    {
        store::set_projects(tx, role.id, project_ids)?;
    }
    record(tx, actor, action, role, (body.users.as_deref(), body.projects.as_deref()))?;
    reach(tx, actor, role)?;
    wire::role(tx, role)
}

/// Notes in the audit log what a role is now, and the users and projects that were named for it.
pub fn record(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    role: &Role,
    (users, projects): (Option<&[Uuid]>, Option<&[Uuid]>),
) -> Result<(), Problem> {
    let data = serde_json::json!({
        "role": role.name,
        "allProjects": role.all_projects,
        "projectPermissions": role.project_permissions,
        "users": users,
        "projects": projects,
    });
    // The description has no type for roles; they belong to the organisation.
    audit::record(tx, actor, &Change::new(AuditLogType::Organisation, action, role.id, data))
}
