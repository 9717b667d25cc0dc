//! SQL on members.

use uuid::Uuid;

use super::Membership;
use crate::db::{Tx, params};
use crate::problem::Problem;

/// Makes a user a member. `None`: the user was one already, and stays as before. The table's key on
/// project and user decides when two do this at once.
pub fn create(tx: &Tx, project_id: Uuid, user_id: Uuid, owner: bool) -> Result<Option<Membership>, Problem> {
    let membership = Membership {
        id: tx.new_id(),
        project_id,
        user_id,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let created = tx.execute(
        "INSERT INTO members (project_id, user_id, id, owner, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (project_id, user_id) DO NOTHING",
        params![project_id, user_id, membership.id, owner, tx.now().as_millis()],
    )?;
    Ok((created == 1).then_some(membership))
}

/// Puts a member into a group. A foreign key demands that both are of the same project.
pub fn add_group(tx: &Tx, membership: &Membership, group_id: Uuid) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO member_groups (project_id, user_id, group_id) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
        params![membership.project_id, membership.user_id, group_id],
    )?;
    Ok(())
}
