//! updateOrganisation.

use crate::access::Principal;
use crate::app::App;
use crate::generated::models::{self, UpdateOrganisationRequest};
use crate::limits::{self, AsJson, PREFERENCES_BYTES, json_bytes};
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
        ("preferences", &body.preferences.as_ref().map(AsJson)),
    ])?;
    app.write(principal, move |tx, caller| {
        caller.require()?;
        let before = store::organisations::get(tx, caller.organisation_id)?;
        let mut preferences = before.preferences.clone();
        preferences.extend(body.preferences.clone().unwrap_or_default());
        // Longer ones of an earlier version stay, and may become shorter.
        let bytes = json_bytes(&preferences);
        if bytes > json_bytes(&before.preferences) {
            PREFERENCES_BYTES.check(bytes)?;
        }
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
