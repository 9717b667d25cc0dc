//! Invitations and their secrets: the record types and their SQL.

use std::time::Duration;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{List, Row, RowResult, Tx, params, word};
use crate::generated::models::InvitationStatus;
use crate::http::words;
use crate::paging::{Listed, Page};
use crate::problem::{Gone, Problem};
use crate::search::folded;
use crate::secret::SecretHash;
use crate::store::ids::{InvitationId, OrganisationId, UserId};
use crate::store::users::User;

/// An invitation as stored.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The invitation's id.
    pub id: InvitationId,
    /// The organisation that the user is invited to.
    pub organisation_id: OrganisationId,
    /// The user who is invited.
    pub user_id: UserId,
    /// Whether it was accepted.
    pub status: InvitationStatus,
    /// When its link expires.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// The inviter; `None` for the operator.
    pub created_by: Option<UserId>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Invitation {
    /// A new pending invitation by the operator, not sent yet.
    #[must_use]
    pub fn pending(tx: &Tx, user: &User, lifetime: Duration) -> Self {
        Self {
            id: tx.new_id(),
            organisation_id: user.organisation_id,
            user_id: user.id,
            status: InvitationStatus::Pending,
            expires_at: tx.now().plus(lifetime),
            accepted_at: None,
            created_by: None,
            created_at: tx.now(),
        }
    }
}

words! {
    /// The state of an invitation's secret.
    SecretState {
        Live = "live",
        Used = "used",
        Replaced = "replaced",
        Withdrawn = "withdrawn",
    }
}

/// One invitation of any organisation, by its id. For the operator only.
pub fn find_anywhere(tx: &Tx, invitation_id: InvitationId) -> Result<Option<Invitation>, Problem> {
    tx.optional("SELECT * FROM invitations WHERE id = ?1", [invitation_id], read)
}

/// The invitation of a user, if there is one.
pub fn find_by_user(tx: &Tx, user_id: UserId) -> Result<Option<Invitation>, Problem> {
    tx.optional("SELECT * FROM invitations WHERE user_id = ?1", [user_id], read)
}

/// Adds an invitation. It has no secret, and so no link, until it is sent.
pub fn create(tx: &Tx, invitation: &Invitation) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO invitations (id, organisation_id, user_id, created_by, status, expires_at, accepted_at,
                                  created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        params![
            invitation.id,
            invitation.organisation_id,
            invitation.user_id,
            invitation.created_by,
            invitation.status.as_str(),
            invitation.expires_at,
            invitation.accepted_at,
            invitation.created_at,
        ],
    )?;
    Ok(())
}

/// A current or former secret of an invitation.
#[derive(Clone, Copy)]
pub struct StoredSecret {
    /// Its hash.
    pub hash: SecretHash,
    /// Its state.
    pub state: SecretState,
    /// Whether it counts as a send for the rate limit.
    pub is_send: bool,
    /// The sender; `None` for the operator.
    pub sent_by: Option<UserId>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Every secret of an invitation, oldest first.
pub fn secrets(tx: &Tx, invitation_id: InvitationId) -> Result<Vec<StoredSecret>, Problem> {
    tx.rows(
        "SELECT secret_hash, state, is_send, sent_by, created_at
         FROM invitation_secrets
         WHERE invitation_id = ?1
         ORDER BY created_at, secret_hash",
        [invitation_id],
        |row| {
            Ok(StoredSecret {
                hash: row.get("secret_hash")?,
                state: word(row, "state")?,
                is_send: row.get("is_send")?,
                sent_by: row.get("sent_by")?,
                created_at: row.get("created_at")?,
            })
        },
    )
}

/// Adds a secret. A unique index ensures that at most one is live.
pub fn add_secret(tx: &Tx, invitation_id: InvitationId, secret: &StoredSecret) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO invitation_secrets (secret_hash, invitation_id, state, is_send, sent_by, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            secret.hash,
            invitation_id,
            secret.state.as_str(),
            secret.is_send,
            secret.sent_by,
            secret.created_at,
        ],
    )?;
    Ok(())
}

/// The invitations of an organisation (`?1`), optionally by status (`?2`) and by a search text (`?3`) in the address.
pub const OF_ORGANISATION: List = List {
    table: "invitations",
    condition:
        "organisation_id = ?1
                AND (?2 IS NULL OR status = ?2)
                AND (?3 IS NULL
                     OR user_id IN (SELECT id FROM users WHERE organisation_id = ?1 AND has_text(?3, email)))",
    order: "created_at, id",
};

/// One page of the invitations of the organisation.
pub(crate) fn list(
    tx: &Tx,
    organisation_id: OrganisationId,
    status: Option<InvitationStatus>,
    search: Option<&str>,
    page: Page,
) -> Result<Listed<Invitation>, Problem> {
    let status = status.map(InvitationStatus::as_str);
    tx.page(&OF_ORGANISATION, params![organisation_id, status, folded(search)], page, read)
}

