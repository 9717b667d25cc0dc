//! listRoles.

use crate::access::Principal;
use crate::app::App;
use crate::generated::api::ListRolesParameters;
use crate::generated::models::RoleList;
use crate::paging::Page;
use crate::problem::Problem;
use crate::search;
use crate::store;
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
        let listed = store::roles::list(
            tx,
            caller.organisation_id,
            search::folded(parameters.search.as_deref()).as_deref(),
            page,
        )?;
        let results =
            listed.rows.iter().map(|role| views::roles::role(tx, role)).collect::<Result<Vec<_>, _>>()?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(RoleList { results, paginate })
    })
    .await
}
