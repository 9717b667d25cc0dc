//! What a person who has signed in sees of themselves, and ending sessions.

use serde_json::json;
use tokio::time::Instant;

use super::begin::record;
use crate::access::SessionKey;
use crate::app::App;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::Action;
use crate::store::ids::SessionId;
use crate::store::tokens::Session;
use crate::store::users::User;

/// A person who has signed in.
pub struct Account {
    /// The person.
    pub user: User,
    /// The display name of the organisation.
    pub organisation: String,
    /// The session that was used to ask.
    pub current: SessionId,
    /// All sessions of the person, newest first.
    pub sessions: Vec<Session>,
}

/// The person who has signed in; `None` if the session is not valid.
pub async fn account(app: &App, key: &SessionKey) -> Result<Option<Account>, Problem> {
    if !key.is_valid(&app.db).await? {
        return Ok(None);
    }
    let (key, party, deadline) = (key.clone(), key.party(), key.context().deadline);
    let read = app.db.read(party, deadline, move |tx| {
        let Some(signed_in) = key.signed_in(tx)? else { return Ok(None) };
        Ok(Some(Account {
            user: store::users::get(tx, signed_in.user_id)?,
            organisation: store::organisations::get(tx, signed_in.organisation_id)?.display_name,
            current: signed_in.session_id,
            sessions: store::sessions::valid_of_user(tx, signed_in.user_id)?,
        }))
    });
    read.await
}

/// Whether the browser's session is valid.
pub async fn is_signed_in(app: &App, key: &SessionKey) -> Result<bool, Problem> {
    key.is_valid(&app.db).await
}

/// The display name of the organisation, if there is only one.
pub async fn only_organisation(app: &App, deadline: Instant) -> Result<Option<String>, Problem> {
    let only = app.db.look(deadline, store::organisations::only).await?;
    Ok(only.map(|organisation| organisation.display_name))
}

/// Which session is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionToEnd {
    /// The one that was used to ask.
    Current,
    /// One of the person's own.
    Own(SessionId),
}

/// What was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedSession {
    /// The current session: the person has signed out.
    Current,
    /// Another one, or none because it was over already.
    Other,
}

/// Ends a session. `None` if the person is not signed in.
pub async fn end_session(
    app: &App,
    key: &SessionKey,
    ending: SessionToEnd,
) -> Result<Option<EndedSession>, Problem> {
    let (key, party, deadline) = (key.clone(), key.party(), key.context().deadline);
    let ended = app.db.write(party, deadline, move |tx| {
        let Some(signed_in) = key.signed_in(tx)? else { return Ok(None) };
        let id = match ending {
            SessionToEnd::Current => signed_in.session_id,
            SessionToEnd::Own(id) => id,
        };
        let is_current = id == signed_in.session_id;
        if store::sessions::end(tx, signed_in.user_id, id)? {
            let action = if is_current { Action::SignedOut } else { Action::SessionEnded };
            let user = store::users::get(tx, signed_in.user_id)?;
            record(tx, &signed_in.actor(), action, &user, json!({ "sessionId": id }))?;
        }
        Ok(Some(if is_current { EndedSession::Current } else { EndedSession::Other }))
    });
    ended.await
}
