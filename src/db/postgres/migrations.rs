//! Numbered schema steps, with the numbers of SQLite's: forward only, all missing ones in one transaction under a lock,
//! so that instances that start at once apply them once.
//!
//! During a rolling upgrade an instance of the version before meets a schema that it does not know. Each step says from
//! which step on a program can go on with it; a program that cannot is refused at its start, and is not ready.

use std::collections::BTreeSet;

use super::failure::described;
use super::locks::KEY;
use super::session::PostgresSession;
use crate::db::tx::Tx;
use crate::failure::Failure;
use crate::problem::Problem;

/// All steps in order. Earlier ones exist for SQLite only: no PostgreSQL database has been at them.
const STEPS: &[Step] = &[
    Step {
        number: 11,
        usable_from: 11,
        sql: include_str!("../migrations/postgres/0011_people_and_access.sql"),
    },
    // A program of step 11 would deliver mails that others have claimed.
    Step { number: 12, usable_from: 12, sql: include_str!("../migrations/postgres/0012_mail_claims.sql") },
    // A program of step 12 would look for a page of the log in segments that were removed.
    Step {
        number: 13,
        usable_from: 13,
        sql: include_str!("../migrations/postgres/0013_removed_entries.sql"),
    },
    // A program of step 13 would read a mail with a code as one of an invitation, and let unused sessions live on.
    Step { number: 14, usable_from: 14, sql: include_str!("../migrations/postgres/0014_sign_in.sql") },
];

struct Step {
    number: u32,
    /// The last step of the oldest program that can go on after this one.
    usable_from: u32,
    sql: &'static str,
}

const CREATE_STEPS: &str =
    "CREATE TABLE schema_steps (step bigint NOT NULL PRIMARY KEY, usable_from bigint NOT NULL)";

/// The number of the last step.
pub(super) fn last() -> u32 {
    STEPS.last().map_or(0, |step| step.number)
}

/// Whether this program can use the database: it has every step of this program, and of later ones only such that an
/// older program can go on with.
pub(super) fn is_usable(tx: &Tx) -> Result<bool, Problem> {
    let missing = tx.exists("SELECT 1 WHERE ?1 > (SELECT max(step) FROM schema_steps)", [last()])?;
    Ok(!missing && !tx.exists("SELECT 1 FROM schema_steps WHERE step > ?1 AND usable_from > ?1", [last()])?)
}

/// The tables, indexes and triggers that the steps make, each with what it is. Those that are made on a condition are
/// not among them.
pub(super) fn defined() -> BTreeSet<(&'static str, &'static str)> {
    let mut defined = BTreeSet::new();
    for line in STEPS.iter().flat_map(|step| step.sql.lines()) {
        match line.split([' ', ';', '(']).collect::<Vec<_>>()[..] {
            ["CREATE", "TABLE", name, ..] => drop(defined.insert(("table", name))),
            ["CREATE", "INDEX", name, ..] | ["CREATE", "UNIQUE", "INDEX", name, ..] => {
                defined.insert(("index", name));
            }
            ["CREATE", "TRIGGER", name, ..] => drop(defined.insert(("trigger", name))),
            ["DROP", _, name, ..] => defined.retain(|(_, other)| *other != name),
            _ => {}
        }
    }
    defined
}

/// Applies the steps that the database lacks.
pub(super) fn run(session: &PostgresSession) -> Result<(), Failure> {
    let migrated = || -> Result<(), Failure> {
        command(session, "BEGIN")?;
        command(session, "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0")?;
        command(
            session,
            &format!("SELECT pg_advisory_xact_lock({KEY}, hashtext('schema ' || current_schema()))"),
        )?;
        let done = step_under_lock(session)?;
        for Step { number: step, usable_from, sql } in STEPS.iter().filter(|step| step.number > done) {
            command(session, sql).map_err(|Failure(cause)| {
                Failure(format!("schema step {step} failed, nothing was changed: {cause}"))
            })?;
            command(
                session,
                &format!("INSERT INTO schema_steps (step, usable_from) VALUES ({step}, {usable_from})"),
            )?;
        }
        command(session, "COMMIT")?;
        warn_without_search_indexes(session)
    };
    migrated().inspect_err(|_| {
        // The connection is closed next, which has the same effect.
        let _ = session.command("ROLLBACK");
    })
}

/// Refuses a database that lacks a step, or has one with which this program cannot go on.
pub(super) fn refuse_other_step(session: &PostgresSession) -> Result<(), Failure> {
    let known = last();
    let exists = command(session, "SELECT 'yes' WHERE to_regclass('schema_steps') IS NOT NULL")?;
    if exists.is_none() {
        refuse_other_tables(session)?;
        return Err("the database is empty; `brms serve` or `brms seed` fills one".into());
    }
    let step = command(session, "SELECT max(step) FROM schema_steps")?
        .and_then(|step| step.parse().ok())
        .unwrap_or(0);
    refuse_unusable_step(session)?;
    if step < known {
        return Err(Failure(format!(
            "the database is at schema step {step}, and this brms knows {known}; this command changes nothing, so use \
             the brms of its servers"
        )));
    }
    Ok(())
}

/// The first step makes them only if the extension `pg_trgm` is there or may be created.
fn warn_without_search_indexes(session: &PostgresSession) -> Result<(), Failure> {
    let found = "SELECT 'yes' WHERE to_regclass('users_search_name') IS NOT NULL";
    if command(session, found)?.is_none() {
        tracing::warn!(
            "the role may not create the extension pg_trgm, so searches read the names of a whole organisation; \
             docs/postgres.md has the way out"
        );
    }
    Ok(())
}

/// Refuses a database with a step with which this program cannot go on.
fn refuse_unusable_step(session: &PostgresSession) -> Result<(), Failure> {
    let known = last();
    let newest =
        format!("SELECT max(step) FROM schema_steps WHERE step > {known} HAVING max(usable_from) > {known}");
    match command(session, &newest)? {
        None => Ok(()),
        Some(step) => Err(Failure(format!(
            "the database was written by a newer brms (schema step {step}, this brms knows {known}); use that one"
        ))),
    }
}

/// Refuses a database that has tables, of which none is ours.
fn refuse_other_tables(session: &PostgresSession) -> Result<(), Failure> {
    let first =
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename LIMIT 1";
    match command(session, first)? {
        None => Ok(()),
        Some(table) => Err(Failure(format!(
            "the database is not one of brms: it has the table {table}; name an empty database or schema"
        ))),
    }
}

/// The last step applied; 0 for an empty schema.
fn step_under_lock(session: &PostgresSession) -> Result<u32, Failure> {
    let exists = command(session, "SELECT 'yes' WHERE to_regclass('schema_steps') IS NOT NULL")?;
    if exists.is_none() {
        refuse_other_tables(session)?;
        command(session, CREATE_STEPS)?;
        return Ok(0);
    }
    let done = command(session, "SELECT coalesce(max(step), 0) FROM schema_steps")?;
    let done = done.and_then(|done| done.parse().ok()).unwrap_or(0);
    refuse_unusable_step(session)?;
    Ok(done)
}

fn command(session: &PostgresSession, sql: &str) -> Result<Option<String>, Failure> {
    session.try_command(sql).map_err(|cause| Failure(format!("the database: {}", described(&cause))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::sqlite;

    #[test]
    fn both_engines_have_the_same_last_step() {
        assert_eq!(last(), sqlite::migrations::last());
        assert!(STEPS.is_sorted_by(|one, next| one.number + 1 == next.number), "no step is left out");
    }
}
