//! SQL over all tables: unique values that a seed would duplicate, and emptying the database.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use uuid::Uuid;

use crate::db::Tx;
use crate::http::words;
use crate::problem::Problem;
use crate::secret::SecretHash;

words! {
    /// The columns with unique values: table and column.
    UniqueValue {
        Organisation = "organisations.id",
        User = "users.id",
        Invitation = "invitations.id",
        InvitationSecret = "invitation_secrets.secret_hash",
        PersonalAccessToken = "personal_access_tokens.id",
        PersonalAccessTokenSecret = "personal_access_tokens.secret_hash",
        Session = "internal_tokens.id",
        SessionSecret = "internal_tokens.secret_hash",
        Role = "roles.id",
        Project = "projects.id",
        Group = "groups.id",
        Member = "members.id",
        AuditLog = "audit_logs.id",
    }
}

/// Those of the values that exist in the database: ids and hashes in hexadecimal.
pub(crate) fn existing<'v>(
    tx: &Tx,
    kind: UniqueValue,
    values: &[&'v str],
) -> Result<HashSet<&'v str>, Problem> {
    let (statement, column) = existence_statement(kind);
    let mut taken = HashSet::new();
    for value in values {
        let unreadable = |cause: &dyn std::fmt::Display| Problem::internal(value, cause);
        let is_taken = match column {
            "secret_hash" => {
                let hash = SecretHash::deserialize(value.into_deserializer());
                tx.exists(&statement, [hash.map_err(|cause: ValueError| unreadable(&cause))?])?
            }
            _ => tx.exists(&statement, [Uuid::try_parse(value).map_err(|cause| unreadable(&cause))?])?,
        };
        if is_taken {
            taken.insert(*value);
        }
    }
    Ok(taken)
}

fn existence_statement(kind: UniqueValue) -> (String, &'static str) {
    let (table, column) = kind.as_str().split_once('.').unwrap_or_default();
    (format!("SELECT 1 FROM {table} WHERE {column} = ?1"), column)
}

/// Every table, each after the tables that refer to it.
const CHILDREN_FIRST: [&str; 26] = [
    "sign_in_attempts",
    "sign_in_devices",
    "sign_in_links",
    "audit_log_project_sums",
    "audit_log_sums",
    "audit_log_segments",
    "invitation_totals",
    "user_totals",
    "audit_logs",
    "mails",
    "idempotency_keys",
    "invitation_secrets",
    "invitations",
    "personal_access_token_projects",
    "personal_access_tokens",
    "internal_tokens",
    "project_approval_groups",
    "member_groups",
    "members",
    "groups",
    "role_users",
    "role_projects",
    "roles",
    "projects",
    "users",
    "organisations",
];

/// The table that describes the server and not its data.
#[cfg(test)]
const KEPT: &str = "servers";

/// Deletes all rows of all tables with data.
pub(crate) fn empty(tx: &Tx) -> Result<(), Problem> {
    CHILDREN_FIRST.iter().try_for_each(|table| tx.execute(&format!("DELETE FROM {table}"), ()).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Word;
    use crate::store::tests::Plans;

    #[test]
    fn every_table_with_data_is_emptied() {
        // The search indexes follow by triggers.
        let tables = "SELECT name
                      FROM sqlite_schema
                      WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '%search%'";
        let mut found = Plans::new().names(tables);
        let mut emptied = CHILDREN_FIRST.map(str::to_owned).to_vec();
        emptied.push(KEPT.to_owned());
        found.sort();
        emptied.sort();
        assert_eq!(emptied, found);
    }

    #[test]
    fn existing_values_are_found_by_an_index() {
        let plans = Plans::new();
        for kind in UniqueValue::ALL.iter().copied() {
            let plan = plans.of(&existence_statement(kind).0, 1);
            assert!(plan[0].starts_with("SEARCH "), "{kind:?}: {plan:?}");
        }
    }
}
