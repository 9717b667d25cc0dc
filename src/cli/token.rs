//! `brms token create`, `list` and `revoke`: API credentials, for the owner of the database file.

use std::io::Write;

use uuid::Uuid;

use super::database;
use crate::clock::Timestamp;
use crate::config::{CreateTokenSettings, DatabaseSettings};
use crate::failure::Failure;
use crate::operator::tokens as operator;
use crate::store;

/// Creates a credential and prints its secret, once.
pub(super) fn create(settings: &CreateTokenSettings, out: &mut dyn Write) -> Result<(), Failure> {
    operator::check(settings)?;
    let (id, secret) = operator::create(&database::open_existing(&settings.data)?, settings)?;
    let shown = format!("{}\ntoken {id}; the secret is shown only once\n", secret.reveal());
    // In one write: a reader of only the first line may have closed the pipe before the second.
    out.write_all(shown.as_bytes())?;
    Ok(())
}

/// One line per credential.
pub(super) fn list(settings: &DatabaseSettings, out: &mut dyn Write) -> Result<(), Failure> {
    for token in database::read(&database::open_existing(settings)?, store::tokens::list)? {
        let until = token.expires_at.map_or_else(|| "revoked".to_owned(), Timestamp::rfc3339);
        let note = token.note.unwrap_or_default();
        writeln!(out, "{}  {:<8}  {}  until {until}  {note}", token.id, token.kind.as_str(), token.email)?;
    }
    Ok(())
}

/// Revokes a credential.
pub(super) fn revoke(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_existing(settings)?;
    if !database::write(&db, move |tx| operator::revoke(tx, id))? {
        return Err(format!("there is no token {id}; see `brms token list`").into());
    }
    writeln!(out, "token {id} is revoked")?;
    Ok(())
}
