//! The readiness check: whether a write would succeed.

use super::migrations;
use super::opened_file::FileStatus;
use super::problem::problem;
use super::shared::Shared;
use crate::db::tx::{On, Tx};
use crate::problem::{Problem, Unavailable};

/// The minimum of free pages: the needs of a large request.
const FREE_PAGES_MIN: i64 = 64;

/// Runs on the writer, so a long write of another process is noticed. It writes only after a failed write, and then
/// rewrites the schema step, which changes nothing but must reach the disk.
pub(super) fn probe(tx: &Tx, shared: &Shared) -> Result<(), Problem> {
    let On::Sqlite(connection) = tx.on() else { return Ok(()) };
    let pragma = |name: &str| {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        value.map_err(|cause| problem(name, &cause))
    };
    let file = &shared.file;
    match file.status() {
        FileStatus::Gone => return Err(Problem::Unavailable(Unavailable::FileGone)),
        FileStatus::Unknown => return Err(Problem::Unavailable(Unavailable::DiskFailed)),
        FileStatus::Unchanged | FileStatus::Written => {}
    }
    if file.is_on_read_only_disk() || !file.may_be_written() {
        return Err(Problem::Unavailable(Unavailable::ReadOnly));
    }
    let step = pragma("user_version")?;
    if step != i64::from(migrations::last()) {
        return Err(Problem::Unavailable(Unavailable::OtherSchema));
    }
    let free_pages = pragma("max_page_count")? - pragma("page_count")? + pragma("freelist_count")?;
    let bytes_min = u64::try_from(FREE_PAGES_MIN * pragma("page_size")?).unwrap_or_default();
    if free_pages < FREE_PAGES_MIN || file.free_bytes().is_some_and(|bytes| bytes < bytes_min) {
        return Err(Problem::Unavailable(Unavailable::DiskFull));
    }
    if shared.health.was_write_refused() {
        let written = connection.pragma_update(None, "user_version", step);
        written.map_err(|cause| problem("writing the schema step", &cause))?;
        tx.record_proven_disk();
    }
    Ok(())
}
