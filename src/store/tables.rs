//! SQL on all tables at once: the unique values that a seed would repeat, and emptying the database. No record of its own.

use std::collections::HashSet;

use crate::db::{Tx, json_text};
use crate::problem::Problem;

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

/// Those of the values that the database has.
pub(crate) fn taken(tx: &Tx, kind: UniqueValue, values: &[&str]) -> Result<HashSet<String>, Problem> {
    let values = json_text(&values);
    let found = tx.rows(&taken_statement(kind), [values], |row| row.get(0))?;
    Ok(found.into_iter().collect())
}

fn taken_statement(kind: UniqueValue) -> String {
    let (table, column) = match kind {
        UniqueValue::OrganisationName => {
            return "SELECT name FROM organisations WHERE name IN (SELECT value FROM json_each(?1))"
                .to_owned();
        }
        UniqueValue::Organisation => ("organisations", "id"),
        UniqueValue::User => ("users", "id"),
        UniqueValue::Invitation => ("invitations", "id"),
        UniqueValue::InvitationSecret => ("invitation_secrets", "secret_hash"),
        UniqueValue::PersonalAccessToken => ("personal_access_tokens", "id"),
        UniqueValue::PersonalAccessTokenSecret => ("personal_access_tokens", "secret_hash"),
        UniqueValue::InternalToken => ("internal_tokens", "id"),
        UniqueValue::InternalTokenSecret => ("internal_tokens", "secret_hash"),
        UniqueValue::Role => ("roles", "id"),
        UniqueValue::Project => ("projects", "id"),
        UniqueValue::Group => ("groups", "id"),
        UniqueValue::Member => ("members", "id"),
        UniqueValue::AuditLog => ("audit_logs", "id"),
    };
    format!(
        "SELECT lower(hex({column})) FROM {table} WHERE {column} IN (SELECT unhex(value) FROM json_each(?1))"
    )
}

/// Removes every row of every table. Foreign keys hold again when it is done: none is left to be broken.
pub(crate) fn empty(tx: &Tx) -> Result<(), Problem> {
    let tables: Vec<String> = tx.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        [],
        |row| row.get(0),
    )?;
    // Tables name each other in circles of their own; in which order they are emptied must not matter.
    tx.execute("PRAGMA defer_foreign_keys = ON", [])?;
    for table in tables {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    tx.execute("PRAGMA defer_foreign_keys = OFF", [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

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
            let plan = plans.of(&taken_statement(kind), 1);
            assert!(plan[0].starts_with("SEARCH "), "{kind:?}: {plan:?}");
        }
    }
}
