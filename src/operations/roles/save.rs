//! createRole and updateRole.

use std::collections::BTreeSet;

use super::list::shown;
use super::plan::RolePlan;
use super::sync::{carry_out, plan};
use crate::access::permissions::deduplicated;
use crate::access::{Caller, Principal};
use crate::app::App;
use crate::db::Tx;
use crate::file_permissions;
use crate::generated::api::UpdateRoleParameters;
use crate::generated::models::{self, SaveRoleRequest};
use crate::http::Posted;
use crate::limits::{self, AsJson, places};
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::ids::{ProjectId, UserId, typed};
use crate::store::roles::{Role, RoleState};

/// createRole.
pub async fn create(
    app: &App,
    principal: Principal,
    body: SaveRoleRequest,
) -> Result<Posted<models::Role>, Problem> {
    check(&body)?;
    let references = References::of(&body);
    let permit = |_: &Tx, caller: &Caller| caller.require();
    app.write_once(principal, permit, move |tx, caller, ()| {
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
        check_references(tx, &role, &references)?;
        let state =
            references.applied(&RoleState { role: &role, users: BTreeSet::new(), projects: BTreeSet::new() });
        let plan = plan(tx, &state)?;
        store::roles::create(tx, &role)?;
        store::roles::record(tx, &caller.actor(), Action::Created, &role, references.given())?;
        save(tx, &caller.actor(), plan, &references)
    })
    .await
}

/// updateRole: absent fields stay unchanged.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateRoleParameters,
    body: SaveRoleRequest,
) -> Result<models::Role, Problem> {
    check(&body)?;
    let references = References::of(&body);
    app.write(principal, move |tx, caller| {
        let before = store::roles::find(tx, caller.organisation_id, parameters.role_id.into())?
            .ok_or(Problem::NotFound("role"))?;
        caller.require()?;
        let role = Role { updated_at: tx.now(), ..changed(before.clone(), &body) };
        check_references(tx, &role, &references)?;
        let had = RoleState::of(tx, &before)?;
        let has = references.applied(&RoleState { role: &role, ..had.clone() });
        let plan = plan(tx, &has)?;
        if !store::roles::record_update(tx, &caller.actor(), [&had, &has], references.given())? {
            return view(tx, &before);
        }
        store::roles::update(tx, &role)?;
        save(tx, &caller.actor(), plan, &references)
    })
    .await
}

/// The users and projects of a request.
struct References {
    users: Option<Vec<UserId>>,
    projects: Option<Vec<ProjectId>>,
}

impl References {
    fn of(body: &SaveRoleRequest) -> Self {
        Self { users: body.users.as_deref().map(typed), projects: body.projects.as_deref().map(typed) }
    }

    /// The role with these users and projects; a role with all projects keeps those it names.
    fn applied<'r>(&self, state: &RoleState<'r>) -> RoleState<'r> {
        let role = state.role;
        RoleState {
            role,
            users: given_or(self.users.as_deref(), &state.users),
            projects: given_or(self.projects.as_deref().filter(|_| !role.all_projects), &state.projects),
        }
    }

    fn given(&self) -> (Option<&[UserId]>, Option<&[ProjectId]>) {
        (self.users.as_deref(), self.projects.as_deref())
    }
}

fn check(body: &SaveRoleRequest) -> Result<(), Problem> {
    let file_permissions = body.project_file_permissions.as_ref().map(file_permissions::stored);
    limits::check(&[
        ("name", &body.name),
        ("description", &body.description),
        ("users", &body.users),
        ("projects", &body.projects),
        ("idpGroups", &body.idp_groups),
        ("idpGroups", &body.idp_groups.as_ref().map(AsJson)),
        ("projectFilePermissions", &body.project_file_permissions),
        ("projectFilePermissions", &file_permissions.as_ref().map(AsJson)),
    ])
}

/// The role with the changes of the request.
fn changed(role: Role, body: &SaveRoleRequest) -> Role {
    Role {
        name: body.name.clone(),
        all_projects: body.all_projects,
        description: body.description.clone().or(role.description),
        idp_groups: body.idp_groups.clone().unwrap_or(role.idp_groups),
        project_permissions: body.project_permissions.clone().map_or(role.project_permissions, deduplicated),
        project_file_permissions: body
            .project_file_permissions
            .as_ref()
            .map_or(role.project_file_permissions, file_permissions::stored),
        ..role
    }
}

/// Checks that every user and, unless the role has `allProjects`, every project belongs to the organisation.
fn check_references(tx: &Tx, role: &Role, references: &References) -> Result<(), Problem> {
    let user_ids = references.users.as_deref().unwrap_or_default();
    let users = store::users::find_all(tx, role.organisation_id, user_ids)?;
    let project_ids =
        if role.all_projects { &[] } else { references.projects.as_deref().unwrap_or_default() };
    let projects = store::projects::find_all_live(tx, role.organisation_id, project_ids)?;
    let missing_users = places("/users", user_ids, "does not match a visible user", |id| {
        !users.iter().any(|user| user.id == *id)
    });
    let missing_projects = places("/projects", project_ids, "does not match a visible project", |id| {
        !projects.iter().any(|project| project.id == *id)
    });
    Problem::for_any(missing_users.chain(missing_projects), Problem::MissingReferences)
}

fn given_or<I: Copy + Ord>(given: Option<&[I]>, had: &BTreeSet<I>) -> BTreeSet<I> {
    given.map_or_else(|| had.clone(), |ids| ids.iter().copied().collect())
}

fn save(
    tx: &Tx,
    actor: &Actor,
    plan: RolePlan,
    references: &References,
) -> Result<crate::generated::models::Role, Problem> {
    let role = plan.role;
    if let Some(user_ids) = &references.users {
        store::roles::set_users(tx, role.id, user_ids)?;
    }
    if let Some(project_ids) = &references.projects
        && !role.all_projects
    {
        store::roles::set_projects(tx, role.id, project_ids)?;
    }
    carry_out(tx, actor, plan)?;
    view(tx, role)
}

fn view(tx: &Tx, role: &Role) -> Result<crate::generated::models::Role, Problem> {
    let mut shown = shown(tx, role.organisation_id, std::slice::from_ref(role))?;
    shown.pop().ok_or_else(|| Problem::Internal("a role without a view".to_owned()))
}
