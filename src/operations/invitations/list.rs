//! listInvitations.

use crate::access::Principal;
use crate::app::App;
use crate::generated::api::ListInvitationsParameters;
use crate::generated::models::InvitationList;
use crate::paging::Page;
use crate::problem::Problem;
use crate::store;
use crate::store::invitations::Invitation;
use crate::store::sets::named;
use crate::views;

/// The invitations of the organisation, including accepted ones. An expired one is still pending.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListInvitationsParameters,
) -> Result<InvitationList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        let listed = store::invitations::list(
            tx,
            caller.organisation_id,
            parameters.status,
            parameters.search.as_deref(),
            page,
        )?;
        let organisation = store::organisations::get(tx, caller.organisation_id)?;
        let of_users =
            listed.rows.iter().flat_map(|invitation| [Some(invitation.user_id), invitation.created_by]);
        let users = store::users::by_id(tx, of_users.flatten())?;
        let show = |invitation: &Invitation| {
            let created_by = invitation.created_by.map(|id| named(&users, id)).transpose()?;
            let user = named(&users, invitation.user_id)?;
            Ok(views::invitations::listed(invitation, user, created_by, &organisation))
        };
        let results = listed.rows.iter().map(show).collect::<Result<Vec<_>, Problem>>()?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(InvitationList { results, paginate })
    })
    .await
}
