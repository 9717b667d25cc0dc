//! Runs statements on a SQLite connection.

use rusqlite::{CachedStatement, Connection};

use super::forms;
use super::problem::problem;
use crate::db::rows::{Enough, ReadColumns, Row, RowResult};
use crate::db::values::Parameter;
use crate::problem::Problem;

/// The length of the longest statement that is kept. Longer ones are put together from many parts; kept, each would take
/// up to some megabytes and hardly ever be used again.
const CACHED_BYTES_MAX: usize = 8 * 1024;

/// Calls `read` for each row until it returns `Enough::Yes`.
pub(in crate::db) fn query(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn Parameter],
    mut read: impl FnMut(&Row) -> RowResult<Enough>,
) -> Result<(), Problem> {
    let mut statement = prepare(connection, sql, parameters)?;
    let mut rows = statement.raw_query();
    let (columns, mut is_first) = (ReadColumns::default(), true);
    while let Some(row) = rows.next().map_err(|cause| problem(sql, &cause))? {
        let known = (!std::mem::take(&mut is_first)).then_some(&columns);
        if read(&Row::of_sqlite(row, known)).map_err(|cause| Problem::internal(sql, cause))? == Enough::Yes {
            break;
        }
    }
    drop(rows);
    if sql.len() > CACHED_BYTES_MAX {
        statement.discard();
    }
    Ok(())
}

/// Executes a write and returns the number of changed rows.
pub(in crate::db) fn execute(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn Parameter],
) -> Result<usize, Problem> {
    prepare(connection, sql, parameters)?.raw_execute().map_err(|cause| problem(sql, &cause))
}

/// A prepared statement (cached per connection) with its parameters bound.
fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
    parameters: &[&dyn Parameter],
) -> Result<CachedStatement<'c>, Problem> {
    let bound = || {
        let mut statement = connection.prepare_cached(&forms::expanded(sql))?;
        if statement.parameter_count() != parameters.len() {
            let (given, needed) = (parameters.len(), statement.parameter_count());
            return Err(rusqlite::Error::InvalidParameterCount(given, needed));
        }
        for (position, parameter) in parameters.iter().enumerate() {
            statement.raw_bind_parameter(position + 1, parameter.value())?;
        }
        Ok(statement)
    };
    bound().map_err(|cause| problem(sql, &cause))
}
