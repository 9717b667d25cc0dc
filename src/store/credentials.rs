//! Looks up credentials, and the permissions of a user inside a project.

use crate::db::{Tx, params};
use crate::generated::models::{Permission, UserStatus, UserType};
use crate::problem::Problem;
use crate::secret::{SecretHash, SecretKind};
use crate::store::columns::{Record, stored};
use crate::store::ids::{CredentialId, OrganisationId, PersonalAccessTokenId, ProjectId, UserId};
use crate::store::tokens::{LIVE, PERSONAL_ACCESS_TOKENS, SESSIONS, USED, is_touch_due};

stored! {
    /// The limits of a personal access token.
    #[derive(Clone, Debug)]
    pub struct TokenLimits {
        /// The token, to look up its projects.
        token_id: PersonalAccessTokenId,
        /// Whether it is valid in every project.
        all_projects: bool,
        /// The permissions that it is limited to.
        permissions: Vec<Permission>,
    }
}

/// The user that a credential belongs to.
#[derive(Clone)]
pub(crate) struct Found {
    pub credential_id: CredentialId,
    pub user_id: UserId,
    pub organisation_id: OrganisationId,
    pub user_type: UserType,
    pub limits: Option<TokenLimits>,
    /// Whether the session was last marked as used more than a minute ago.
    pub is_touch_due: bool,
}

/// The user of a valid credential, if the user is active and not invited.
pub(crate) fn find(tx: &Tx, kind: SecretKind, hash: &SecretHash) -> Result<Option<Found>, Problem> {
    tx.find_once(hash.as_bytes(), || look_up(tx, kind, hash))
}

fn look_up(tx: &Tx, kind: SecretKind, hash: &SecretHash) -> Result<Option<Found>, Problem> {
    let is_personal = kind == SecretKind::PersonalAccessToken;
    let statement = if is_personal {
        statement(PERSONAL_ACCESS_TOKENS, LIMIT_COLUMNS, LIVE)
    } else {
        statement(SESSIONS, SEEN_COLUMNS, &format!("{LIVE} AND {USED}"))
    };
    tx.optional(&statement, params![hash, tx.now()], |row| {
        Ok(Found {
            credential_id: row.get("token_id")?,
            user_id: row.get("id")?,
            organisation_id: row.get("organisation_id")?,
            user_type: row.get("type")?,
            limits: if is_personal { Some(TokenLimits::read(row)?) } else { None },
            is_touch_due: !is_personal && is_touch_due(row.get("last_seen_at")?, tx.now()),
        })
    })
}

/// The columns with the limits of a personal access token.
const LIMIT_COLUMNS: &str = ", token.all_projects, token.permissions";

/// The column with the last use of a session.
const SEEN_COLUMNS: &str = ", token.last_seen_at";

/// Selects the active user of the valid credential with the hash `?1`.
fn statement(table: &str, columns: &str, live: &str) -> String {
    let (active, invited) = (UserStatus::Active, UserType::Invited);
    format!(
        "SELECT token.id AS token_id, users.id, users.organisation_id, users.type{columns}
         FROM {table} AS token
         JOIN users ON users.id = token.user_id
         WHERE token.secret_hash = ?1 AND {live} AND users.status = '{active}' AND users.type <> '{invited}'"
    )
}

/// Whether a token that is limited to some projects is valid in this one.
pub(crate) fn token_reaches(
    tx: &Tx,
    token_id: PersonalAccessTokenId,
    project_id: ProjectId,
) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1 FROM personal_access_token_projects WHERE token_id = ?1 AND project_id = ?2",
        params![token_id, project_id],
    )
}

/// The permissions that membership gives a user in a project: everything with the owner flag, otherwise those of the
/// groups. Returns `None` for a user who is not a member.
pub(crate) fn permissions_in_project(
    tx: &Tx,
    user_id: UserId,
    project_id: ProjectId,
) -> Result<Option<Vec<Permission>>, Problem> {
    // One row for each group, or one without permissions if there are no groups.
    let given = tx.rows(
        "SELECT members.owner, groups.permissions
         FROM members
         LEFT JOIN member_groups ON member_groups.project_id = members.project_id
                                AND member_groups.user_id = members.user_id
         LEFT JOIN groups ON groups.project_id = member_groups.project_id AND groups.id = member_groups.group_id
         WHERE members.project_id = ?1 AND members.user_id = ?2",
        params![project_id, user_id],
        |row| {
            let by_group = row.get::<Option<Vec<Permission>>>("permissions")?.unwrap_or_default();
            Ok(if row.get("owner")? { vec![Permission::Owner] } else { by_group })
        },
    )?;
    Ok((!given.is_empty()).then(|| given.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

    #[test]
    fn a_credential_is_found_by_its_hash() {
        let plans = Plans::new();
        for (table, columns) in [(PERSONAL_ACCESS_TOKENS, LIMIT_COLUMNS), (SESSIONS, SEEN_COLUMNS)] {
            let plan = plans.of(&statement(table, columns, LIVE), 2);
            assert!(plan.iter().all(|step| step.starts_with("SEARCH ")), "{plan:?}");
        }
    }
}
