//! SQL on all tables at once: the unique values that a seed would repeat, and emptying the database. No record of its own.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use uuid::Uuid;

use crate::db::Tx;
use crate::problem::Problem;
use crate::secret::SecretHash;

/// What may be there once only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UniqueValue {
    OrganisationName,
    Organisation,
    User,
    Invitation,
    InvitationSecret,
    PersonalAccessToken,
    PersonalAccessTokenSecret,
    InternalToken,
    InternalTokenSecret,
    Role,
    Project,
    Group,
    Member,
    AuditLog,
}

/// Those of the values that the database has: names, or ids and hashes in hexadecimal.
pub(crate) fn taken<'v>(tx: &Tx, kind: UniqueValue, values: &[&'v str]) -> Result<HashSet<&'v str>, Problem> {
    let (table, column) = kind.column();
    let statement = taken_statement(table, column);
    let mut taken = HashSet::new();
    for value in values {
        let unreadable = |cause: &dyn std::fmt::Display| Problem::internal(value, cause);
        let is_taken = match column {
            "name" => tx.exists(&statement, [value])?,
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

impl UniqueValue {
    /// Its table and column there.
    fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::OrganisationName => ("organisations", "name"),
            Self::Organisation => ("organisations", "id"),
            Self::User => ("users", "id"),
            Self::Invitation => ("invitations", "id"),
            Self::InvitationSecret => ("invitation_secrets", "secret_hash"),
            Self::PersonalAccessToken => ("personal_access_tokens", "id"),
            Self::PersonalAccessTokenSecret => ("personal_access_tokens", "secret_hash"),
            Self::InternalToken => ("internal_tokens", "id"),
            Self::InternalTokenSecret => ("internal_tokens", "secret_hash"),
            Self::Role => ("roles", "id"),
            Self::Project => ("projects", "id"),
            Self::Group => ("groups", "id"),
            Self::Member => ("members", "id"),
            Self::AuditLog => ("audit_logs", "id"),
        }
    }
}

fn taken_statement(table: &str, column: &str) -> String {
    format!("SELECT 1 FROM {table} WHERE {column} = ?1")
}

/// Every table, each after those that refer to it.
const CHILDREN_FIRST: [&str; 18] = [
    "audit_log_counts",
    "audit_logs",
    "mails",
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

/// Removes every row of every table.
pub(crate) fn empty(tx: &Tx) -> Result<(), Problem> {
    CHILDREN_FIRST.iter().try_for_each(|table| tx.execute(&format!("DELETE FROM {table}"), ()).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

    #[test]
    fn every_table_is_emptied() {
        let tables =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
        let mut found = Plans::new().names(tables);
        let mut emptied = CHILDREN_FIRST.map(str::to_owned).to_vec();
        found.sort();
        emptied.sort();
        assert_eq!(emptied, found);
    }

    #[test]
    fn what_is_taken_is_found_by_an_index() {
        let plans = Plans::new();
        for kind in [
            UniqueValue::OrganisationName,
            UniqueValue::Organisation,
            UniqueValue::User,
            UniqueValue::Invitation,
            UniqueValue::InvitationSecret,
            UniqueValue::PersonalAccessToken,
            UniqueValue::PersonalAccessTokenSecret,
            UniqueValue::InternalToken,
            UniqueValue::InternalTokenSecret,
            UniqueValue::Role,
            UniqueValue::Project,
            UniqueValue::Group,
            UniqueValue::Member,
            UniqueValue::AuditLog,
        ] {
            let (table, column) = kind.column();
            let plan = plans.of(&taken_statement(table, column), 1);
            assert!(plan[0].starts_with("SEARCH "), "{kind:?}: {plan:?}");
        }
    }
}
