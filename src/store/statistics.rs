//! How much of everything there is, for `brms stats`.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::limits::IDEMPOTENCY_KEY_LIFETIME;
use crate::problem::Problem;

/// A kind of data and the table that has most of it.
struct CountedNoun {
    noun: &'static str,
    table: &'static str,
    /// The column with the time at which a row was added, or a fixed time after that.
    column: &'static str,
    after: Duration,
    /// Tables with more about each row.
    beside: &'static [&'static str],
}

impl CountedNoun {
    const fn new(noun: &'static str, table: &'static str, beside: &'static [&'static str]) -> Self {
        Self { noun, table, column: "created_at", after: Duration::ZERO, beside }
    }
}

const NOUNS: [CountedNoun; 14] = [
    CountedNoun::new("organisations", "organisations", &["user_totals", "invitation_totals", "servers"]),
    CountedNoun::new("users", "users", &[]),
    CountedNoun::new("invitations", "invitations", &[]),
    CountedNoun::new("links of invitations", "invitation_secrets", &[]),
    CountedNoun::new("projects", "projects", &["project_approval_groups"]),
    CountedNoun::new("groups", "groups", &[]),
    CountedNoun::new("members", "members", &["member_groups"]),
    CountedNoun::new("roles", "roles", &["role_users", "role_projects"]),
    CountedNoun::new("personal access tokens", "personal_access_tokens", &["personal_access_token_projects"]),
    CountedNoun::new("sessions", "internal_tokens", &[]),
    CountedNoun::new("requests for sign-in codes", "sign_in_attempts", &["sign_in_devices", "sign_in_links"]),
    CountedNoun::new(
        "audit log entries",
        "audit_logs",
        &["audit_log_segments", "audit_log_sums", "audit_log_project_sums"],
    ),
    CountedNoun::new("mails", "mails", &[]),
    CountedNoun {
        column: "expires_at",
        after: IDEMPOTENCY_KEY_LIFETIME,
        ..CountedNoun::new("idempotency keys", "idempotency_keys", &[])
    },
];

/// How much of a kind of data there is.
#[derive(Clone, Debug)]
pub struct NounStatistics {
    /// The kind of data, in the plural.
    pub noun: &'static str,
    /// The tables with it, the one that was counted first.
    pub tables: Vec<&'static str>,
    /// The number of rows.
    pub rows: u64,
    /// When the first of them was added.
    pub oldest: Option<Timestamp>,
    /// When the last of them was added.
    pub newest: Option<Timestamp>,
    /// How many were added since the given time.
    pub recent: u64,
}

/// How much there is of each kind of data.
pub fn of_nouns(tx: &Tx, since: Timestamp) -> Result<Vec<NounStatistics>, Problem> {
    NOUNS.iter().map(|noun| of_noun(tx, noun, since)).collect()
}

fn of_noun(tx: &Tx, noun: &CountedNoun, since: Timestamp) -> Result<NounStatistics, Problem> {
    let CountedNoun { table, column, after, .. } = noun;
    let added_at = |at: Option<Timestamp>| at.map(|at| at.minus(*after));
    let statement = format!(
        "SELECT count(*) AS number, min({column}) AS oldest, max({column}) AS newest,
                count(CASE WHEN {column} > ?1 THEN 1 END) AS recent
         FROM {table}"
    );
    tx.row(&statement, [since.plus(*after)], |row| {
        Ok(NounStatistics {
            noun: noun.noun,
            tables: [&[*table], noun.beside].concat(),
            rows: row.get::<i64>("number")?.unsigned_abs(),
            oldest: added_at(row.get("oldest")?),
            newest: added_at(row.get("newest")?),
            recent: row.get::<i64>("recent")?.unsigned_abs(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

    #[test]
    fn every_table_is_counted_once() {
        let tables = "SELECT name
                      FROM sqlite_schema
                      WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '%search%'";
        let mut found = Plans::new().names(tables);
        let mut counted: Vec<String> = NOUNS
            .iter()
            .flat_map(|noun| std::iter::once(&noun.table).chain(noun.beside))
            .map(|table| (*table).to_owned())
            .collect();
        found.sort();
        counted.sort();
        assert_eq!(counted, found);
    }
}
