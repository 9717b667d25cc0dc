//! updateUserProfile.

use crate::access::Principal;
use crate::app::App;
use crate::generated::models::{Profile, UpdateUserProfileRequest};
use crate::limits;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::Action;
use crate::store::users::User;
use crate::views;

/// Updates the caller's own names.
pub async fn update(
    app: &App,
    principal: Principal,
    body: UpdateUserProfileRequest,
) -> Result<Profile, Problem> {
    limits::check(&[("firstName", &body.first_name), ("lastName", &body.last_name)])?;
    app.write(principal, move |tx, caller| {
        caller.require()?;
        let before = store::users::get(tx, caller.user_id)?;
        let after = User {
            first_name: Some(body.first_name.clone()),
            last_name: Some(body.last_name.clone()),
            updated_at: tx.now(),
            ..before.clone()
        };
        let actor = caller.actor();
        if !store::users::record_update(tx, &actor, Action::Updated, [&before, &after], None)? {
            return Ok(Profile { user: views::users::profile(&before) });
        }
        store::users::update(tx, &after)?;
        Ok(Profile { user: views::users::profile(&after) })
    })
    .await
}
