//! Personal access tokens and sessions: the record types and their SQL.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::config::TokenKind;
use crate::db::{Ids, Parameter, Tx, params, word_parameters};
use crate::generated::models::Permission;
use crate::http::words;
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash};
use crate::store::columns::{Record, insert, stored};
use crate::store::ids::{OrganisationId, PersonalAccessTokenId, ProjectId, SessionId, UserId};
use crate::store::sets::grouped;
use crate::store::users::User;

/// The values of a new personal access token.
#[derive(Clone, Debug)]
pub struct NewPersonalAccessToken {
    /// The user's note.
    pub note: String,
    /// The permissions that it is limited to.
    pub permissions: Vec<Permission>,
    /// Whether it is valid in every project.
    pub all_projects: bool,
    /// Otherwise the projects that it is valid in.
    pub projects: Vec<ProjectId>,
}

stored! {
    /// A personal access token as stored, without its projects.
    pub struct StoredToken {
        /// The token's id.
        id: PersonalAccessTokenId,
        /// The user's note.
        note: String,
        /// The permissions that it is limited to.
        permissions: Vec<Permission>,
        /// Whether it is valid in every project.
        all_projects: bool,
        /// When it expires.
        expires_at: Option<Timestamp>,
        /// When it was created.
        created_at: Timestamp,
        /// When it was last regenerated.
        updated_at: Timestamp,
        /// The hash of its secret.
        secret_hash: SecretHash,
        /// Whether the secret was given in a seed file, where others may have read it.
        is_seeded: bool = "seeded",
    }
}

pub(super) const PERSONAL_ACCESS_TOKENS: &str = "personal_access_tokens";
pub(super) const SESSIONS: &str = "internal_tokens";

/// The condition for a credential `token` that has not expired at `?2`.
pub(super) const LIVE: &str = "(token.expires_at IS NULL OR token.expires_at > ?2)";
/// The condition for a session `token` that has not been unused for too long at `?2`.
pub(super) const USED: &str = "(token.idle_ms IS NULL OR token.last_seen_at + token.idle_ms > ?2)";

words! {
    /// How a session began.
    SessionSource {
        /// The operator made it, at the command line or by a seed.
        CommandLine = "command-line",
        /// With a code from a mail.
        Mail = "mail",
        /// By accepting an invitation.
        Invitation = "invitation",
        /// With a link of the operator.
        Link = "link",
    }
}

word_parameters!(SessionSource);

stored! {
    /// A session as stored.
    #[derive(Clone)]
    pub struct Session {
        /// The session's id.
        id: SessionId,
        /// When it expires.
        expires_at: Option<Timestamp>,
        /// When it was created.
        created_at: Timestamp,
        /// The hash of its secret.
        secret_hash: SecretHash,
        /// Whether the secret was given in a seed file, where others may have read it.
        is_seeded: bool = "seeded",
        /// How it began.
        source: SessionSource,
        /// The address that it began from, if a person signed in.
        ip_address: Option<String>,
        /// The `User-Agent` of the browser or program.
        user_agent: Option<String>,
        /// When the person last proved who they are.
        authenticated_at: Option<Timestamp>,
        /// When it was last used, to the minute; `None` for one without an idle time.
        last_seen_at: Option<Timestamp>,
        /// How long it may be unused, in milliseconds.
        idle_ms: Option<i64>,
    }
}

impl Session {
    /// One that the operator makes: it ends at its time or when it is revoked, and not by being unused.
    #[must_use]
    pub fn of_operator(
        id: SessionId,
        secret_hash: SecretHash,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self {
            id,
            expires_at,
            created_at,
            secret_hash,
            is_seeded: false,
            source: SessionSource::CommandLine,
            ip_address: None,
            user_agent: None,
            authenticated_at: None,
            last_seen_at: None,
            idle_ms: None,
        }
    }
}

stored! {
    /// A credential of either kind in a list.
    #[derive(Clone, Debug)]
    pub struct ListedToken {
        /// The id of a personal access token or of a session.
        id: Uuid,
        /// Which of both it is.
        kind: TokenKind,
        /// The user's address.
        email: String,
        /// The user's note; `None` for a session.
        note: Option<String>,
        /// When it was created.
        created_at: Timestamp,
        /// When it expires.
        expires_at: Option<Timestamp>,
    }
}

