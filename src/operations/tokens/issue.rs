//! Creates credentials of either kind, with their audit log entries.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::AuditLogType;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::ids::{PersonalAccessTokenId, ProjectId, SessionId, UserId};
use crate::store::tokens::{NewPersonalAccessToken, Session, StoredToken};

/// Creates a personal access token for a user and records it in the audit log.
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
        secret_hash: secret.hash(),
        is_seeded: false,
    };
    add_personal(tx, actor, user_id, &stored, &token.projects)?;
    Ok(stored.id)
}

/// Adds a personal access token of a user and records it in the audit log.
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
    store::audit_logs::record(tx, actor, Change::new(PERSONAL, Action::Created, token.id, data))
}

/// Deletes every credential of a user and records each in the audit log.
pub fn delete_all(tx: &Tx, actor: &Actor, user_id: UserId) -> Result<(), Problem> {
    let deleted = |kind, id: Uuid, data| Change::new(kind, Action::Deleted, id, data);
    for token in store::tokens::all_personal(tx, user_id)? {
        let data = serde_json::json!({ "userId": user_id, "note": token.note });
        store::audit_logs::record(tx, actor, deleted(PERSONAL, token.id.into(), data))?;
    }
    for session in store::tokens::all_sessions(tx, user_id)? {
        let data = serde_json::json!({ "userId": user_id });
        store::audit_logs::record(tx, actor, deleted(SESSION, session.id.into(), data))?;
    }
    store::tokens::delete_all_of_user(tx, user_id)
}

/// Creates a session for a user and records it in the audit log.
pub fn create_session(
    tx: &Tx,
    actor: &Actor,
    user_id: UserId,
    expires_at: Option<Timestamp>,
    secret: &Secret,
) -> Result<SessionId, Problem> {
    let session = Session::of_operator(tx.new_id(), secret.hash(), tx.now(), expires_at);
    add_session(tx, actor, user_id, &session)?;
    Ok(session.id)
}

/// Adds a session of a user and records it in the audit log.
pub fn add_session(tx: &Tx, actor: &Actor, user_id: UserId, session: &Session) -> Result<(), Problem> {
    store::tokens::create_session(tx, user_id, session)?;
    let data = serde_json::json!({ "userId": user_id, "expiresAt": session.expires_at });
    store::audit_logs::record(tx, actor, Change::new(SESSION, Action::Created, session.id, data))
}

/// The audit log type of a session. The description has none; `accessToken` is the nearest.
pub const SESSION: AuditLogType = AuditLogType::AccessToken;

/// The audit log type of a personal access token.
pub const PERSONAL: AuditLogType = AuditLogType::PersonalAccessToken;
