//! What a credential leads to, and the SQL that says who calls and what a user may do inside a project.

use crate::db::{Row, RowResult, Tx, json, params, word};
use crate::generated::models::{Permission, UserStatus, UserType};
use crate::problem::Problem;
use crate::secret::{SecretHash, SecretKind};
use crate::store::ids::{OrganisationId, PersonalAccessTokenId, ProjectId, UserId};
use crate::store::tokens::{INTERNAL, LIVE, PERSONAL};

/// How a personal access token narrows its user.
#[derive(Clone, Debug)]
pub struct TokenLimits {
    /// The token, for looking up its projects.
    pub token_id: PersonalAccessTokenId,
    /// Whether it reaches every project.
    pub all_projects: bool,
    /// What it may do at most.
    pub permissions: Vec<Permission>,
}

/// The user behind a credential.
pub(crate) struct Found {
    pub user_id: UserId,
    pub organisation_id: OrganisationId,
    pub user_type: UserType,
    pub limits: Option<TokenLimits>,
}

/// The user of a live credential of this kind, if the user may call at all.
pub(crate) fn find(tx: &Tx, kind: SecretKind, hash: &SecretHash) -> Result<Option<Found>, Problem> {
    let is_personal = kind == SecretKind::PersonalAccessToken;
    let statement = if is_personal { statement(PERSONAL, NARROWING) } else { statement(INTERNAL, "") };
    tx.optional(&statement, params![hash, tx.now()], |row| {
        Ok(Found {
            user_id: row.get("id")?,
            organisation_id: row.get("organisation_id")?,
            user_type: word(row, "type")?,
            limits: if is_personal { Some(limits(row)?) } else { None },
        })
    })
}

/// How a personal access token narrows its user.
const NARROWING: &str = ", token.id AS token_id, token.all_projects, token.permissions";

/// The user of the live credential with the hash `?1`, who may call.
fn statement(table: &str, columns: &str) -> String {
    let (active, invited) = (UserStatus::Active, UserType::Invited);
    format!(
        "SELECT users.id, users.organisation_id, users.type{columns}
         FROM {table} AS token
         JOIN users ON users.id = token.user_id
         WHERE token.secret_hash = ?1 AND {LIVE} AND users.status = '{active}' AND users.type <> '{invited}'"
    )
}

fn limits(row: &Row) -> RowResult<TokenLimits> {
    Ok(TokenLimits {
        token_id: row.get("token_id")?,
        all_projects: row.get("all_projects")?,
        permissions: json(row, "permissions")?.unwrap_or_default(),
    })
}

/// Whether a token that does not reach every project reaches this one.
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

/// What membership gives a user in a project: everything with the owner mark, else what the groups give. `None`: the
/// user is no member.
pub(crate) fn permissions_in_project(
    tx: &Tx,
    user_id: UserId,
    project_id: ProjectId,
) -> Result<Option<Vec<Permission>>, Problem> {
    // A row for each group, and one without permissions if there is none.
    let given = tx.rows(
        "SELECT members.owner, groups.permissions
         FROM members
         LEFT JOIN member_groups ON member_groups.project_id = members.project_id
                                AND member_groups.user_id = members.user_id
         LEFT JOIN groups ON groups.project_id = member_groups.project_id AND groups.id = member_groups.group_id
         WHERE members.project_id = ?1 AND members.user_id = ?2",
        params![project_id, user_id],
        |row| {
            let by_group = json::<Vec<Permission>>(row, "permissions")?.unwrap_or_default();
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
        for (table, columns) in [(PERSONAL, NARROWING), (INTERNAL, "")] {
            let plan = plans.of(&statement(table, columns), 2);
            assert!(plan.iter().all(|step| step.starts_with("SEARCH ")), "{plan:?}");
        }
    }
}
