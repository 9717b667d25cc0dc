//! `brms token create`, `list` and `revoke`: API credentials, for the owner of the database file.

use std::io::Write;

use uuid::Uuid;

use super::database;
use super::output::unprinted;
use crate::clock::Timestamp;
use crate::config::{CreateTokenSettings, DatabaseSettings, TokenKind};
use crate::failure::Failure;
use crate::operator::tokens as operator;
use crate::store;
use crate::terminal::line;

/// Creates a credential and prints its secret, once.
pub(super) fn create(settings: &CreateTokenSettings, out: &mut dyn Write) -> Result<(), Failure> {
    operator::check(settings)?;
    let created = operator::create(&database::open_existing(&settings.data)?, settings)?;
    let until = created.expires_at.map_or_else(|| "it is revoked".to_owned(), Timestamp::rfc3339);
    let email = line(&created.email);
    let waits = if created.is_before_acceptance {
        format!("{email} has not accepted the invitation yet; until then it does not work\n")
    } else {
        String::new()
    };
    let shown = format!(
        "{}\ntoken {} of {email}: {}, until {until}; the secret is shown only once\n{waits}",
        created.secret.reveal(),
        created.id,
        granted(settings)
    );
    // In one write: a reader of only the first line may have closed the pipe before the second.
    out.write_all(shown.as_bytes()).and_then(|()| out.flush()).map_err(|cause| {
        let id = created.id;
        unprinted(&cause, &format!("The token {id} exists nonetheless: `brms token revoke {id}` revokes it"))
    })
}

/// What the credential grants, in words.
fn granted(settings: &CreateTokenSettings) -> String {
    if settings.kind == TokenKind::Session {
        return "everything that the user may do".to_owned();
    }
    let permissions: Vec<&str> = settings.permissions.iter().map(|permission| permission.as_str()).collect();
    let projects: Vec<String> = settings.projects.iter().map(ToString::to_string).collect();
    let projects = if settings.all_projects {
        "every project".to_owned()
    } else {
        format!("project {}", projects.join(", "))
    };
    format!("{} in {projects}, as far as the user may", permissions.join(", "))
}

/// One line per credential.
pub(super) fn list(settings: &DatabaseSettings, out: &mut dyn Write) -> Result<(), Failure> {
    for token in database::read(&database::open_existing(settings)?, store::tokens::list)? {
        let until = token.expires_at.map_or_else(|| "revoked".to_owned(), Timestamp::rfc3339);
        let (email, note) = (line(&token.email), token.note.unwrap_or_default());
        writeln!(out, "{}  {:<8}  {email}  until {until}  {}", token.id, token.kind.as_str(), line(&note))?;
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
