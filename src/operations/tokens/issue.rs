//! Making credentials of either kind, each with its row in the audit log.

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::AuditLogType;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::ids::{PersonalAccessTokenId, ProjectId, SignInId, UserId};
use crate::store::tokens::{NewPersonalAccessToken, SignIn, StoredToken};

/// Makes a personal access token of a user and records it.
pub fn create_personal(
    tx: &Tx,
    actor: &Actor,
    user_id: UserId,
    token: &NewPersonalAccessToken,
    expires_at: Option<Timestamp>,
    secret: &Secret,
) -> Result<PersonalAccessTokenId, Problem> {
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
    user_id: UserId,
    token: &StoredToken,
    project_ids: &[ProjectId],
) -> Result<(), Problem> {
    store::tokens::create_personal(tx, user_id, token, project_ids)?;
    let data = serde_json::json!({
        "userId": user_id,
        "note": token.note,
        "permissions": token.permissions,
        "allProjects": token.all_projects,
        "projects": project_ids,
        "expiresAt": token.expires_at,
    });
    store::audit_logs::record(tx, actor, &Change::new(PERSONAL, Action::Created, token.id, data))
}

/// Makes a sign-in of a user and records it.
pub fn create_internal(
    tx: &Tx,
    actor: &Actor,
    user_id: UserId,
    expires_at: Option<Timestamp>,
    secret: &Secret,
) -> Result<SignInId, Problem> {
    let sign_in = SignIn { id: tx.new_id(), expires_at, created_at: tx.now(), credential: secret.into() };
    add_internal(tx, actor, user_id, &sign_in)?;
    Ok(sign_in.id)
}

/// Adds a sign-in of a user and records it.
pub fn add_internal(tx: &Tx, actor: &Actor, user_id: UserId, sign_in: &SignIn) -> Result<(), Problem> {
    store::tokens::create_internal(tx, user_id, sign_in)?;
    let data = serde_json::json!({ "userId": user_id, "expiresAt": sign_in.expires_at });
    store::audit_logs::record(tx, actor, &Change::new(INTERNAL, Action::Created, sign_in.id, data))
}

/// The description has no type of its own for a sign-in; `accessToken` is the nearest.
pub const INTERNAL: AuditLogType = AuditLogType::AccessToken;

/// The type of a personal access token in the audit log.
pub const PERSONAL: AuditLogType = AuditLogType::PersonalAccessToken;
