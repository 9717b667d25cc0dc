//! SQL on all tables at once: the unique values that a seed would repeat, and emptying the database. No record of its own.

use std::collections::HashSet;

use crate::db::{Tx, json_text};
use crate::http::words;
use crate::problem::Problem;

words! {
    /// What may be there once only: the table and the column.
    UniqueValue {
        OrganisationName = "organisations.name",
        Organisation = "organisations.id",
        User = "users.id",
        Invitation = "invitations.id",
        InvitationSecret = "invitation_secrets.secret_hash",
        PersonalAccessToken = "personal_access_tokens.id",
        PersonalAccessTokenSecret = "personal_access_tokens.secret_hash",
        InternalToken = "internal_tokens.id",
        InternalTokenSecret = "internal_tokens.secret_hash",
        Role = "roles.id",
        Project = "projects.id",
        Group = "groups.id",
        Member = "members.id",
        AuditLog = "audit_logs.id",
    }
}

/// Those of the values that the database has.
pub(crate) fn taken(tx: &Tx, kind: UniqueValue, values: &[&str]) -> Result<HashSet<String>, Problem> {
    let values = json_text(&values);
    let found = tx.rows(&taken_statement(kind), [values], |row| row.get(0))?;
    Ok(found.into_iter().collect())
}

fn taken_statement(kind: UniqueValue) -> String {
    let (table, column) = kind.as_str().split_once('.').unwrap_or_default();
    // Ids and hashes are blobs, which the caller has in hexadecimal.
    let (shown, value) = if column == "name" {
        ("name".to_owned(), "value")
    } else {
        (format!("lower(hex({column}))"), "unhex(value)")
    };
    format!("SELECT {shown} FROM {table} WHERE {column} IN (SELECT {value} FROM json_each(?1))")
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
        for kind in UniqueValue::ALL.iter().copied() {
            let plan = plans.of(&taken_statement(kind), 1);
            assert!(plan[0].starts_with("SEARCH "), "{kind:?}: {plan:?}");
        }
    }
}
