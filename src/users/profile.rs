//! updateUserProfile.

use super::{record, store, wire};
use crate::app::App;
use crate::audit::Action;
use crate::auth::Principal;
use crate::generated::models::{Profile, UpdateUserProfileRequest};
use crate::limits;
use crate::problem::Problem;

/// Changes the caller's own names.
pub async fn update(
    app: &App,
    principal: Principal,
    body: UpdateUserProfileRequest,
) -> Result<Profile, Problem> {
    limits::check_names(&[("/firstName", Some(&body.first_name)), ("/lastName", Some(&body.last_name))])?;
    app.write(principal, move |tx, caller| {
        caller.require()?;
        let before = store::get(tx, caller.user_id)?;
        let after = super::User {
            first_name: Some(body.first_name.clone()),
            last_name: Some(body.last_name.clone()),
            updated_at: tx.now(),
            ..before
        };
        store::update(tx, &after)?;
        record(tx, &caller.actor(), Action::Updated, &after)?;
        Ok(Profile { user: wire::profile(&after) })
    })
    .await
}
