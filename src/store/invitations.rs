//! Invitations and their secrets: the record types and their SQL.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Candidates, Filter, List, Scan, Search, Tx, params, word_parameters};
use crate::generated::models::{InvitationStatus, UserStatus, UserType};
use crate::http::words;
use crate::paging::{Listed, Page};
use crate::problem::{Gone, Problem};
use crate::secret::SecretHash;
use crate::store::columns::{Record, insert, stored};
use crate::store::ids::{InvitationId, OrganisationId, UserId};
use crate::store::searches::{self, Searched, in_address};
use crate::store::totals::{InvitationKind, count_invitation};
use crate::store::users::User;

stored! {
    /// An invitation as stored.
    #[derive(Clone, Debug)]
    pub struct Invitation {
        /// The invitation's id.
        id: InvitationId,
        /// The organisation that the user is invited to.
        organisation_id: OrganisationId,
        /// The user who is invited.
        user_id: UserId,
        /// Whether it was accepted.
        status: InvitationStatus,
        /// When its link expires.
        expires_at: Timestamp,
        /// When it was accepted.
        accepted_at: Option<Timestamp>,
        /// The inviter; `None` for the operator.
        created_by: Option<UserId>,
        /// When it was created.
        created_at: Timestamp,
    }
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

word_parameters!(SecretState);

/// One invitation of any organisation, by its id. For the operator only.
pub fn find_anywhere(tx: &Tx, invitation_id: InvitationId) -> Result<Option<Invitation>, Problem> {
    tx.optional("SELECT * FROM invitations WHERE id = ?1", [invitation_id], Invitation::read)
}

/// Every invitation of the organisation, oldest first, for the operator.
pub fn all(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<Invitation>, Problem> {
    tx.rows(
        "SELECT * FROM invitations WHERE organisation_id = ?1 ORDER BY created_at, id",
        [organisation_id],
        Invitation::read,
    )
}

/// The invitation of a user, if there is one.
pub fn find_by_user(tx: &Tx, user_id: UserId) -> Result<Option<Invitation>, Problem> {
    tx.optional("SELECT * FROM invitations WHERE user_id = ?1", [user_id], Invitation::read)
}

/// Adds an invitation. It has no secret, and so no link, until it is sent.
pub fn create(tx: &Tx, invitation: &Invitation) -> Result<(), Problem> {
    insert(tx, "invitations", invitation, &[("updated_at", &invitation.created_at)])?;
    count_invitation(tx, None, kind(invitation))
}

/// What the invitation is counted by.
fn kind(invitation: &Invitation) -> InvitationKind {
    InvitationKind { organisation_id: invitation.organisation_id, status: invitation.status }
}

stored! {
    /// A current or former secret of an invitation.
    #[derive(Clone, Copy)]
    pub struct StoredSecret {
        /// Its hash.
        hash: SecretHash = "secret_hash",
        /// Its state.
        state: SecretState,
        /// Whether it counts as a send for the rate limit.
        is_send: bool,
        /// The sender; `None` for the operator.
        sent_by: Option<UserId>,
        /// When it was created.
        created_at: Timestamp,
    }
}

/// Every secret of an invitation, oldest first.
pub fn secrets(tx: &Tx, invitation_id: InvitationId) -> Result<Vec<StoredSecret>, Problem> {
    tx.rows(
        "SELECT secret_hash, state, is_send, sent_by, created_at
         FROM invitation_secrets
         WHERE invitation_id = ?1
         ORDER BY created_at, secret_hash",
        [invitation_id],
        StoredSecret::read,
    )
}

/// Every secret of the organisation's invitations, by invitation and oldest first, for an export. No index has the
/// secrets of an invitation that are not sends, so to look for those of each would read all of them each time.
pub fn all_secrets(
    tx: &Tx,
    organisation_id: OrganisationId,
) -> Result<HashMap<InvitationId, Vec<StoredSecret>>, Problem> {
    let mut secrets: HashMap<InvitationId, Vec<StoredSecret>> = HashMap::new();
    let found = tx.rows(
        "SELECT secret.*
         FROM invitation_secrets AS secret
         JOIN invitations ON invitations.id = secret.invitation_id
         WHERE invitations.organisation_id = ?1
         ORDER BY secret.created_at, secret.secret_hash",
        [organisation_id],
        |row| Ok((row.get("invitation_id")?, StoredSecret::read(row)?)),
    )?;
    for (invitation_id, secret) in found {
        secrets.entry(invitation_id).or_default().push(secret);
    }
    Ok(secrets)
}

/// Adds a secret. A unique index ensures that at most one is live.
pub fn add_secret(tx: &Tx, invitation_id: InvitationId, secret: &StoredSecret) -> Result<(), Problem> {
    insert(tx, "invitation_secrets", secret, &[("invitation_id", &invitation_id)])
}

/// The invitations of an organisation (`?1`), optionally by status (`?2`) and by a search text (`?3`) in the address,
/// looked for in the users that are candidates (`?4`).
pub const OF_ORGANISATION: List = List {
    table: "invitations",
    condition: "organisation_id = ?1",
    filters: &[Filter { parameter: 2, condition: "status = ?2" }],
    search: Some(Search {
        // Of all users at once: to look each one up takes far longer.
        filter: Filter {
            parameter: 3,
            condition: concat!(
                "user_id IN (SELECT id FROM users WHERE organisation_id = ?1 AND ",
                in_address!("?3"),
                ")"
            ),
        },
        candidates: Some(Candidates {
            parameter: 4,
            column: "user_id",
            condition: concat!(
                "EXISTS (SELECT 1 FROM users WHERE users.id = invitations.user_id AND ",
                in_address!("?3"),
                ")"
            ),
        }),
    }),
    totals: Some("invitation_totals"),
    order: "created_at, id",
    scan: Scan::CoveringIndex,
};

/// One page of the invitations of the organisation.
pub(crate) fn list(
    tx: &Tx,
    organisation_id: OrganisationId,
    status: Option<InvitationStatus>,
    search: Option<&str>,
    page: Page,
) -> Result<Listed<Invitation>, Problem> {
    let Searched { text, candidates } = searches::of_users(tx, organisation_id, search)?;
    tx.page(&OF_ORGANISATION, params![organisation_id, status, text, candidates], page, Invitation::read)
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
    end_live_secret(tx, invitation_id, SecretState::Replaced)?;
    let secret =
        StoredSecret { hash: *hash, state: SecretState::Live, is_send: true, sent_by, created_at: tx.now() };
    add_secret(tx, invitation_id, &secret)
}

/// Revokes the live secret.
pub(crate) fn withdraw_secret(tx: &Tx, invitation_id: InvitationId) -> Result<(), Problem> {
    end_live_secret(tx, invitation_id, SecretState::Withdrawn)
}

fn end_live_secret(tx: &Tx, invitation_id: InvitationId, state: SecretState) -> Result<(), Problem> {
    tx.execute(&END_LIVE, params![invitation_id, state])?;
    Ok(())
}

/// The state is in the text, because a partial index has the same text.
static END_LIVE: LazyLock<String> = LazyLock::new(|| {
    let live = SecretState::Live;
    format!("UPDATE invitation_secrets SET state = ?2 WHERE invitation_id = ?1 AND state = '{live}'")
});

/// Sets when the link expires.
pub(crate) fn set_expiry(tx: &Tx, invitation_id: InvitationId, expires_at: Timestamp) -> Result<(), Problem> {
    tx.execute(
        "UPDATE invitations SET expires_at = ?2, updated_at = ?3 WHERE id = ?1",
        params![invitation_id, expires_at, tx.now()],
    )?;
    Ok(())
}

/// The condition for an invitation that the secret with the hash `?1` can accept at the time `?2`.
static ACCEPTABLE: LazyLock<String> = LazyLock::new(|| {
    let (live, pending) = (SecretState::Live, InvitationStatus::Pending);
    let (invited, active) = (UserType::Invited, UserStatus::Active);
    format!(
        "id = (SELECT invitation_id FROM invitation_secrets WHERE secret_hash = ?1 AND state = '{live}')
         AND status = '{pending}'
         AND expires_at > ?2
         AND EXISTS (SELECT 1 FROM users
                     WHERE users.id = invitations.user_id AND users.type = '{invited}' AND users.status = '{active}')"
    )
});

/// The invitation that this secret can accept now.
pub(crate) fn find_acceptable(tx: &Tx, hash: &SecretHash) -> Result<Option<Invitation>, Problem> {
    let acceptable = &*ACCEPTABLE;
    let sql = format!("SELECT * FROM invitations WHERE {acceptable}");
    tx.optional(&sql, params![hash, tx.now()], Invitation::read)
}

/// Who sent the mail with this secret; `None` for the operator.
pub(crate) fn sender(tx: &Tx, hash: &SecretHash) -> Result<Option<UserId>, Problem> {
    let sql = "SELECT sent_by FROM invitation_secrets WHERE secret_hash = ?1";
    Ok(tx.optional(sql, [hash], |row| row.get("sent_by"))?.flatten())
}

/// Accepts the invitation that this secret belongs to, if the secret is valid. A single conditional statement: of
/// several concurrent requests, exactly one changes a row.
pub(crate) fn accept(tx: &Tx, hash: &SecretHash) -> Result<Option<Invitation>, Problem> {
    let acceptable = &*ACCEPTABLE;
    let accepted = tx.optional(
        &format!(
            "UPDATE invitations
             SET status = ?3, accepted_at = ?2, updated_at = ?2
             WHERE {acceptable}
             RETURNING *"
        ),
        params![hash, tx.now(), InvitationStatus::Accepted],
        Invitation::read,
    )?;
    if let Some(accepted) = &accepted {
        count_accepted(tx, accepted)?;
    }
    Ok(accepted)
}

/// Accepts an open invitation of somebody who has proved in another way that the address is theirs. Its link is used with
/// that.
pub(crate) fn accept_open(tx: &Tx, invitation_id: InvitationId) -> Result<Option<Invitation>, Problem> {
    let accepted = tx.optional(
        "UPDATE invitations
         SET status = ?3, accepted_at = ?2, updated_at = ?2
         WHERE id = ?1 AND status = ?4 AND expires_at > ?2
         RETURNING *",
        params![invitation_id, tx.now(), InvitationStatus::Accepted, InvitationStatus::Pending],
        Invitation::read,
    )?;
    if let Some(accepted) = &accepted {
        count_accepted(tx, accepted)?;
        end_live_secret(tx, invitation_id, SecretState::Used)?;
    }
    Ok(accepted)
}

fn count_accepted(tx: &Tx, accepted: &Invitation) -> Result<(), Problem> {
    let before = InvitationKind { status: InvitationStatus::Pending, ..kind(accepted) };
    count_invitation(tx, Some(before), kind(accepted))
}

/// Marks the secret as used.
pub(crate) fn mark_used(tx: &Tx, hash: &SecretHash) -> Result<(), Problem> {
    tx.execute(
        "UPDATE invitation_secrets SET state = ?2 WHERE secret_hash = ?1",
        params![hash, SecretState::Used],
    )?;
    Ok(())
}

/// Why a secret cannot be accepted.
pub(crate) fn refusal(tx: &Tx, hash: &SecretHash) -> Result<Problem, Problem> {
    let gone = tx.optional(
        "SELECT secret.state, invitations.expires_at
         FROM invitation_secrets AS secret
         JOIN invitations ON invitations.id = secret.invitation_id
         WHERE secret.secret_hash = ?1",
        params![hash],
        |row| {
            let expires_at: Timestamp = row.get("expires_at")?;
            Ok(match row.get("state")? {
                SecretState::Used => Gone::Used,
                SecretState::Replaced => Gone::Replaced,
                SecretState::Live if expires_at <= tx.now() => Gone::Expired,
                // A live secret of a disabled user counts as withdrawn.
                SecretState::Live | SecretState::Withdrawn => Gone::Withdrawn,
            })
        },
    )?;
    Ok(gone.map_or(Problem::UnknownCode, Problem::Gone))
}
