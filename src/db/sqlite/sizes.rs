//! How much space the file and its tables take.

use std::path::Path;

use super::files::with_suffix;
use crate::db::sizes::DatabaseSizes;
use crate::db::tx::Tx;
use crate::problem::Problem;

/// The tables of a search index are counted for what they index.
const OF_TABLES: &str = "SELECT CASE WHEN tbl_name LIKE 'users!_search%' ESCAPE '!' THEN 'users'
                                     WHEN tbl_name LIKE 'projects!_search%' ESCAPE '!' OR tbl_name = 'search_ranges'
                                     THEN 'projects'
                                     ELSE tbl_name END AS name,
                                sum(pgsize) AS bytes
                         FROM dbstat('main', 1) AS stat
                         JOIN sqlite_schema ON sqlite_schema.name = stat.name
                         GROUP BY 1";

/// What a snapshot of the file and its tables take, which reads all of it.
pub(in crate::db) fn of_file(tx: &Tx, path: &Path) -> Result<DatabaseSizes, Problem> {
    let of_tables =
        tx.rows(OF_TABLES, (), |row| Ok((row.get("name")?, row.get::<i64>("bytes")?.unsigned_abs())))?;
    Ok(DatabaseSizes { of_tables: of_tables.into_iter().collect(), ..overall(tx, path)? })
}

/// What a snapshot of the file takes as a whole. The log is looked at beside it.
pub(in crate::db) fn overall(tx: &Tx, path: &Path) -> Result<DatabaseSizes, Problem> {
    let pragma = |text: &str| tx.count(text, ());
    let page_bytes = pragma("PRAGMA page_size")?;
    Ok(DatabaseSizes {
        engine: "sqlite",
        bytes: pragma("PRAGMA page_count")? * page_bytes,
        log_bytes: Some(with_suffix(path, "-wal").metadata().map_or(0, |log| log.len())),
        free_bytes: Some(pragma("PRAGMA freelist_count")? * page_bytes),
        ..DatabaseSizes::default()
    })
}
