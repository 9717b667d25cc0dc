//! createServiceAccount: an account for programs, which authenticates with tokens.

use crate::access::{Caller, Principal};
use crate::address::EmailAddress;
use crate::app::App;
use crate::db::Tx;
use crate::generated::models::{self, CreateServiceAccountRequest, ServiceAccountType, UserType};
use crate::http::Posted;
use crate::limits;
use crate::problem::{Conflict, Place, Problem};
use crate::store;
use crate::store::audit_logs::Action;
use crate::store::users::User;
use crate::views;

/// Creates a service account.
pub async fn create(
    app: &App,
    principal: Principal,
    body: CreateServiceAccountRequest,
) -> Result<Posted<models::User>, Problem> {
    limits::check(&[("email", &body.email)])?;
    let permit = |_: &Tx, caller: &Caller| caller.require();
    app.write_once(principal, permit, move |tx, caller, ()| {
        let user_type = match body.r#type {
            ServiceAccountType::Admin => UserType::Admin,
            ServiceAccountType::Member => UserType::Member,
        };
        let address = EmailAddress::parse(&body.email)
            .map_err(|complaint| Problem::invalid(Place::pointer("/email", complaint)))?;
        let account = User { is_service: true, ..User::new(tx, caller.organisation_id, &address, user_type) };
        if store::addresses::find_user(tx, caller.organisation_id, &address)?.is_some() {
            let place = Place::pointer("/email", "another user of this organisation has this address");
            return Err(Problem::Conflict(Conflict::NameTaken, vec![place]));
        }
        store::users::create(tx, &account)?;
        store::users::record(tx, &caller.actor(), Action::Created, &account)?;
        Ok(views::users::user(&account, &[]))
    })
    .await
}
