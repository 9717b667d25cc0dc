//! Operator commands for credentials: creating and revoking those of any user.

use uuid::Uuid;

use super::users;
use crate::config::{CreateTokenSettings, TokenKind};
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::operations::tokens;
use crate::problem::Problem;
use crate::secret::{Secret, SecretKind};
use crate::store;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::ids::{ProjectId, typed};
use crate::store::tokens::NewPersonalAccessToken;
use crate::store::users::User;

/// Refuses settings that limit a session, which has all permissions of its user.
pub fn check(settings: &CreateTokenSettings) -> Result<(), Failure> {
    let narrows = settings.all_projects || !settings.projects.is_empty() || !settings.permissions.is_empty();
    if settings.kind == TokenKind::Session && narrows {
        return Err(
            "--permission, --project and --all-projects limit a personal access token; omit them with \
                    --kind internal, which has all permissions of its user"
                .into(),
        );
    }
    Ok(())
}

/// Creates a credential. Its secret is not stored.
pub fn create(db: &Db, settings: &CreateTokenSettings) -> Result<(Uuid, Secret), Failure> {
    let user = users::find(db, &settings.user)?;
    let named: Vec<ProjectId> = typed(&settings.projects);
    let found = db.peek(|tx| store::projects::find_all_live(tx, user.organisation_id, &named))?;
    let is_missing = |id: &&ProjectId| !found.iter().any(|project| project.id == **id);
    if let Some(missing) = named.iter().find(is_missing) {
        return Err(format!("--project {missing} does not match a project of the user's organisation").into());
    }
    let kind = match settings.kind {
        TokenKind::Personal => SecretKind::PersonalAccessToken,
        TokenKind::Session => SecretKind::Session,
    };
    let secret = Secret::generate(kind);
    let (kept, settings) = (secret.clone(), settings.clone());
    let id = db.write_blocking(move |tx| write(tx, &settings, &user, &kept))?;
    Ok((id, secret))
}

fn write(tx: &Tx, settings: &CreateTokenSettings, user: &User, secret: &Secret) -> Result<Uuid, Problem> {
    let actor = Actor::operator(user.organisation_id);
    let lifetime = settings.expires_in.or(settings.kind.lifetime());
    let expires_at = lifetime.map(|lifetime| tx.now().plus(lifetime));
    match settings.kind {
        TokenKind::Session => Ok(tokens::create_session(tx, &actor, user.id, expires_at, secret)?.into()),
        TokenKind::Personal => {
            let token = NewPersonalAccessToken {
                note: settings.note.clone(),
                permissions: settings.permissions.clone(),
                all_projects: settings.all_projects,
                projects: typed(&settings.projects),
            };
            Ok(tokens::create_personal(tx, &actor, user.id, &token, expires_at, secret)?.into())
        }
    }
}

/// Revokes a credential of either kind. Returns false if there is none with this id.
pub fn revoke(tx: &Tx, id: Uuid) -> Result<bool, Problem> {
    let (kind, owner) = match store::tokens::delete_personal(tx, id.into())? {
        Some(owner) => (tokens::PERSONAL, Some(owner)),
        None => (tokens::SESSION, store::tokens::delete_session(tx, id.into())?),
    };
    let Some(owner) = owner else { return Ok(false) };
    let data = serde_json::json!({ "userId": owner.user_id });
    store::audit_logs::record(
        tx,
        &Actor::operator(owner.organisation_id),
        &Change::new(kind, Action::Deleted, id, data),
    )?;
    Ok(true)
}
