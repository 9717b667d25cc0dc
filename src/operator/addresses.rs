//! Operator commands for addresses: finding users who have the same mailbox, and giving a user another address.

use std::collections::HashMap;

use serde_json::json;

use crate::address::{EmailAddress, folded_or_lower_case};
use crate::db::Tx;
use crate::generated::models::{AuditLogType, UserType};
use crate::operations::invitations;
use crate::problem::{Conflict, Place, Problem};
use crate::store;
use crate::store::addresses::AddressOwner;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::ids::UserId;
use crate::store::tokens::SessionSource;
use crate::store::users::User;

/// Users whose addresses are not right.
#[derive(Debug)]
pub struct AddressFault<'o> {
    /// What is wrong.
    pub what: String,
    /// Whose addresses they are.
    pub users: Vec<&'o AddressOwner>,
}

/// What is wrong with addresses: users of one organisation share one, or it is not valid.
#[must_use]
pub fn faults(owners: &[AddressOwner]) -> Vec<AddressFault<'_>> {
    let mut of_address: HashMap<_, Vec<&AddressOwner>> = HashMap::new();
    for owner in owners {
        of_address
            .entry((owner.organisation_id, folded_or_lower_case(&owner.email)))
            .or_default()
            .push(owner);
    }
    let mut faults = Vec::new();
    for owner in owners {
        let shared = of_address.remove(&(owner.organisation_id, folded_or_lower_case(&owner.email)));
        if let Some(users) = shared.filter(|users| users.len() > 1) {
            faults.push(AddressFault { what: "these users have the same mailbox:".to_owned(), users });
        }
        if let Err(complaint) = EmailAddress::parse(&owner.email) {
            faults.push(AddressFault { what: format!("this address {complaint}:"), users: vec![owner] });
        }
    }
    faults
}

/// What became of a user's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailChange {
    /// The user had this address already.
    None,
    /// The user has the new address.
    Done,
    /// The same, and the link that was mailed to the old address is void.
    DoneAndWithdrawn,
}

/// Ends the sessions of a user who signed in through the previous mailbox, and what could begin others.
fn end_sign_ins(tx: &Tx, actor: &Actor, user: &User) -> Result<(), Problem> {
    store::sign_ins::end_all_of(tx, user)?;
    for session in store::sessions::valid_of_user(tx, user.id)? {
        if session.source != SessionSource::CommandLine && store::sessions::end(tx, user.id, session.id)? {
            let data = json!({ "sessionId": session.id });
            let ended = Change::new(AuditLogType::User, Action::SessionEnded, user.id, data);
            store::audit_logs::record(tx, actor, ended)?;
        }
    }
    Ok(())
}

/// Gives a user another address. A link that was mailed to another mailbox is void, as its reader could accept as the
/// owner of the new one.
pub fn set_email(tx: &Tx, user_id: UserId, address: &EmailAddress) -> Result<EmailChange, Problem> {
    let user = store::users::find_anywhere(tx, user_id)?.ok_or(Problem::NotFound("user"))?;
    if user.email == address.as_typed() {
        return Ok(EmailChange::None);
    }
    if !store::addresses::others_with(tx, &user, address)?.is_empty() {
        let place = Place::parameter("NEW-EMAIL", "another user of the organisation has this address");
        return Err(Problem::Conflict(Conflict::NameTaken, vec![place]));
    }
    store::addresses::change(tx, &user, address)?;
    let changed = store::users::get(tx, user.id)?;
    let actor = Actor::operator(user.organisation_id);
    store::users::record_update(tx, &actor, Action::Updated, [&user, &changed], None)?;
    let is_same_mailbox = folded_or_lower_case(&user.email) == address.folded();
    if !is_same_mailbox {
        end_sign_ins(tx, &actor, &user)?;
    }
    if user.user_type != UserType::Invited || is_same_mailbox {
        return Ok(EmailChange::Done);
    }
    invitations::withdraw(tx, &actor, user.id)?;
    Ok(EmailChange::DoneAndWithdrawn)
}