stored! {
    /// The user and the organisation of a token that was deleted.
    pub(crate) struct DeletedToken {
        user_id: UserId,
        organisation_id: OrganisationId,
    }
}

/// Adds a personal access token.
pub(crate) fn create_personal(
    tx: &Tx,
    user_id: UserId,
    token: &StoredToken,
    project_ids: &[ProjectId],
) -> Result<(), Problem> {
    insert(tx, PERSONAL_ACCESS_TOKENS, token, &[("user_id", &user_id)])?;
    for project_id in project_ids {
        tx.execute(
            "INSERT INTO personal_access_token_projects (token_id, project_id) VALUES (?1, ?2)
             ON CONFLICT DO NOTHING",
            params![token.id, project_id],
        )?;
    }
    Ok(())
}

/// One token of a user.
pub(crate) fn find_personal(
    tx: &Tx,
    user_id: UserId,
    token_id: PersonalAccessTokenId,
) -> Result<Option<StoredToken>, Problem> {
    tx.optional(
        "SELECT * FROM personal_access_tokens WHERE id = ?1 AND user_id = ?2",
        params![token_id, user_id],
        StoredToken::read,
    )
}

/// Every token of a user.
pub fn all_personal(tx: &Tx, user_id: UserId) -> Result<Vec<StoredToken>, Problem> {
    tx.rows(
        "SELECT * FROM personal_access_tokens WHERE user_id = ?1 ORDER BY created_at, id",
        [user_id],
        StoredToken::read,
    )
}

/// The number of a user's tokens that have not expired.
pub(crate) fn count_live(tx: &Tx, user_id: UserId) -> Result<u64, Problem> {
    let statement =
        format!("SELECT count(*) FROM personal_access_tokens AS token WHERE token.user_id = ?1 AND {LIVE}");
    tx.count(&statement, params![user_id, tx.now()])
}

/// Whether a token has not expired.
pub(crate) fn is_live(tx: &Tx, token_id: PersonalAccessTokenId) -> Result<bool, Problem> {
    let statement = format!("SELECT 1 FROM personal_access_tokens AS token WHERE token.id = ?1 AND {LIVE}");
    tx.exists(&statement, params![token_id, tx.now()])
}

/// The projects that a token is limited to, if it is.
pub fn projects_of(tx: &Tx, token_id: PersonalAccessTokenId) -> Result<Vec<ProjectId>, Problem> {
    tx.rows(
        "SELECT project_id FROM personal_access_token_projects WHERE token_id = ?1 ORDER BY project_id",
        [token_id],
        |row| row.get(0),
    )
}

/// The projects of each of these tokens, without deleted ones, oldest first.
pub(crate) fn projects_of_all(
    tx: &Tx,
    token_ids: &[PersonalAccessTokenId],
) -> Result<HashMap<PersonalAccessTokenId, Vec<ProjectId>>, Problem> {
    let of_token = tx.rows(
        "SELECT chosen.token_id, chosen.project_id
         FROM personal_access_token_projects AS chosen JOIN projects ON projects.id = chosen.project_id
         WHERE chosen.token_id IN (SELECT id FROM ids(?1) AS listed) AND projects.deleted_at IS NULL
         ORDER BY projects.created_at, projects.id",
        [Ids::of(token_ids)],
        |row| Ok((row.get("token_id")?, row.get("project_id")?)),
    )?;
    Ok(grouped(of_token))
}

/// Sets a new secret and a new expiry time.
pub(crate) fn regenerate(
    tx: &Tx,
    token_id: PersonalAccessTokenId,
    secret: &Secret,
    expires_at: Option<Timestamp>,
) -> Result<(), Problem> {
    tx.execute(
        "UPDATE personal_access_tokens
         SET secret_hash = ?2, seeded = 0, expires_at = ?3, updated_at = ?4
         WHERE id = ?1",
        params![token_id, secret.hash(), expires_at, tx.now()],
    )?;
    Ok(())
}

