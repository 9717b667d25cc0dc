//! Operator commands for credentials: creating and revoking those of any user.

use uuid::Uuid;

use super::users;
use crate::clock::Timestamp;
use crate::config::{CreateTokenSettings, TokenKind};
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::generated::models::{UserStatus, UserType};
use crate::operations::tokens;
use crate::problem::Problem;
use crate::secret::{Secret, SecretKind};
use crate::store;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::ids::{ProjectId, typed};
use crate::store::tokens::NewPersonalAccessToken;
use crate::store::users::User;
use crate::terminal::line;

/// Refuses settings that limit a session, which has all permissions of its user, and a personal access token that
/// would grant nothing.
pub fn check(settings: &CreateTokenSettings) -> Result<(), Failure> {
    let has_projects = settings.all_projects || !settings.projects.is_empty();
    let narrows = has_projects || !settings.permissions.is_empty();
    if settings.kind == TokenKind::Personal && (settings.permissions.is_empty() || !has_projects) {
        return Err("a personal access token grants nothing by itself: give --permission (owner for everything that \
                    the user may do, or a permission such as project:manage; it may be repeated) and --all-projects \
                    or --project ID"
            .into());
    }
    if settings.kind == TokenKind::Session && settings.note.is_some() {
        return Err("--note belongs to a personal access token; omit it with --kind internal".into());
    }
    if settings.kind == TokenKind::Session && narrows {
        return Err(
            "--permission, --project and --all-projects limit a personal access token; omit them with \
                    --kind internal, which has all permissions of its user"
                .into(),
        );
    }
    Ok(())
}

/// A credential that was created. Its secret is not stored.
pub struct CreatedToken {
    /// The id of a personal access token or of a session.
    pub id: Uuid,
    /// Its secret.
    pub secret: Secret,
    /// The user's address.
    pub email: String,
    /// Whether the user has yet to accept the invitation, before which it does not work.
    pub is_before_acceptance: bool,
    /// When it ends; `None` if it is valid until it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// Creates a credential.
pub fn create(db: &Db, settings: &CreateTokenSettings) -> Result<CreatedToken, Failure> {
    let user = users::find(db, &settings.user)?;
    if user.status != UserStatus::Active {
        let (email, status) = (line(&user.email), user.status.as_str());
        return Err(format!("{email} is {status}, so the credential would not work").into());
    }
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
    let is_before_acceptance = user.user_type == UserType::Invited;
    let (kept, settings, email) = (secret.clone(), settings.clone(), user.email.clone());
    let (id, expires_at) = db.write_blocking(move |tx| write(tx, &settings, &user, &kept))?;
    Ok(CreatedToken { id, secret, email, is_before_acceptance, expires_at })
}

fn write(
    tx: &Tx,
    settings: &CreateTokenSettings,
    user: &User,
    secret: &Secret,
) -> Result<(Uuid, Option<Timestamp>), Problem> {
    let actor = Actor::operator(user.organisation_id);
    let lifetime = settings.expires_in.or(settings.kind.lifetime());
    let expires_at = lifetime.map(|lifetime| tx.now().plus(lifetime));
    let id = match settings.kind {
        TokenKind::Session => tokens::create_session(tx, &actor, user.id, expires_at, secret)?.into(),
        TokenKind::Personal => {
            let token = NewPersonalAccessToken {
                note: settings.note.clone().unwrap_or_else(|| "created on the command line".to_owned()),
                permissions: settings.permissions.clone(),
                all_projects: settings.all_projects,
                projects: typed(&settings.projects),
            };
            tokens::create_personal(tx, &actor, user.id, &token, expires_at, secret)?.into()
        }
    };
    Ok((id, expires_at))
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
        Change::new(kind, Action::Deleted, id, data),
    )?;
    Ok(true)
}
