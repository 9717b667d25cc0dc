//! Whether the file is still what this process has written into it.

use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use uuid::Uuid;

use super::connection::{self, Source};
use super::log_check;
use super::opened_file::{Look, OpenedFile};
use super::options::BUSY_TIMEOUT;
use super::problem::problem;
use super::shared::Shared;
use super::trouble::{Progress, has_audit_log, newest_audit_log};
use crate::lifeline::Ending;
use crate::problem::{Problem, Unavailable};

/// How often, and after how long, something that looks wrong is looked at again: another program may be at work.
const COMPARED_AGAIN_MAX: u32 = 25;
const COMPARE_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Looks at the file before a transaction: what another program has overwritten is not written to. A file that is gone
/// is found afterwards, when it is known whether anything was written into it.
pub(super) fn look_before(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    let before = shared.file.look_before_transaction();
    if before.is_read_only {
        return Err(Unavailable::ReadOnly);
    }
    match before.look {
        Look::InPlace if before.is_log_as_left => Ok(()),
        Look::InPlace => check_log_and_content(shared, writer),
        Look::Gone => Ok(()),
        Look::Unknown => Err(Unavailable::DiskFailed),
        Look::Written => {
            // Nothing of ours has happened since the log was left.
            compare(shared, writer, || !shared.file.is_log_as_left())?;
            if shared.file.is_log_as_left() { Ok(()) } else { check_log_and_content(shared, writer) }
        }
    }
}

/// A backup that another program restored through SQLite leaves a log without a fault, but not what was written last.
fn check_log_and_content(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    check_log(shared, writer)?;
    match shared.trouble.newest_written() {
        Some(newest) if !has_audit_log(writer, newest).map_err(|_| Unavailable::Database)? => {
            Err(damaged(shared, "another program has replaced the content of the database"))
        }
        _ => Ok(()),
    }
}

/// Another program has touched the log. That is right if it wrote through SQLite, and then all is there that its index
/// names.
fn check_log(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    let file = &shared.file;
    let Some(log) = file.log_path() else { return Ok(()) };
    for _ in 0..COMPARED_AGAIN_MAX {
        let (frames, _) = log_and_folded(writer).map_err(|_| Unavailable::Database)?;
        // An empty log has nothing to lose.
        if frames == 0 || log_check::whole_frames(log).is_ok_and(|whole| whole >= frames.unsigned_abs()) {
            file.leave_log();
            return Ok(());
        }
        // The other program may be writing just now.
        thread::sleep(COMPARE_AGAIN_AFTER);
    }
    Err(damaged(shared, "another program has cut or overwritten the write-ahead log"))
}

/// Looks at the file and at all of its log before the log is folded: what was overwritten while this process wrote, too,
/// shows in the checksums. Takes some milliseconds.
pub(super) fn look_in_full(shared: &Shared, connection: &Connection) -> Result<(), Unavailable> {
    verdict(shared, connection, OpenedFile::look)?;
    check_log(shared, connection)
}

fn damaged(shared: &Shared, wrong: &str) -> Unavailable {
    let path = shared.file.path().display();
    tracing::error!(%path, wrong, "the database is no longer consistent");
    shared.trouble.note(Unavailable::Damaged);
    Unavailable::Damaged
}

/// Looks at the file after a transaction. What keeps the comparison from being made is no verdict: it is made again
/// at the next look.
pub(super) fn look(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    verdict(shared, writer, OpenedFile::look_after_transaction)
}

fn verdict(
    shared: &Shared,
    writer: &Connection,
    look: impl Fn(&OpenedFile) -> Look,
) -> Result<(), Unavailable> {
    // Before the look: what is folded by now is in the file as it is found.
    let counts = log_and_folded(writer);
    if is_impossible(&counts) && (0..COMPARED_AGAIN_MAX).all(|_| is_impossible(&log_and_folded(writer))) {
        return Err(index_overwritten(shared));
    }
    let progress = counts.map(|(_, folded)| (shared.file.log_run(), folded));
    match look(&shared.file) {
        Look::InPlace => {
            if let Ok(progress) = progress {
                shared.trouble.set_progress(progress);
            }
            Ok(())
        }
        Look::Gone => Err(Unavailable::FileGone),
        Look::Unknown => Err(Unavailable::DiskFailed),
        // A log that is empty after a write was folded and cut.
        Look::Written => {
            let compared = compare(shared, writer, || shared.file.log_bytes() == 0);
            shared.file.leave_log();
            if compared == Err(Unavailable::Damaged) { compared } else { Ok(()) }
        }
    }
}

/// More can be folded than there is only for a moment, while another program writes and folds.
fn is_impossible(counts: &rusqlite::Result<(i64, i64)>) -> bool {
    counts.as_ref().is_ok_and(|(frames, folded)| *frames >= 0 && !(0..=*frames).contains(folded))
}

/// SQLite would believe the index and throw the log away. The process ends before it does.
fn index_overwritten(shared: &Shared) -> Unavailable {
    let path = shared.file.path().display();
    tracing::error!(%path, "another program has overwritten the index of the write-ahead log");
    shared.trouble.lost_index();
    shared.lifeline.end(Ending::LogIndex);
    Unavailable::PartEnded
}

