//! updateOrganisation.

use crate::access::Principal;
use crate::app::App;
use crate::generated::models::{self, UpdateOrganisationRequest};
use crate::limits;
use crate::problem::Problem;
use crate::store;
use crate::store::organisations::Organisation;
use crate::views;

/// Updates names and settings. Absent fields stay unchanged, also inside `preferences`.
pub async fn update(
    app: &App,
    principal: Principal,
    body: UpdateOrganisationRequest,
) -> Result<models::Organisation, Problem> {
    limits::check(&[
        ("name", &body.name),
        ("displayName", &body.display_name),
        ("preferences", &body.preferences),
    ])?;
    app.write(principal, move |tx, caller| {
        caller.require()?;
        let before = store::organisations::get(tx, caller.organisation_id)?;
        let mut preferences = before.preferences.clone();
        preferences.extend(body.preferences.clone().unwrap_or_default());
        let after = Organisation {
            name: body.name.clone().unwrap_or_else(|| before.name.clone()),
            display_name: body.display_name.clone().unwrap_or_else(|| before.display_name.clone()),
            preferences,
            updated_at: tx.now(),
            ..before.clone()
        };
        if !store::organisations::record_update(tx, &caller.actor(), &before, &after)? {
            return Ok(views::organisations::organisation(&before));
        }
        store::organisations::update(tx, &after)?;
        Ok(views::organisations::organisation(&after))
    })
    .await
}
