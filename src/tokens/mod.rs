//! Credentials as things: personal access tokens, and the sign-ins that `internalAuth` takes.
//!
//! How a request's credentials are checked is in [`crate::auth`]; here they are made, listed and revoked.

pub mod personal;
pub mod store;
mod wire;

use uuid::Uuid;

use crate::audit::{self, Action, Actor, Change};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::{AuditLogType, Permission};
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash};

/// What a new personal access token may do.
#[derive(Clone, Debug)]
pub struct NewPersonalAccessToken {
    /// What it is for, in its maker's words.
    pub note: String,
    /// What it may do at most.
    pub permissions: Vec<Permission>,
    /// Whether it reaches every project.
    pub all_projects: bool,
    /// The projects it reaches otherwise.
    pub projects: Vec<Uuid>,
}

/// Where a secret came from: a fixed one of a seed file may be known to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Made here, shown once.
    Generated,
    /// Written in a seed file.
    Seeded,
}

/// What is kept of a credential's secret.
#[derive(Clone, Copy)]
pub struct Credential {
    /// Its hash.
    pub hash: SecretHash,
    /// Where it came from.
    pub origin: Origin,
}

impl From<&Secret> for Credential {
    /// Of a secret made here.
    fn from(secret: &Secret) -> Self {
        Self { hash: secret.hash(), origin: Origin::Generated }
    }
}

/// A personal access token as stored, without its projects.
pub struct StoredToken {
    /// The token's id.
    pub id: Uuid,
    /// What it is for.
    pub note: String,
    /// What it may do at most.
    pub permissions: Vec<Permission>,
    /// Whether it reaches every project.
    pub all_projects: bool,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub updated_at: Timestamp,
    /// What opens the door.
    pub credential: Credential,
}

/// A sign-in as stored.
#[derive(Clone, Copy)]
pub struct SignIn {
    /// The sign-in's id.
    pub id: Uuid,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// What opens the door.
    pub credential: Credential,
}

/// One credential in a list, of either kind.
#[derive(Clone, Debug)]
pub struct ListedToken {
    /// The token's id.
    pub id: Uuid,
    /// `personal` or `internal`.
    pub kind: &'static str,
    /// Whose it is.
    pub email: String,
    /// What it is for.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Makes a personal access token of a user and records it.
pub fn create_personal(
    tx: &Tx,
    actor: &Actor,
    user_id: Uuid,
    token: &NewPersonalAccessToken,
    expires_at: Option<Timestamp>,
    secret: &Secret,
) -> Result<Uuid, Problem> {
    let stored = StoredToken {
        id: tx.new_id(),
        note: token.note.clone(),
        permissions: token.permissions.clone(),
        all_projects: token.all_projects,
        expires_at,
        created_at: tx.now(),
        updated_at: tx.now(),
        credential: secret.into(),
    };
    add_personal(tx, actor, user_id, &stored, &token.projects)?;
    Ok(stored.id)
}

/// Adds a personal access token of a user and records it.
pub fn add_personal(
    tx: &Tx,
    actor: &Actor,
    user_id: Uuid,
    token: &StoredToken,
    project_ids: &[Uuid],
) -> Result<(), Problem> {
    store::create_personal(tx, user_id, token, project_ids)?;
    let data = serde_json::json!({
        "userId": user_id,
        "note": token.note,
        "permissions": token.permissions,
        "allProjects": token.all_projects,
        "projects": project_ids,
        "expiresAt": token.expires_at,
    });
    audit::record(tx, actor, &Change::new(PERSONAL, Action::Created, token.id, data))
}

/// Makes a sign-in of a user and records it.
pub fn create_internal(
    tx: &Tx,
    actor: &Actor,
    user_id: Uuid,
    expires_at: Option<Timestamp>,
    secret: &Secret,
) -> Result<Uuid, Problem> {
    let sign_in = SignIn { id: tx.new_id(), expires_at, created_at: tx.now(), credential: secret.into() };
    add_internal(tx, actor, user_id, &sign_in)?;
    Ok(sign_in.id)
}

/// Adds a sign-in of a user and records it.
pub fn add_internal(tx: &Tx, actor: &Actor, user_id: Uuid, sign_in: &SignIn) -> Result<(), Problem> {
    store::create_internal(tx, user_id, sign_in)?;
    let data = serde_json::json!({ "userId": user_id, "expiresAt": sign_in.expires_at });
    audit::record(tx, actor, &Change::new(INTERNAL, Action::Created, sign_in.id, data))
}

/// Takes away a credential of either kind, at once. False: there is none with this id.
pub fn revoke(tx: &Tx, id: Uuid) -> Result<bool, Problem> {
    let (kind, owner) = match store::delete_personal(tx, id)? {
        Some(owner) => (PERSONAL, Some(owner)),
        None => (INTERNAL, store::delete_internal(tx, id)?),
    };
    let Some(owner) = owner else { return Ok(false) };
    let data = serde_json::json!({ "userId": owner.user_id });
    audit::record(
        tx,
        &Actor::operator(owner.organisation_id),
        &Change::new(kind, Action::Deleted, id, data),
    )?;
    Ok(true)
}

/// The description has no type of its own for a sign-in; `accessToken` is the nearest.
const INTERNAL: AuditLogType = AuditLogType::AccessToken;
const PERSONAL: AuditLogType = AuditLogType::PersonalAccessToken;