/// Another program has written the file. That is right if it was a fold of the log.
fn compare(
    shared: &Shared,
    writer: &Connection,
    is_log_changed: impl Fn() -> bool,
) -> Result<(), Unavailable> {
    let file = &shared.file;
    let until = Instant::now() + BUSY_TIMEOUT;
    let progress = || progress(file, writer).map_err(|_| Unavailable::Database);
    loop {
        // A fold writes the file first and says how far it came last. So the two belong together if no fold goes on
        // and none has ended meanwhile.
        let came = progress()?;
        let state = file.state().map_err(|_| Unavailable::FileGone)?;
        if !file.is_folded_by_others() && progress()? == came {
            let is_folded = shared.trouble.has_progressed(came) || is_log_changed();
            if let Some(wrong) = difference(shared, writer, !is_folded)? {
                return Err(damaged(shared, &format!("another program has written to the file: {wrong}")));
            }
            // What is cached of pages that only look the same.
            let _ = writer.execute_batch("PRAGMA shrink_memory");
            shared.trouble.set_progress(came);
            file.accept_state(state);
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(Unavailable::Database);
        }
        thread::sleep(COMPARE_AGAIN_AFTER);
    }
}

fn progress(file: &OpenedFile, connection: &Connection) -> rusqlite::Result<Progress> {
    Ok((file.log_run(), log_and_folded(connection)?.1))
}

/// What is wrong with the file, if anything is. `in_full`: no fold explains the change, so all of it is checked.
fn difference(shared: &Shared, writer: &Connection, in_full: bool) -> Result<Option<String>, Unavailable> {
    let file = &shared.file;
    let outcome = (|| {
        // As long as something is to be folded, pages may be missing at its end.
        let (frames, folded) = log_and_folded(writer)?;
        let length = file.state().map_or(0, |(length, _)| length);
        let is_short = frames == folded && file.header().is_ok_and(|header| header.bytes > length);
        if is_short && !file.is_folded_by_others() {
            return Ok(Some("it is shorter than its first page says"));
        }
        let schema_cookie = file.header().map(|header| i64::from(header.schema_cookie)).unwrap_or_default();
        let fresh = connection::open_reader(&Source::shared(file.path()))?;
        let mut is_same = Snapshot::of(writer)? == Snapshot::of(&fresh)?;
        for _ in 0..COMPARED_AGAIN_MAX {
            if is_same {
                break;
            }
            // Another program may have written between the two looks.
            thread::sleep(COMPARE_AGAIN_AFTER);
            is_same = Snapshot::of(writer)? == Snapshot::of(&fresh)?;
        }
        if !is_same || schema_cookie > Snapshot::of(writer)?.schema_version {
            return Ok(Some("its content differs from what was written"));
        }
        if let Some(newest) = shared.trouble.newest_written()
            && !has_audit_log(&fresh, newest)?
        {
            return Ok(Some("it lacks what was written last"));
        }
        if in_full {
            return unexplained(file, &fresh);
        }
        Ok(None)
    })();
    outcome.map(|wrong: Option<&str>| wrong.map(str::to_owned)).or_else(|cause| {
        match problem("comparing the file", &cause) {
            Problem::Unavailable(Unavailable::Damaged) => Ok(Some(cause.to_string())),
            Problem::Unavailable(unavailable) => Err(unavailable),
            _ => Err(Unavailable::Broken),
        }
    })
}

/// What tells a file whose time was changed, or that was written over with the same bytes, from another one. This reads
/// the whole file, so it is done only when another program wrote to it other than through SQLite.
fn unexplained(file: &OpenedFile, fresh: &Connection) -> rusqlite::Result<Option<&'static str>> {
    if !file.has_same_length() {
        return Ok(Some("its length has changed although nothing was folded into it"));
    }
    let found: String = fresh.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        tracing::error!(found, "SQLite's integrity check failed");
        return Ok(Some("SQLite's integrity check fails"));
    }
    tracing::warn!(
        path = %file.path().display(),
        "another program changed the database file or its time without SQLite; its content was checked and kept"
    );
    Ok(None)
}

/// How many frames the log has, and how many of them are in the file by now.
pub(super) fn log_and_folded(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}

/// What two connections agree on if they see the same file.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    schema_version: i64,
    pages: i64,
    free_pages: i64,
    newest_audit_log: Option<Uuid>,
}

impl Snapshot {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        Ok(Self {
            schema_version: pragma("schema_version")?,
            pages: pragma("page_count")?,
            free_pages: pragma("freelist_count")?,
            newest_audit_log: newest_audit_log(connection)?,
        })
    }
}

/// Remembers how far the log is folded, after a fold of this process.
pub(super) fn folded_as_of_now(shared: &Shared, connection: &Connection) {
    if let Ok(progress) = progress(&shared.file, connection) {
        shared.trouble.set_progress(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fold_is_seen_also_from_one_empty_log_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let ours = Connection::open(&path).unwrap();
        ours.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        let file = OpenedFile::new(&path).unwrap();
        file.remember_beside().unwrap();
        let others = Connection::open(&path).unwrap();
        let mut seen = Vec::new();
        for fold in ["TRUNCATE", "TRUNCATE", "PASSIVE", "RESTART", "TRUNCATE"] {
            others.execute_batch("INSERT INTO t VALUES (1)").unwrap();
            others.query_row(&format!("PRAGMA wal_checkpoint({fold})"), [], |_| Ok(())).unwrap();
            let now = progress(&file, &ours).unwrap();
            assert_eq!(progress(&file, &ours).unwrap(), now, "it stays as long as nothing is folded");
            assert!(!seen.contains(&now), "{fold}: {now:?} {seen:?}");
            seen.push(now);
        }
    }
}
