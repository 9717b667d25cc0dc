//! listInvitations.

use crate::access::Principal;
use crate::app::App;
use crate::generated::api::ListInvitationsParameters;
use crate::generated::models::InvitationList;
use crate::paging::Page;
use crate::problem::Problem;
use crate::search;
use crate::store;
use crate::views;

/// The invitations of the organisation, those taken up too. An expired one is still pending.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListInvitationsParameters,
) -> Result<InvitationList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        let search = search::folded(parameters.search.as_deref());
        let listed =
            store::invitations::list(tx, caller.organisation_id, parameters.status, search.as_deref(), page)?;
        let organisation = store::organisations::get(tx, caller.organisation_id)?;
        let results = listed
            .rows
            .iter()
            .map(|invitation| views::invitations::listed(tx, invitation, &organisation))
            .collect::<Result<Vec<_>, _>>()?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(InvitationList { results, paginate })
    })
    .await
}
