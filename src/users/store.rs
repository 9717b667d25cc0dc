//! SQL on users.

use uuid::Uuid;

use super::{User, fold_email};
use crate::clock::Timestamp;
use crate::db::{Row, RowResult, Tx, id_list, params, word};
use crate::problem::Problem;

/// One user of the organisation.
pub fn find(tx: &Tx, organisation_id: Uuid, user_id: Uuid) -> Result<Option<User>, Problem> {
    tx.optional(
        "SELECT id, organisation_id, email, first_name, last_name, type, status, is_service, created_at, updated_at
         FROM users
         WHERE id = ?1 AND organisation_id = ?2",
        params![user_id, organisation_id],
        read,
    )
}

/// Those of the ids that name users of the organisation, in no order.
pub fn find_all(tx: &Tx, organisation_id: Uuid, user_ids: &[Uuid]) -> Result<Vec<User>, Problem> {
    tx.rows(
        "SELECT id, organisation_id, email, first_name, last_name, type, status, is_service, created_at, updated_at
         FROM users
         WHERE id IN (SELECT unhex(value) FROM json_each(?1)) AND organisation_id = ?2",
        params![id_list(user_ids), organisation_id],
        read,
    )
}

/// The organisation's users with this address: none or one, for each organisation that has it.
pub fn find_by_email(tx: &Tx, email: &str) -> Result<Vec<User>, Problem> {
    tx.rows(
        "SELECT id, organisation_id, email, first_name, last_name, type, status, is_service, created_at, updated_at
         FROM users
         WHERE email_folded = ?1
         ORDER BY organisation_id",
        [fold_email(email)],
        read,
    )
}

/// The user with this id, in whatever organisation: for the operator only.
pub fn find_anywhere(tx: &Tx, user_id: Uuid) -> Result<Option<User>, Problem> {
    tx.optional(
        "SELECT id, organisation_id, email, first_name, last_name, type, status, is_service, created_at, updated_at
         FROM users
         WHERE id = ?1",
        [user_id],
        read,
    )
}

/// Whether there is any user at all.
pub fn any(tx: &Tx) -> Result<bool, Problem> {
    tx.exists("SELECT 1 FROM users", [])
}

/// Adds a user.
pub fn create(tx: &Tx, user: &User) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO users (id, organisation_id, email, email_folded, first_name, last_name, type, status,
                            is_service, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            user.id,
            user.organisation_id,
            user.email,
            fold_email(&user.email),
            user.first_name,
            user.last_name,
            user.user_type.as_str(),
            user.status.as_str(),
            user.is_service,
            user.created_at.as_millis(),
            user.updated_at.as_millis(),
        ],
    )?;
    Ok(())
}

/// Makes an invited user a member. A name that was not given stays as it was.
pub fn activate(
    tx: &Tx,
    user_id: Uuid,
    first_name: Option<&str>,
    last_name: Option<&str>,
) -> Result<User, Problem> {
    tx.row(
        "UPDATE users
         SET type = 'member',
             status = 'active',
             first_name = coalesce(?2, first_name),
             last_name = coalesce(?3, last_name),
             updated_at = ?4
         WHERE id = ?1
         RETURNING id, organisation_id, email, first_name, last_name, type, status, is_service, created_at, updated_at",
        params![user_id, first_name, last_name, tx.now().as_millis()],
        read,
    )
}

fn read(row: &Row) -> RowResult<User> {
    Ok(User {
        id: row.get("id")?,
        organisation_id: row.get("organisation_id")?,
        email: row.get("email")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        user_type: word(row, "type")?,
        status: word(row, "status")?,
        is_service: row.get("is_service")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}
