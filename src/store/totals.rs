//! The numbers of users and invitations of each organisation, as rows that the writes of both keep.

use crate::db::{Tx, params};
use crate::generated::models::{InvitationStatus, UserStatus};
use crate::problem::Problem;
use crate::store::columns::{Record, stored};
use crate::store::ids::OrganisationId;

/// What users are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UserKind {
    pub(super) organisation_id: OrganisationId,
    pub(super) is_service: bool,
    pub(super) status: UserStatus,
}

/// What invitations are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvitationKind {
    pub(super) organisation_id: OrganisationId,
    pub(super) status: InvitationStatus,
}

/// Counts a user that was added (`before` is `None`) or changed.
pub(super) fn count_user(tx: &Tx, before: Option<UserKind>, after: UserKind) -> Result<(), Problem> {
    if before == Some(after) {
        return Ok(());
    }
    if let Some(UserKind { organisation_id, is_service, status }) = before {
        tx.execute(
            "UPDATE user_totals SET total = total - 1 WHERE organisation_id = ?1 AND is_service = ?2 AND status = ?3",
            params![organisation_id, is_service, status],
        )?;
    }
    let UserKind { organisation_id, is_service, status } = after;
    tx.execute(
        "INSERT INTO user_totals (organisation_id, is_service, status, total) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (organisation_id, is_service, status) DO UPDATE SET total = user_totals.total + 1",
        params![organisation_id, is_service, status],
    )?;
    Ok(())
}

/// The same for an invitation.
pub(super) fn count_invitation(
    tx: &Tx,
    before: Option<InvitationKind>,
    after: InvitationKind,
) -> Result<(), Problem> {
    if before == Some(after) {
        return Ok(());
    }
    if let Some(InvitationKind { organisation_id, status }) = before {
        tx.execute(
            "UPDATE invitation_totals SET total = total - 1 WHERE organisation_id = ?1 AND status = ?2",
            params![organisation_id, status],
        )?;
    }
    let InvitationKind { organisation_id, status } = after;
    tx.execute(
        "INSERT INTO invitation_totals (organisation_id, status, total) VALUES (?1, ?2, 1)
         ON CONFLICT (organisation_id, status) DO UPDATE SET total = invitation_totals.total + 1",
        params![organisation_id, status],
    )?;
    Ok(())
}

stored! {
    /// A total that is not the number of its rows.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct WrongTotal {
        /// The organisation.
        organisation_id: OrganisationId,
        /// What is counted: `users` or `invitations`.
        counted: String,
        /// Their status.
        status: String,
        /// By how many the total is too high.
        excess: i64,
    }
}

/// Every total that is not the number of its rows.
pub fn wrong(tx: &Tx) -> Result<Vec<WrongTotal>, Problem> {
    tx.rows(
        "SELECT organisation_id, counted, status, CAST(sum(total) AS bigint) AS excess
         FROM (SELECT organisation_id, 'users' AS counted, is_service, status, total FROM user_totals
               UNION ALL
               SELECT organisation_id, 'users', is_service, status, -count(*)
               FROM users
               GROUP BY organisation_id, is_service, status
               UNION ALL
               SELECT organisation_id, 'invitations', 0, status, total FROM invitation_totals
               UNION ALL
               SELECT organisation_id, 'invitations', 0, status, -count(*)
               FROM invitations
               GROUP BY organisation_id, status) AS counts
         GROUP BY organisation_id, counted, is_service, status
         HAVING sum(total) <> 0
         ORDER BY organisation_id, counted, status",
        (),
        WrongTotal::read,
    )
}
