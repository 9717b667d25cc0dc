//! Personal access tokens and internal tokens, and the SQL that creates, lists and deletes them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Ids, Parameter, Row, RowResult, Tx, json, json_text, params};
use crate::generated::models::Permission;
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash};
use crate::store::ids::{OrganisationId, PersonalAccessTokenId, ProjectId, SignInId, UserId};
use crate::store::sets::grouped;

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
    pub projects: Vec<ProjectId>,
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
    pub id: PersonalAccessTokenId,
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

pub(super) const PERSONAL: &str = "personal_access_tokens";
pub(super) const INTERNAL: &str = "internal_tokens";

/// Whether a credential called `token` still opens anything at `?2`.
pub(super) const LIVE: &str = "(token.expires_at IS NULL OR token.expires_at > ?2)";

/// A sign-in as stored.
#[derive(Clone, Copy)]
pub struct SignIn {
    /// The sign-in's id.
    pub id: SignInId,
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
    /// The id of a personal access token or of a sign-in.
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

/// The user and the organisation of a token that was deleted.
pub(crate) struct DeletedToken {
    pub user_id: UserId,
    pub organisation_id: OrganisationId,
}

/// Adds a personal access token.
pub(crate) fn create_personal(
    tx: &Tx,
    user_id: UserId,
    token: &StoredToken,
    project_ids: &[ProjectId],
) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO personal_access_tokens (id, user_id, secret_hash, note, permissions, all_projects, seeded,
                                             expires_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            token.id,
            user_id,
            token.credential.hash,
            token.note,
            json_text(&token.permissions),
            token.all_projects,
            token.credential.origin == Origin::Seeded,
            token.expires_at,
            token.created_at,
            token.updated_at,
        ],
    )?;
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
        read_personal,
    )
}

/// Every token of a user.
pub fn all_personal(tx: &Tx, user_id: UserId) -> Result<Vec<StoredToken>, Problem> {
    tx.rows(
        "SELECT * FROM personal_access_tokens WHERE user_id = ?1 ORDER BY created_at, id",
        [user_id],
        read_personal,
    )
}

/// How many tokens of a user still work.
pub(crate) fn count_live(tx: &Tx, user_id: UserId) -> Result<u64, Problem> {
    let statement =
        format!("SELECT count(*) FROM personal_access_tokens AS token WHERE token.user_id = ?1 AND {LIVE}");
    tx.count(&statement, params![user_id, tx.now()])
}

/// Whether a token still works.
pub(crate) fn is_live(tx: &Tx, token_id: PersonalAccessTokenId) -> Result<bool, Problem> {
    let statement = format!("SELECT 1 FROM personal_access_tokens AS token WHERE token.id = ?1 AND {LIVE}");
    tx.exists(&statement, params![token_id, tx.now()])
}

/// The projects that a token reaches, if it does not reach all.
pub fn projects_of(tx: &Tx, token_id: PersonalAccessTokenId) -> Result<Vec<ProjectId>, Problem> {
    tx.rows(
        "SELECT project_id FROM personal_access_token_projects WHERE token_id = ?1 ORDER BY project_id",
        [token_id],
        |row| row.get(0),
    )
}

/// The projects of each of these tokens that are not deleted, oldest first.
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

/// Gives a token a new secret and a new end.
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

fn read_personal(row: &Row) -> RowResult<StoredToken> {
    Ok(StoredToken {
        id: row.get("id")?,
        note: row.get("note")?,
        permissions: json(row, "permissions")?.unwrap_or_default(),
        all_projects: row.get("all_projects")?,
        expires_at: row.get("expires_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        credential: credential(row)?,
    })
}

fn credential(row: &Row) -> RowResult<Credential> {
    let origin = if row.get("seeded")? { Origin::Seeded } else { Origin::Generated };
    Ok(Credential { hash: row.get("secret_hash")?, origin })
}

/// Adds a sign-in.
pub(crate) fn create_internal(tx: &Tx, user_id: UserId, sign_in: &SignIn) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO internal_tokens (id, user_id, secret_hash, seeded, expires_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            sign_in.id,
            user_id,
            sign_in.credential.hash,
            sign_in.credential.origin == Origin::Seeded,
            sign_in.expires_at,
            sign_in.created_at,
        ],
    )?;
    Ok(())
}

/// Every sign-in of a user.
pub fn all_internal(tx: &Tx, user_id: UserId) -> Result<Vec<SignIn>, Problem> {
    tx.rows("SELECT * FROM internal_tokens WHERE user_id = ?1 ORDER BY created_at, id", [user_id], |row| {
        Ok(SignIn {
            id: row.get("id")?,
            expires_at: row.get("expires_at")?,
            created_at: row.get("created_at")?,
            credential: credential(row)?,
        })
    })
}

/// Removes a personal access token and says whose it was.
pub(crate) fn delete_personal(tx: &Tx, id: PersonalAccessTokenId) -> Result<Option<DeletedToken>, Problem> {
    delete(tx, PERSONAL, id)
}

/// Removes a sign-in and says whose it was.
pub(crate) fn delete_internal(tx: &Tx, id: SignInId) -> Result<Option<DeletedToken>, Problem> {
    delete(tx, INTERNAL, id)
}

fn delete(tx: &Tx, table: &str, id: impl Parameter) -> Result<Option<DeletedToken>, Problem> {
    let statement = format!(
        "DELETE FROM {table} WHERE id = ?1
         RETURNING user_id, (SELECT organisation_id FROM users WHERE users.id = user_id) AS organisation_id"
    );
    tx.optional(&statement, [id], |row| {
        Ok(DeletedToken { user_id: row.get("user_id")?, organisation_id: row.get("organisation_id")? })
    })
}

/// Every credential in the database, for the operator.
pub fn list(tx: &Tx) -> Result<Vec<ListedToken>, Problem> {
    tx.rows(
        "SELECT token.id AS id, 'personal' AS kind, users.email AS email, token.note AS note,
                token.created_at AS created_at, token.expires_at AS expires_at
         FROM personal_access_tokens AS token JOIN users ON users.id = token.user_id
         UNION ALL
         SELECT token.id, 'internal', users.email, NULL, token.created_at, token.expires_at
         FROM internal_tokens AS token JOIN users ON users.id = token.user_id
         ORDER BY created_at, id",
        (),
        |row| {
            Ok(ListedToken {
                id: row.get("id")?,
                kind: if row.get::<String>("kind")? == "internal" { "internal" } else { "personal" },
                email: row.get("email")?,
                note: row.get("note")?,
                created_at: row.get("created_at")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}

/// Whether some secret stands in a seed file, where others may have read it. One that has expired counts, too:
/// a clock can be set back.
pub fn any_seeded(tx: &Tx) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1 FROM personal_access_tokens WHERE seeded = 1
         UNION ALL
         SELECT 1 FROM internal_tokens WHERE seeded = 1",
        (),
    )
}
