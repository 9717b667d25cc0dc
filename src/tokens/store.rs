//! SQL on credentials.

use uuid::Uuid;

use super::{ListedToken, NewPersonalAccessToken, Origin};
use crate::clock::Timestamp;
use crate::db::{Row, RowResult, Tx, params};
use crate::problem::Problem;
use crate::secret::Secret;

/// Whose a token is.
pub(super) struct TokenOwner {
    pub user_id: Uuid,
    pub organisation_id: Uuid,
}

/// Adds a personal access token.
pub(super) fn create_personal(
    tx: &Tx,
    id: Uuid,
    user_id: Uuid,
    token: &NewPersonalAccessToken,
    expires_at: Option<Timestamp>,
    (secret, origin): (&Secret, Origin),
) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO personal_access_tokens (id, user_id, secret_hash, note, permissions, all_projects, seeded,
                                             expires_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
        params![
            id,
            user_id,
            secret.hash().as_bytes(),
            token.note,
            serde_json::json!(token.permissions).to_string(),
            token.all_projects,
            origin == Origin::Seeded,
            expires_at.map(Timestamp::as_millis),
            tx.now().as_millis(),
        ],
    )?;
    for project_id in &token.projects {
        tx.execute(
            "INSERT INTO personal_access_token_projects (token_id, project_id) VALUES (?1, ?2)
             ON CONFLICT DO NOTHING",
            params![id, project_id],
        )?;
    }
    Ok(())
}

/// Adds a sign-in.
pub(super) fn create_internal(
    tx: &Tx,
    id: Uuid,
    user_id: Uuid,
    expires_at: Option<Timestamp>,
    (secret, origin): (&Secret, Origin),
) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO internal_tokens (id, user_id, secret_hash, seeded, expires_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            id,
            user_id,
            secret.hash().as_bytes(),
            origin == Origin::Seeded,
            expires_at.map(Timestamp::as_millis),
            tx.now().as_millis(),
        ],
    )?;
    Ok(())
}

/// Removes a personal access token and says whose it was.
pub(super) fn delete_personal(tx: &Tx, id: Uuid) -> Result<Option<TokenOwner>, Problem> {
    tx.optional(
        "DELETE FROM personal_access_tokens
         WHERE id = ?1
         RETURNING user_id, (SELECT organisation_id FROM users WHERE users.id = user_id) AS organisation_id",
        [id],
        token_owner,
    )
}

/// Removes a sign-in and says whose it was.
pub(super) fn delete_internal(tx: &Tx, id: Uuid) -> Result<Option<TokenOwner>, Problem> {
    tx.optional(
        "DELETE FROM internal_tokens
         WHERE id = ?1
         RETURNING user_id, (SELECT organisation_id FROM users WHERE users.id = user_id) AS organisation_id",
        [id],
        token_owner,
    )
}

fn token_owner(row: &Row) -> RowResult<TokenOwner> {
    Ok(TokenOwner { user_id: row.get("user_id")?, organisation_id: row.get("organisation_id")? })
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
        [],
        |row| {
            let expires_at: Option<i64> = row.get("expires_at")?;
            Ok(ListedToken {
                id: row.get("id")?,
                kind: if row.get::<_, String>("kind")? == "internal" { "internal" } else { "personal" },
                email: row.get("email")?,
                note: row.get("note")?,
                created_at: Timestamp::from_millis(row.get("created_at")?),
                expires_at: expires_at.map(Timestamp::from_millis),
            })
        },
    )
}

/// Whether some live secret stands in a seed file, where others may have read it.
pub fn any_seeded(tx: &Tx) -> Result<bool, Problem> {
    tx.row(
        "SELECT EXISTS (SELECT 1 FROM personal_access_tokens WHERE seeded = 1)
             OR EXISTS (SELECT 1 FROM internal_tokens WHERE seeded = 1)",
        [],
        |row| row.get(0),
    )
}
