//! createServiceAccount: an account for programs, which works with tokens.

use super::{User, record, store, wire};
use crate::app::App;
use crate::audit::Action;
use crate::auth::Principal;
use crate::generated::models::{self, CreateServiceAccountRequest, ServiceAccountType, UserType};
use crate::http::check_email;
use crate::problem::{Conflict, Place, Problem};

/// Makes a service account.
pub async fn create(
    app: &App,
    principal: Principal,
    body: CreateServiceAccountRequest,
) -> Result<models::User, Problem> {
    // The description says only "string" here.
    check_email(&body.email).map_err(|complaint| Problem::invalid(Place::pointer("/email", complaint)))?;
    app.write(principal, move |tx, caller| {
        caller.require()?;
        let user_type = match body.r#type {
            ServiceAccountType::Admin => UserType::Admin,
            ServiceAccountType::Member => UserType::Member,
        };
        let account =
            User { is_service: true, ..User::new(tx, caller.organisation_id, &body.email, user_type) };
        if store::find_by_address(tx, caller.organisation_id, &body.email)?.is_some() {
            let place = Place::pointer("/email", "another user of this organisation has this address");
            return Err(Problem::Conflict(Conflict::NameTaken, vec![place]));
        }
        store::create(tx, &account)?;
        record(tx, &caller.actor(), Action::Created, &account)?;
        wire::user(tx, &account)
    })
    .await
}
