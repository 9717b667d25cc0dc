//! listRoles.

use crate::access::Principal;
use crate::app::App;
use crate::db::Tx;
use crate::generated::api::ListRolesParameters;
use crate::generated::models::{self, RoleList};
use crate::paging::Page;
use crate::problem::Problem;
use crate::store;
use crate::store::ids::{OrganisationId, RoleId};
use crate::store::roles::Role;
use crate::views;

/// listRoles.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListRolesParameters,
) -> Result<RoleList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        let listed = store::roles::list(tx, caller.organisation_id, parameters.search.as_deref(), page)?;
        let results = shown(tx, caller.organisation_id, &listed.rows)?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(RoleList { results, paginate })
    })
    .await
}

/// Roles as API models.
pub(super) fn shown(
    tx: &Tx,
    organisation_id: OrganisationId,
    roles: &[Role],
) -> Result<Vec<models::Role>, Problem> {
    // A shortcut, because most organisations have no roles.
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<RoleId> = roles.iter().map(|role| role.id).collect();
    let organisation = store::organisations::get(tx, organisation_id)?;
    let groups = store::groups::of_roles(tx, &ids)?;
    let user_ids = store::roles::users_of_all(tx, &ids)?;
    let users = store::users::by_id(tx, user_ids.values().flatten().copied())?;
    let show = |role: &Role| {
        let groups = groups.get(&role.id).map(Vec::as_slice).unwrap_or_default();
        let users: Vec<_> =
            user_ids.get(&role.id).into_iter().flatten().filter_map(|id| users.get(id)).collect();
        views::roles::role(role, groups, &users, &organisation)
    };
    Ok(roles.iter().map(show).collect())
}
