//! listUsers.

use crate::access::Principal;
use crate::app::App;
use crate::generated::api::ListUsersParameters;
use crate::generated::models::UserList;
use crate::limits::{self, IsService};
use crate::paging::Page;
use crate::problem::Problem;
use crate::store;
use crate::store::ids::UserId;
use crate::views;

/// The users of the organisation, including service accounts.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListUsersParameters,
) -> Result<UserList, Problem> {
    let is_service = limits::check_word("isService", parameters.is_service.as_deref())?;
    let is_service = is_service.map(|word: IsService| word == IsService::Service);
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        let listed =
            store::users::list(tx, caller.organisation_id, is_service, parameters.search.as_deref(), page)?;
        let ids: Vec<UserId> = listed.rows.iter().map(|user| user.id).collect();
        let roles = store::roles::of_users(tx, &ids)?;
        let of_user = |id: UserId| roles.get(&id).map(Vec::as_slice).unwrap_or_default();
        let results: Vec<_> =
            listed.rows.iter().map(|user| views::users::user(user, of_user(user.id))).collect();
        let paginate = page.pagination(listed.total, results.len());
        Ok(UserList { results, paginate })
    })
    .await
}
