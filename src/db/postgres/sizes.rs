//! How much space the database and its tables take.

use crate::db::sizes::DatabaseSizes;
use crate::db::tx::Tx;
use crate::problem::Problem;

pub(in crate::db) fn of_database(tx: &Tx) -> Result<DatabaseSizes, Problem> {
    let of_tables = tx.rows(
        "SELECT relname::text AS name, pg_total_relation_size(oid) AS bytes
         FROM pg_class
         WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
        (),
        |row| Ok((row.get("name")?, row.get::<i64>("bytes")?.unsigned_abs())),
    )?;
    Ok(DatabaseSizes { of_tables: of_tables.into_iter().collect(), ..overall(tx)? })
}

/// The same as a whole.
pub(in crate::db) fn overall(tx: &Tx) -> Result<DatabaseSizes, Problem> {
    Ok(DatabaseSizes {
        engine: "postgresql",
        bytes: tx.count("SELECT pg_database_size(current_database())", ())?,
        ..DatabaseSizes::default()
    })
}
