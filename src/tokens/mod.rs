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
use crate::secret::Secret;

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
    secret: (&Secret, Origin),
) -> Result<Uuid, Problem> {
    let id = tx.new_id();
    store::create_personal(tx, id, user_id, token, expires_at, secret)?;
    let data = serde_json::json!({
        "userId": user_id,
        "note": token.note,
        "permissions": token.permissions,
        "allProjects": token.all_projects,
        "projects": token.projects,
        "expiresAt": expires_at.map(Timestamp::rfc3339),
    });
    audit::record(tx, actor, &Change::new(PERSONAL, Action::Created, id, data))?;
    Ok(id)
}

/// Makes a sign-in of a user and records it.
pub fn create_internal(
    tx: &Tx,
    actor: &Actor,
    user_id: Uuid,
    expires_at: Option<Timestamp>,
    secret: (&Secret, Origin),
) -> Result<Uuid, Problem> {
    let id = tx.new_id();
    store::create_internal(tx, id, user_id, expires_at, secret)?;
    let data = serde_json::json!({ "userId": user_id, "expiresAt": expires_at.map(Timestamp::rfc3339) });
    audit::record(tx, actor, &Change::new(INTERNAL, Action::Created, id, data))?;
    Ok(id)
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
