//! Organisations as API models.

use serde_json::Value;

use crate::generated::models::{self, OrganisationPreferences};
use crate::store::organisations::Organisation;

/// The colour of an organisation without a theme colour.
const DEFAULT_COLOUR: &str = "#0f172a";

/// An organisation. There are no licences here, so those fields are null.
pub(crate) fn organisation(organisation: &Organisation) -> models::Organisation {
    let text = |name: &str| organisation.preferences.get(name).and_then(Value::as_str).map(str::to_owned);
    models::Organisation {
        id: organisation.id.to_string(),
        name: organisation.name.clone(),
        display_name: organisation.display_name.clone(),
        onboarded: true,
        theme_logo: text("themeLogo"),
        theme_primary_color: text("themePrimaryColor").unwrap_or_else(|| DEFAULT_COLOUR.to_owned()),
        preferences: OrganisationPreferences {
            email_signup_domains: text("emailSignupDomains"),
            theme_primary_color: text("themePrimaryColor"),
            theme_logo: text("themeLogo"),
        },
        license: None,
        license_data: None,
        url: None,
        created_at: organisation.created_at.rfc3339(),
        updated_at: organisation.updated_at.rfc3339(),
        deleted_at: None,
    }
}
