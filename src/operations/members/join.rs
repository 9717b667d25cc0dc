//! joinProject.

use crate::access::{self, Caller, Principal};
use crate::app::App;
use crate::db::Tx;
use crate::generated::api::JoinProjectParameters;
use crate::generated::models;
use crate::http::Posted;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::Action;
use crate::store::members::Membership;
use crate::views;

/// Adds the caller as a member without the owner flag. An existing membership is returned unchanged.
pub async fn join(
    app: &App,
    principal: Principal,
    parameters: JoinProjectParameters,
) -> Result<Posted<models::Member>, Problem> {
    let permit = move |tx: &Tx, caller: &Caller| {
        // Only an owner or admin of the organisation sees a project without being a member.
        let (project, _) = access::projects::live(tx, caller, parameters.project_id.into())?;
        caller.require()?;
        Ok(project)
    };
    app.write_once(principal, permit, |tx, caller, project| {
        let new = Membership::new(tx, project.id, caller.user_id);
        let membership = if store::members::add(tx, &new)? {
            store::members::record(tx, &caller.actor(), Action::Created, &new, &[])?;
            new
        } else {
            store::members::get_of_user(tx, project.id, caller.user_id)?
        };
        let groups = store::members::groups_of(tx, &membership)?;
        let user = store::users::get(tx, caller.user_id)?;
        Ok(views::members::member(&membership, &user, &groups))
    })
    .await
}