/// Removes every credential of a user.
pub fn delete_all_of_user(tx: &Tx, user_id: UserId) -> Result<(), Problem> {
    tx.execute("DELETE FROM personal_access_tokens WHERE user_id = ?1", [user_id])?;
    tx.execute("DELETE FROM internal_tokens WHERE user_id = ?1", [user_id])?;
    Ok(())
}

/// How often the last use of a session is written.
pub(super) const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

/// Whether the last use has to be written again. Also if the clock was ahead when it was.
pub(super) fn is_touch_due(last_seen_at: Option<Timestamp>, now: Timestamp) -> bool {
    let passed = |seen: Timestamp| now.as_millis().abs_diff(seen.as_millis());
    last_seen_at.is_some_and(|seen| u128::from(passed(seen)) >= TOUCH_INTERVAL.as_millis())
}

/// Adds a session.
pub(crate) fn create_session(tx: &Tx, user_id: UserId, session: &Session) -> Result<(), Problem> {
    insert(tx, SESSIONS, session, &[("user_id", &user_id)])
}

/// Every session of a user.
pub fn all_sessions(tx: &Tx, user_id: UserId) -> Result<Vec<Session>, Problem> {
    tx.rows(
        "SELECT * FROM internal_tokens WHERE user_id = ?1 ORDER BY created_at, id",
        [user_id],
        Session::read,
    )
}

/// Deletes a personal access token and returns its owner.
pub(crate) fn delete_personal(tx: &Tx, id: PersonalAccessTokenId) -> Result<Option<DeletedToken>, Problem> {
    delete(tx, PERSONAL_ACCESS_TOKENS, id)
}

/// Deletes a session and returns its owner.
pub(crate) fn delete_session(tx: &Tx, id: SessionId) -> Result<Option<DeletedToken>, Problem> {
    delete(tx, SESSIONS, id)
}

fn delete(tx: &Tx, table: &str, id: impl Parameter) -> Result<Option<DeletedToken>, Problem> {
    let statement = format!(
        "DELETE FROM {table} WHERE id = ?1
         RETURNING user_id, (SELECT organisation_id FROM users WHERE users.id = user_id) AS organisation_id"
    );
    tx.optional(&statement, [id], DeletedToken::read)
}

/// Every credential in the database, for the operator.
pub fn list(tx: &Tx) -> Result<Vec<ListedToken>, Problem> {
    tx.rows(
        "SELECT token.id AS id, ?1 AS kind, users.email AS email, token.note AS note,
                token.created_at AS created_at, token.expires_at AS expires_at
         FROM personal_access_tokens AS token JOIN users ON users.id = token.user_id
         UNION ALL
         SELECT token.id, ?2, users.email, NULL, token.created_at, token.expires_at
         FROM internal_tokens AS token JOIN users ON users.id = token.user_id
         ORDER BY created_at, id",
        [TokenKind::Personal, TokenKind::Session],
        ListedToken::read,
    )
}

/// The credentials of a user.
pub fn list_of_user(tx: &Tx, user: &User) -> Result<Vec<ListedToken>, Problem> {
    let email = &user.email;
    let personal = all_personal(tx, user.id)?.into_iter().map(|token| ListedToken {
        id: token.id.into(),
        kind: TokenKind::Personal,
        email: email.clone(),
        note: Some(token.note),
        created_at: token.created_at,
        expires_at: token.expires_at,
    });
    let sessions = all_sessions(tx, user.id)?.into_iter().map(|session| ListedToken {
        id: session.id.into(),
        kind: TokenKind::Session,
        email: email.clone(),
        note: None,
        created_at: session.created_at,
        expires_at: session.expires_at,
    });
    Ok(personal.chain(sessions).collect())
}

/// Whether any secret came from a seed file, where others may have read it. Expired ones count too, because a clock
/// can be set back.
pub fn any_seeded(tx: &Tx) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1 FROM personal_access_tokens WHERE seeded = 1
         UNION ALL
         SELECT 1 FROM internal_tokens WHERE seeded = 1",
        (),
    )
}
