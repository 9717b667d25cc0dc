//! Who has an address: looking users up by it, changing it, and users of one organisation who have the same mailbox.
//!
//! Files of schema step 5 can have such users, since addresses were only compared in lower case then. Each of them keeps
//! that folding in `email_folded`; `email_clash` has the address that they share. It names none of them until the
//! operator has changed one, but an address as it was typed before still names its user.

use crate::address::{EmailAddress, folded_or_lower_case, in_lower_case};
use crate::db::{Row, RowResult, Tx, params};
use crate::problem::{Conflict, Problem};
use crate::search::folded_text;
use crate::store::columns::{Record, stored};
use crate::store::ids::{OrganisationId, UserId};
use crate::store::users::User;

stored! {
    /// Whose address it is.
    #[derive(Clone, Debug)]
    pub struct AddressOwner {
        /// The user.
        id: UserId,
        /// The user's organisation.
        organisation_id: OrganisationId,
        /// The address, as typed.
        email: String,
    }
}

/// A user found by an address.
struct UserWithAddress {
    user: User,
    clash: Option<String>,
}

impl UserWithAddress {
    fn read(row: &Row) -> RowResult<Self> {
        Ok(Self { user: User::read(row)?, clash: row.get("email_clash")? })
    }
}

/// The user of the organisation with this address. Fails with 409 if several users of a migrated file have it.
pub fn find_user(
    tx: &Tx,
    organisation_id: OrganisationId,
    address: &EmailAddress,
) -> Result<Option<User>, Problem> {
    let folded = address.folded();
    let found = find(tx, organisation_id, &folded)?;
    if found.is_empty() {
        return Ok(None);
    }
    let typed_before = in_lower_case(address.as_typed());
    let is_named = |found: &UserWithAddress| match &found.clash {
        None => true,
        Some(shared) => *shared == folded && in_lower_case(&found.user.email) == typed_before,
    };
    let named = found.into_iter().find(is_named).ok_or(Problem::conflict(Conflict::AddressClash))?;
    Ok(Some(named.user))
}

fn find(tx: &Tx, organisation_id: OrganisationId, folded: &str) -> Result<Vec<UserWithAddress>, Problem> {
    tx.rows(
        "SELECT *
         FROM users
         WHERE id IN (SELECT id FROM users WHERE organisation_id = ?1 AND email_folded = ?2
                      UNION
                      SELECT id FROM users WHERE organisation_id = ?1 AND email_clash = ?2)
         ORDER BY id",
        params![organisation_id, folded],
        UserWithAddress::read,
    )
}

/// The users of any organisation with this address. Of several users who have the same mailbox, only the one whose
/// address was typed in this way, if there is one. For the operator, and for those who sign in with a code that is mailed to
/// the address.
pub fn find_users_anywhere(tx: &Tx, address: &str) -> Result<Vec<User>, Problem> {
    let folded = folded_or_lower_case(address);
    let found = tx.rows(
        "SELECT *
         FROM users
         WHERE id IN (SELECT id FROM users WHERE email_folded = ?1
                      UNION
                      SELECT id FROM users WHERE email_clash = ?1)
         ORDER BY organisation_id, id",
        [&folded],
        UserWithAddress::read,
    )?;
    let has_address = |found: &UserWithAddress| found.clash.as_ref().is_none_or(|shared| *shared == folded);
    let typed_before = in_lower_case(address);
    let is_named =
        |found: &UserWithAddress| found.clash.is_none() || in_lower_case(&found.user.email) == typed_before;
    let (named, others): (Vec<_>, Vec<_>) = found.into_iter().filter(has_address).partition(is_named);
    let found = if named.is_empty() { others } else { named };
    Ok(found.into_iter().map(|found| found.user).collect())
}

/// All addresses, in the order of their users. Reads files of any schema step.
pub fn all(tx: &Tx) -> Result<Vec<AddressOwner>, Problem> {
    tx.rows(
        "SELECT id, organisation_id, email FROM users ORDER BY organisation_id, created_at, id",
        (),
        AddressOwner::read,
    )
}

/// The users who have the same mailbox as another one of their organisation, together with those.
pub fn clashing(tx: &Tx) -> Result<Vec<AddressOwner>, Problem> {
    tx.rows(
        "SELECT id, organisation_id, email FROM users WHERE email_clash IS NOT NULL ORDER BY organisation_id, email_clash",
        (),
        AddressOwner::read,
    )
}

/// The other users of the organisation who have this address.
pub fn others_with(tx: &Tx, user: &User, address: &EmailAddress) -> Result<Vec<User>, Problem> {
    let found = find(tx, user.organisation_id, &address.folded())?.into_iter().map(|found| found.user);
    Ok(found.filter(|found| found.id != user.id).collect())
}

/// Gives a user an address that no other user has.
pub fn change(tx: &Tx, user: &User, address: &EmailAddress) -> Result<(), Problem> {
    tx.execute(
        "UPDATE users
         SET email = ?2, email_folded = ?3, email_clash = NULL, search_address = ?4, updated_at = ?5
         WHERE id = ?1",
        params![user.id, address.as_typed(), address.folded(), folded_text(address.as_typed()), tx.now()],
    )?;
    unmark(tx, user.organisation_id)
}

/// Gives every marked user of the organisation who is the only one with the mailbox the folding of the address.
pub fn unmark(tx: &Tx, organisation_id: OrganisationId) -> Result<(), Problem> {
    while unmark_one(tx, organisation_id)? {}
    Ok(())
}

/// Gives a marked user who is the only one with the mailbox now the folding of the address. Returns false if there is no
/// such user. It can free the folding that another marked user needs.
fn unmark_one(tx: &Tx, organisation_id: OrganisationId) -> Result<bool, Problem> {
    let marked = tx.rows(
        "SELECT id, email_clash FROM users WHERE organisation_id = ?1 AND email_clash IS NOT NULL ORDER BY id",
        [organisation_id],
        |row| Ok((row.get::<UserId>("id")?, row.get::<String>("email_clash")?)),
    )?;
    for (id, shared) in marked {
        if find(tx, organisation_id, &shared)?.iter().all(|found| found.user.id == id) {
            tx.execute(
                "UPDATE users SET email_folded = ?2, email_clash = NULL WHERE id = ?1",
                params![id, shared],
            )?;
            return Ok(true);
        }
    }
    Ok(false)
}
