//! Begins a session for a person who has proved who they are.

use std::time::Duration;

use serde_json::json;

use super::limits::{INVITATION_SESSION, SESSIONS_MAX};
use crate::clock::Timestamp;
use crate::config::SignInSettings;
use crate::db::Tx;
use crate::generated::models::AuditLogType;
use crate::http::RequestContext;
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::tokens::{Session, SessionSource};
use crate::store::users::User;

/// What a browser came with: the hashes of its cookies. A program has none.
#[derive(Clone, Copy, Default)]
pub struct Presented {
    /// The session that it has already. It ends when another one begins.
    pub session: Option<SecretHash>,
    /// The secret by which it is known.
    pub device: Option<SecretHash>,
}

/// A session that has begun. It has a secret, and therefore no `Debug`.
#[derive(Clone)]
pub struct NewSession {
    /// The session's secret, which is stored nowhere.
    pub secret: Secret,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Who has signed in.
    pub user: User,
    /// The display name of the user's organisation.
    pub organisation: String,
    /// A secret by which the browser is known from now on.
    pub device: Option<Secret>,
}

/// How a session begins.
pub(super) struct Beginning<'a> {
    pub(super) source: SessionSource,
    pub(super) settings: &'a SignInSettings,
    pub(super) context: &'a RequestContext,
    pub(super) presented: Presented,
}

/// Begins the session of somebody who has just accepted an invitation in a browser.
pub fn begin_by_invitation(
    tx: &Tx,
    settings: &SignInSettings,
    context: &RequestContext,
    presented: Presented,
    user: User,
) -> Result<NewSession, Problem> {
    begin(tx, &Beginning { source: SessionSource::Invitation, settings, context, presented }, user)
}

/// Begins a session for a user. It never goes on with one that the browser had.
pub(super) fn begin(tx: &Tx, beginning: &Beginning, user: User) -> Result<NewSession, Problem> {
    let Beginning { source, settings, context, presented } = beginning;
    end_presented(tx, context, presented.session.as_ref())?;
    make_room(tx, &user)?;
    let lifetime = match source {
        SessionSource::Invitation => settings.session_ttl.min(INVITATION_SESSION),
        _ => settings.session_ttl,
    };
    let (secret, expires_at) = (Secret::generate(SecretKind::Session), tx.now().plus(lifetime));
    let session = Session {
        source: *source,
        ip_address: context.ip_address.map(|address| address.to_string()),
        user_agent: context.user_agent.clone(),
        authenticated_at: Some(tx.now()),
        last_seen_at: Some(tx.now()),
        idle_ms: Some(milliseconds(settings.session_idle)),
        ..Session::of_operator(tx.new_id(), secret.hash(), tx.now(), Some(expires_at))
    };
    store::tokens::create_session(tx, user.id, &session)?;
    let data = json!({
        "how": source,
        "sessionId": session.id,
        "expiresAt": expires_at.rfc3339(),
    });
    record(tx, &actor(context, &user), Action::SignedIn, &user, data)?;
    let organisation = store::organisations::get(tx, user.organisation_id)?.display_name;
    Ok(NewSession { secret, begun_at: tx.now(), expires_at, user, organisation, device: None })
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 2)
}

/// Writes an entry about a user who signs in or out.
pub(super) fn record(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    user: &User,
    data: serde_json::Value,
) -> Result<(), Problem> {
    store::audit_logs::record(tx, actor, Change::new(AuditLogType::User, action, user.id, data))
}

fn actor(context: &RequestContext, user: &User) -> Actor {
    Actor {
        organisation_id: user.organisation_id,
        user_id: Some(user.id),
        ip_address: context.ip_address.map(|address| address.to_string()),
        user_agent: context.user_agent.clone(),
    }
}

/// Ends the session that the browser had: nobody would sign out of it any more.
fn end_presented(tx: &Tx, context: &RequestContext, hash: Option<&SecretHash>) -> Result<(), Problem> {
    let Some(hash) = hash else { return Ok(()) };
    let Some(session) = store::sessions::find(tx, hash)? else { return Ok(()) };
    let user = store::users::get(tx, session.user_id)?;
    store::sessions::end(tx, user.id, session.id)?;
    let data = json!({ "sessionId": session.id });
    record(tx, &actor(context, &user), Action::SignedOut, &user, data)
}

/// Removes what is over of the user's sessions, and of those by which a person signed in the least recently used ones, so
/// that one more is within the limit.
fn make_room(tx: &Tx, user: &User) -> Result<(), Problem> {
    store::sessions::remove_ended(tx, user.id)?;
    let mut own = store::sessions::valid_of_user(tx, user.id)?;
    own.retain(|session| session.source != SessionSource::CommandLine);
    own.sort_by_key(|session| std::cmp::Reverse((session.last_seen_at, session.id)));
    for session in own.iter().skip(SESSIONS_MAX - 1) {
        store::sessions::end(tx, user.id, session.id)?;
    }
    Ok(())
}