/// Which sends are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SendsOf {
    /// One invitation.
    Invitation(InvitationId),
    /// One inviter, over all invitations.
    Inviter(UserId),
}

/// When the `n`-th last send since `since` was. Returns `None` if there were fewer.
pub(crate) fn nth_last_send(
    tx: &Tx,
    sends: SendsOf,
    since: Timestamp,
    n: u32,
) -> Result<Option<Timestamp>, Problem> {
    let (column, id): (_, Uuid) = match sends {
        SendsOf::Invitation(id) => ("invitation_id", id.into()),
        SendsOf::Inviter(id) => ("sent_by", id.into()),
    };
    // Future-dated sends, left by a clock that was ahead, do not count toward the limit.
    let sql = format!(
        "SELECT created_at
         FROM invitation_secrets
         WHERE {column} = ?1 AND is_send = 1 AND created_at > ?2 AND created_at <= ?3
         ORDER BY created_at DESC
         LIMIT 1 OFFSET ?4"
    );
    tx.optional(&sql, params![id, since, tx.now(), n.saturating_sub(1)], |row| row.get(0))
}

/// Replaces the live secret. A unique index ensures that there is only one.
pub(crate) fn replace_secret(
    tx: &Tx,
    invitation_id: InvitationId,
    hash: &SecretHash,
    sent_by: Option<UserId>,
) -> Result<(), Problem> {
    tx.execute(
        "UPDATE invitation_secrets SET state = 'replaced' WHERE invitation_id = ?1 AND state = 'live'",
        [invitation_id],
    )?;
    let secret =
        StoredSecret { hash: *hash, state: SecretState::Live, is_send: true, sent_by, created_at: tx.now() };
    add_secret(tx, invitation_id, &secret)
}

/// Revokes the live secret.
pub(crate) fn withdraw_secret(tx: &Tx, invitation_id: InvitationId) -> Result<(), Problem> {
    tx.execute(
        "UPDATE invitation_secrets SET state = 'withdrawn' WHERE invitation_id = ?1 AND state = 'live'",
        [invitation_id],
    )?;
    Ok(())
}

/// Sets when the link expires.
pub(crate) fn set_expiry(tx: &Tx, invitation_id: InvitationId, expires_at: Timestamp) -> Result<(), Problem> {
    tx.execute(
        "UPDATE invitations SET expires_at = ?2, updated_at = ?3 WHERE id = ?1",
        params![invitation_id, expires_at, tx.now()],
    )?;
    Ok(())
}

/// Accepts the invitation that this secret belongs to, if the secret is valid. A single conditional statement: of
/// several concurrent requests, exactly one changes a row.
pub(crate) fn accept(tx: &Tx, hash: &SecretHash) -> Result<Option<Invitation>, Problem> {
    tx.optional(
        "UPDATE invitations
         SET status = 'accepted', accepted_at = ?2, updated_at = ?2
         WHERE id = (SELECT invitation_id FROM invitation_secrets WHERE secret_hash = ?1 AND state = 'live')
           AND status = 'pending'
           AND expires_at > ?2
           AND EXISTS (SELECT 1 FROM users
                       WHERE users.id = invitations.user_id
                         AND users.type = 'invited'
                         AND users.status = 'active')
         RETURNING *",
        params![hash, tx.now()],
        read,
    )
}

/// Marks the secret as used.
pub(crate) fn mark_used(tx: &Tx, hash: &SecretHash) -> Result<(), Problem> {
    tx.execute("UPDATE invitation_secrets SET state = 'used' WHERE secret_hash = ?1", params![hash])?;
    Ok(())
}

/// Why a secret is not valid. Returns `None` if it never existed.
pub(crate) fn reason_invalid(tx: &Tx, hash: &SecretHash) -> Result<Option<Gone>, Problem> {
    tx.optional(
        "SELECT secret.state, invitations.expires_at
         FROM invitation_secrets AS secret
         JOIN invitations ON invitations.id = secret.invitation_id
         WHERE secret.secret_hash = ?1",
        params![hash],
        |row| {
            let expires_at: Timestamp = row.get("expires_at")?;
            Ok(match word(row, "state")? {
                SecretState::Used => Gone::Used,
                SecretState::Replaced => Gone::Replaced,
                SecretState::Live if expires_at <= tx.now() => Gone::Expired,
                // A live secret of a disabled user counts as withdrawn.
                SecretState::Live | SecretState::Withdrawn => Gone::Withdrawn,
            })
        },
    )
}

fn read(row: &Row) -> RowResult<Invitation> {
    Ok(Invitation {
        id: row.get("id")?,
        organisation_id: row.get("organisation_id")?,
        user_id: row.get("user_id")?,
        status: word(row, "status")?,
        expires_at: row.get("expires_at")?,
        accepted_at: row.get("accepted_at")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
    })
}
