//! `brms token create`, `list` and `revoke`: the keys to the API, for whoever owns the file.

use std::io::Write;
use std::time::Duration;

use uuid::Uuid;

use super::database;
use crate::clock::Timestamp;
use crate::config::{CreateTokenSettings, DatabaseSettings, TokenKind};
use crate::db::Tx;
use crate::failure::Failure;
use crate::operations::tokens;
use crate::problem::Problem;
use crate::secret::{Secret, SecretKind};
use crate::store;
use crate::store::audit_logs::Actor;
use crate::store::tokens::NewPersonalAccessToken;
use crate::store::users::User;

/// How long a sign-in made here works when nothing else is said.
const INTERNAL_LIFETIME: Duration = Duration::from_hours(12);

/// Makes a credential and shows its secret, once.
pub(super) fn create(settings: &CreateTokenSettings, out: &mut dyn Write) -> Result<(), Failure> {
    if settings.kind == TokenKind::Internal
        && (settings.all_projects || !settings.projects.is_empty() || !settings.permissions.is_empty())
    {
        return Err(
            "--permission, --project and --all-projects narrow a personal token; leave them out for \
                    --kind internal, which acts with all rights of its user"
                .into(),
        );
    }
    let db = database::open_existing(&settings.data)?;
    let user = the_one(&settings.user, database::read(&db, |tx| find_users(tx, &settings.user))?)?;
    let named = |tx: &Tx| store::projects::find_all_live(tx, user.organisation_id, &settings.projects);
    let projects = database::read(&db, named)?;
    let is_missing = |id: &&Uuid| !projects.iter().any(|project| project.id == **id);
    if let Some(missing) = settings.projects.iter().find(is_missing) {
        return Err(format!("--project {missing} names no project of the user's organisation").into());
    }
    let kind = match settings.kind {
        TokenKind::Personal => SecretKind::PersonalAccessToken,
        TokenKind::Internal => SecretKind::InternalToken,
    };
    let secret = Secret::generate(kind);
    let (kept, settings) = (secret.clone(), settings.clone());
    let id = database::write(&db, move |tx| write(tx, &settings, &user, &kept))?;
    let shown = format!("{}\ntoken {id}; the secret is shown only now\n", secret.reveal());
    // At once: whoever takes only the first line may be gone before the second.
    out.write_all(shown.as_bytes())?;
    Ok(())
}

fn write(tx: &Tx, settings: &CreateTokenSettings, user: &User, secret: &Secret) -> Result<Uuid, Problem> {
    let actor = Actor::operator(user.organisation_id);
    let until = |lifetime: Duration| tx.now().plus(lifetime);
    match settings.kind {
        TokenKind::Internal => {
            let expires_at = until(settings.expires_in.unwrap_or(INTERNAL_LIFETIME));
            tokens::create_internal(tx, &actor, user.id, Some(expires_at), secret)
        }
        TokenKind::Personal => {
            let token = NewPersonalAccessToken {
                note: settings.note.clone(),
                permissions: settings.permissions.clone(),
                all_projects: settings.all_projects,
                projects: settings.projects.clone(),
            };
            tokens::create_personal(tx, &actor, user.id, &token, settings.expires_in.map(until), secret)
        }
    }
}

/// By id, or by address.
fn find_users(tx: &Tx, text: &str) -> Result<Vec<User>, Problem> {
    match Uuid::try_parse(text) {
        Ok(id) => Ok(store::users::find_anywhere(tx, id)?.into_iter().collect()),
        Err(_) => store::users::find_by_email(tx, text),
    }
}

fn the_one(text: &str, users: Vec<User>) -> Result<User, Failure> {
    match <[User; 1]>::try_from(users) {
        Ok([user]) => Ok(user),
        Err(none) if none.is_empty() => Err(format!("--user {text} names nobody").into()),
        Err(several) => {
            let ids: Vec<String> = several.iter().map(|user| user.id.to_string()).collect();
            Err(format!("--user {text} is in several organisations; give an id: {}", ids.join(", ")).into())
        }
    }
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
    if !database::write(&db, move |tx| tokens::revoke(tx, id))? {
        return Err(format!("there is no token {id}; `brms token list` names them").into());
    }
    writeln!(out, "token {id} is revoked")?;
    Ok(())
}
