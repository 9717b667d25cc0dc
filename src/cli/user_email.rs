//! `brms user set-email USER NEW-EMAIL`.

use std::io::Write;

use serde_json::json;

use super::database;
use crate::address::EmailAddress;
use crate::config::{DatabaseSettings, PrintSettings};
use crate::failure::Failure;
use crate::operator::addresses::{EmailChange, set_email};
use crate::operator::users;
use crate::terminal;

/// Gives a user another address.
pub(super) fn set(
    data: &DatabaseSettings,
    user: &str,
    email: &EmailAddress,
    print: PrintSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let db = database::open_existing(data)?;
    let id = users::find(&db, user)?.id;
    let address = email.clone();
    let change = database::write(&db, move |tx| set_email(tx, id, &address))?;
    let email = email.as_typed();
    if print.json {
        let shown = json!({
            "id": id,
            "email": email,
            "isChanged": change != EmailChange::None,
            "isLinkVoid": change == EmailChange::DoneAndWithdrawn,
        });
        writeln!(out, "{}", terminal::json(&shown))?;
        return Ok(());
    }
    match change {
        EmailChange::None => writeln!(out, "user {id} has the address {email} already")?,
        EmailChange::Done => writeln!(out, "user {id} now has the address {email}")?,
        EmailChange::DoneAndWithdrawn => writeln!(
            out,
            "user {id} now has the address {email}; the link of the invitation no longer works, so send it again"
        )?,
    }
    Ok(())
}
