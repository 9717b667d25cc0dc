//! `brms token create`, `list` and `revoke`: the keys to the API, for the owner of the file.

use std::io::Write;

use uuid::Uuid;

use super::database;
use crate::clock::Timestamp;
use crate::config::{CreateTokenSettings, DatabaseSettings};
use crate::failure::Failure;
use crate::operator::tokens as operator;
use crate::store;

/// Makes a credential and shows its secret, once.
pub(super) fn create(settings: &CreateTokenSettings, out: &mut dyn Write) -> Result<(), Failure> {
    operator::check(settings)?;
    let (id, secret) = operator::create(&database::open_existing(&settings.data)?, settings)?;
    let shown = format!("{}\ntoken {id}; the secret is shown only now\n", secret.reveal());
    // At once: a reader that takes only the first line may be gone before the second.
    out.write_all(shown.as_bytes())?;
    Ok(())
}

/// One line for each credential.
pub(super) fn list(settings: &DatabaseSettings, out: &mut dyn Write) -> Result<(), Failure> {
    for token in database::read(&database::open_existing(settings)?, store::tokens::list)? {
        let until = token.expires_at.map_or_else(|| "for good".to_owned(), Timestamp::rfc3339);
        let note = token.note.unwrap_or_default();
        writeln!(out, "{}  {:<8}  {}  until {until}  {note}", token.id, token.kind, token.email)?;
    }
    Ok(())
}

/// Takes a credential away.
pub(super) fn revoke(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_existing(settings)?;
    if !database::write(&db, move |tx| operator::revoke(tx, id))? {
        return Err(format!("there is no token {id}; `brms token list` names them").into());
    }
    writeln!(out, "token {id} is revoked")?;
    Ok(())
}
