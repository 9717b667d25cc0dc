//! Whether the tables of the database are sound, for `brms check`: foreign keys, which a superuser can switch off, and the
//! schema. Its pages are the database server's own.

use std::collections::BTreeSet;

use super::migrations;
use crate::db::storage_fault::{StorageCheck, StorageFault};
use crate::db::tx::Tx;
use crate::problem::Problem;

/// Everything that is wrong with the database.
pub(in crate::db) fn faults(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    Ok([missing_rows(tx)?, schema_differences(tx)?].concat())
}

/// Each foreign key, with the statement that counts the rows which refer to nothing.
const FOREIGN_KEYS: &str = "
    SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent,
           format('SELECT count(*) FROM %s AS child WHERE %s AND NOT EXISTS (SELECT 1 FROM %s AS parent WHERE %s)',
                  conrelid::regclass,
                  (SELECT string_agg(format('child.%I IS NOT NULL', attname), ' AND ')
                   FROM pg_attribute
                   WHERE attrelid = conrelid AND attnum = ANY (conkey)),
                  confrelid::regclass,
                  (SELECT string_agg(format('child.%I = parent.%I', own.attname, other.attname), ' AND ')
                   FROM unnest(conkey, confkey) AS pair (own, other)
                   JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = pair.own
                   JOIN pg_attribute AS other ON other.attrelid = confrelid AND other.attnum = pair.other)) AS counting
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
    ORDER BY child, parent, counting";

fn missing_rows(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    let keys: Vec<(String, String, String)> =
        tx.rows(FOREIGN_KEYS, (), |row| Ok((row.get("child")?, row.get("parent")?, row.get("counting")?)))?;
    let mut faults = Vec::new();
    for (child, parent, counting) in keys {
        let number: i64 = tx.row(&counting, (), |row| row.get(0))?;
        if number > 0 {
            faults.push(StorageFault::missing(&child, &parent, number));
        }
    }
    Ok(faults)
}

/// Tables, indexes and triggers that exist and are in use.
const DEFINED: &str = "
    SELECT relname::text AS name
    FROM pg_class
    LEFT JOIN pg_index ON indexrelid = pg_class.oid
    WHERE relnamespace = current_schema()::regnamespace AND coalesce(indisvalid, true)
    UNION ALL
    SELECT tgname::text
    FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = current_schema()::regnamespace AND tgenabled IN ('O', 'A')";

fn schema_differences(tx: &Tx) -> Result<Vec<StorageFault>, Problem> {
    let found: BTreeSet<String> = tx.rows(DEFINED, (), |row| row.get("name"))?.into_iter().collect();
    let missing = migrations::defined().into_iter().filter(|(_, name)| !found.contains(*name));
    let tell = |(kind, name): (&str, &str)| StorageFault {
        check: StorageCheck::Schema,
        what: format!("the {kind} {name} is missing or not in use"),
    };
    Ok(missing.map(tell).collect())
}
