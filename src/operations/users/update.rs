//! updateUser: names, user type, status and roles, with the allowed transitions.
//!
//! There is exactly one owner. Only the owner changes the owner's user, and making another user the owner makes the
//! caller an admin in the same transaction.

use crate::access::{Caller, Principal};
use crate::app::App;
use crate::db::Tx;
use crate::generated::api::UpdateUserParameters;
use crate::generated::models::{self, UpdateUserRequest, UserStatus, UserType};
use crate::limits::{self, places};
use crate::operations::{invitations, roles, tokens};
use crate::problem::{Conflict, Problem};
use crate::store;
use crate::store::audit_logs::Action;
use crate::store::ids::{RoleId, typed};
use crate::store::roles::Role;
use crate::store::users::User;
use crate::views;

/// Updates a user; absent fields stay unchanged.
pub async fn update(
    app: &App,
    principal: Principal,
    parameters: UpdateUserParameters,
    body: UpdateUserRequest,
) -> Result<models::User, Problem> {
    limits::check(&[("firstName", &body.first_name), ("lastName", &body.last_name), ("roles", &body.roles)])?;
    app.write(principal, move |tx, caller| {
        let before = store::users::find(tx, caller.organisation_id, parameters.user_id.into())?
            .ok_or(Problem::NotFound("user"))?;
        caller.require()?;
        let after = User {
            first_name: body.first_name.clone().or_else(|| before.first_name.clone()),
            last_name: body.last_name.clone().or_else(|| before.last_name.clone()),
            user_type: body.r#type.unwrap_or(before.user_type),
            status: body.status.unwrap_or(before.status),
            updated_at: tx.now(),
            ..before.clone()
        };
        check_allowed(caller, &before, &after)?;
        let roles = body.roles.as_deref().map(|ids| named_roles(tx, caller, &typed(ids))).transpose()?;
        check_state(&before, &after)?;
        carry_out(tx, caller, &before, &after, roles.as_deref())
    })
    .await
}

/// Only the owner may change the owner or transfer ownership.
fn check_allowed(caller: &Caller, before: &User, after: &User) -> Result<(), Problem> {
    let touches_owner = before.user_type == UserType::Owner || after.user_type == UserType::Owner;
    if touches_owner && caller.user_type != UserType::Owner {
        return Err(Problem::Forbidden(
            "Only the owner of the organisation changes the owner's user or makes another user the owner.",
        ));
    }
    Ok(())
}

fn named_roles(tx: &Tx, caller: &Caller, ids: &[RoleId]) -> Result<Vec<Role>, Problem> {
    let roles = store::roles::find_all(tx, caller.organisation_id, ids)?;
    let is_missing = |id: &RoleId| !roles.iter().any(|role| role.id == *id);
    let missing = places("/roles", ids, "does not match a visible role", is_missing);
    Problem::for_any(missing, Problem::MissingReferences)?;
    Ok(roles)
}

/// Checks the transitions of user type and status.
fn check_state(before: &User, after: &User) -> Result<(), Problem> {
    let conflict = |conflict| Err(Problem::conflict(conflict));
    let (was, will_be) = (before.user_type, after.user_type);
    if was != will_be && (was == UserType::Invited || will_be == UserType::Invited) {
        return conflict(Conflict::InvitedUser);
    }
    // The owner stays until ownership is transferred, and cannot be disabled or locked.
    if was == UserType::Owner && (will_be != UserType::Owner || after.status != UserStatus::Active) {
        return conflict(Conflict::LastOwner);
    }
    if will_be == UserType::Owner && was != UserType::Owner {
        if before.is_service {
            return conflict(Conflict::ServiceAccount);
        }
        if after.status != UserStatus::Active {
            return conflict(Conflict::UserDisabled);
        }
    }
    Ok(())
}

fn carry_out(
    tx: &Tx,
    caller: &Caller,
    before: &User,
    after: &User,
    roles: Option<&[Role]>,
) -> Result<crate::generated::models::User, Problem> {
    let actor = caller.actor();
    if after.user_type == UserType::Owner && before.user_type != UserType::Owner {
        // The former owner first, because a unique index allows one owner at a time.
        let owner = store::users::get(tx, caller.user_id)?;
        let former = User { user_type: UserType::Admin, updated_at: tx.now(), ..owner.clone() };
        store::users::update(tx, &former)?;
        store::users::record_update(tx, &actor, Action::Updated, [&owner, &former], None)?;
    }
    let action = match (before.status, after.status) {
        (was, UserStatus::Disabled) if was != UserStatus::Disabled => Action::Disabled,
        (UserStatus::Disabled, UserStatus::Active) => Action::Enabled,
        _ => Action::Updated,
    };
    let had = store::roles::roles_of_user(tx, before.id)?;
    let roles_change = roles.map(|roles| [had.as_slice(), roles]);
    if !store::users::record_update(tx, &actor, action, [before, after], roles_change)? {
        return Ok(views::users::user(before, &had));
    }
    store::users::update(tx, after)?;
    if action == Action::Disabled {
        // Disabling has to work, however many tokens there are.
        tx.uncounted(|| {
            invitations::withdraw(tx, &actor, after.id)?;
            store::sign_ins::end_all_of(tx, before)?;
            tokens::delete_all(tx, &actor, after.id)
        })?;
    }
    if let Some(roles) = roles {
        roles::set_roles_of_user(tx, &actor, after.id, roles)?;
    }
    Ok(views::users::user(after, &store::roles::roles_of_user(tx, after.id)?))
}
