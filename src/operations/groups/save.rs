//! createGroup and updateGroup.

use crate::access::permissions::{ProjectAccess, deduplicated};
use crate::access::{self, Caller, Principal};
use crate::app::App;
use crate::db::Tx;
use crate::file_permissions;
use crate::generated::api::{CreateGroupParameters, UpdateGroupParameters};
use crate::generated::models::{self, SaveGroupRequest};
use crate::http::Posted;
use crate::limits::{self, AsJson, PROJECT_GROUPS};
use crate::problem::{Conflict, Problem};
use crate::store;
use crate::store::groups::Group;
use crate::views;

/// createGroup.
pub async fn create(
    app: &App,
    principal: Principal,
    parameters: CreateGroupParameters,
    body: SaveGroupRequest,
) -> Result<Posted<models::Group>, Problem> {
    check(&body)?;
    let permit = move |tx: &Tx, caller: &Caller| {
        let (project, access) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let group = Group {
            id: tx.new_id(),
            project_id: project.id,
            name: body.name.clone(),
            description: body.description.clone(),
            permissions: body.permissions.clone().map(deduplicated),
            file_permissions: body
                .file_permissions
                .as_ref()
                .and_then(Option::as_ref)
                .map(file_permissions::stored),
            role_id: None,
            created_at: tx.now(),
        };
        check_grant(&access, &[&group])?;
        Ok(group)
    };
    app.write_once(principal, permit, |tx, caller, group| {
        PROJECT_GROUPS.check(store::groups::count(tx, group.project_id)? + 1)?;
        store::groups::add(tx, &caller.actor(), &group)?;
        Ok(views::groups::group(group, None))
    })
    .await
}

/// updateGroup: absent fields stay unchanged.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateGroupParameters,
    body: SaveGroupRequest,
) -> Result<models::Group, Problem> {
    check(&body)?;
    app.write(principal, move |tx, caller| {
        let (project, access) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let before = store::groups::find(tx, project.id, parameters.group_id.into())?
            .ok_or(Problem::NotFound("group"))?;
        let after = Group {
            name: body.name.clone(),
            description: body.description.clone().or_else(|| before.description.clone()),
            permissions: body.permissions.clone().map(deduplicated).or_else(|| before.permissions.clone()),
            file_permissions: match &body.file_permissions {
                Some(given) => given.as_ref().map(file_permissions::stored),
                None => before.file_permissions.clone(),
            },
            ..before.clone()
        };
        check_grant(&access, &[&before, &after])?;
        if before.role_id.is_some() {
            return Err(Problem::conflict(Conflict::RoleManaged));
        }
        if store::groups::record_update(tx, &caller.actor(), &before, &after)? {
            store::groups::update(tx, &after)?;
        }
        // A group that a role manages was refused above.
        Ok(views::groups::group(after, None))
    })
    .await
}

fn check(body: &SaveGroupRequest) -> Result<(), Problem> {
    let file_permissions = body.file_permissions.as_ref().and_then(Option::as_ref);
    limits::check(&[
        ("name", &body.name),
        ("description", &body.description),
        ("filePermissions", &body.file_permissions),
        ("filePermissions", &file_permissions.map(file_permissions::stored).as_ref().map(AsJson)),
    ])
}

/// Creating or changing a group with the permission `owner` requires the right to grant it.
pub(super) fn check_grant(access: &ProjectAccess, groups: &[&Group]) -> Result<(), Problem> {
    if groups.iter().any(|group| group.carries_owner()) { access.require_grant_of_owner() } else { Ok(()) }
}
