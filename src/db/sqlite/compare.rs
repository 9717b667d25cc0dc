//! Checks that the file still holds the data that this process wrote.

use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use uuid::Uuid;

use super::connection::{self, Source};
use super::health::{Damage, Progress, has_audit_log, newest_audit_log};
use super::opened_file::{FileStatus, OpenedFile};
use super::options::BUSY_TIMEOUT;
use super::problem::problem;
use super::shared::Shared;
use super::system::WalLock;
use crate::lifeline::Ending;
use crate::problem::{Problem, Unavailable};

/// How often, and at which interval, an apparent difference is checked again: another program may be writing.
const COMPARE_RETRIES_MAX: u32 = 25;
const COMPARE_RETRY_DELAY: Duration = Duration::from_millis(20);

/// Checks the file before a transaction, so that nothing is written into a file that another program has overwritten.
/// A missing file is reported after the transaction, once it is known whether anything was written.
pub(super) fn verify_before_write(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    let before = shared.file.check_before_transaction();
    if before.is_read_only {
        return Err(Unavailable::ReadOnly);
    }
    match before.status {
        FileStatus::Unchanged if before.is_log_unchanged => Ok(()),
        FileStatus::Unchanged => check_log_and_content(shared, writer),
        FileStatus::Gone => Ok(()),
        FileStatus::Unknown => Err(Unavailable::DiskFailed),
        FileStatus::Written => {
            // This process has not written since it recorded the WAL's state.
            compare(shared, writer, || !shared.file.is_log_unchanged())?;
            if shared.file.is_log_unchanged() { Ok(()) } else { check_log_and_content(shared, writer) }
        }
    }
}

/// A backup that another program restored through SQLite leaves a valid WAL, but not the rows written last.
fn check_log_and_content(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    check_log(shared, writer)?;
    // An error here is reported by the write itself.
    let is_missing = |newest| has_audit_log(writer, newest).is_ok_and(|has| !has);
    if shared.health.newest_written().is_some_and(is_missing) {
        return Err(damaged(
            shared,
            Damage::Rows,
            "another program has replaced the content of the database",
        ));
    }
    Ok(())
}

/// Another program has modified the WAL. That is legitimate if it wrote through SQLite; then all frames that the
/// wal-index counts are valid.
fn check_log(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    match log_state(&shared.file, writer).map_err(|_| Unavailable::Database)? {
        LogState::Whole => {
            shared.file.record_log_state();
            Ok(())
        }
        LogState::Broken => Err(damaged(
            shared,
            Damage::Log,
            "another program has truncated or overwritten the write-ahead log",
        )),
        LogState::Unread => {
            shared.health.note(Unavailable::Unreadable);
            Err(Unavailable::Unreadable)
        }
    }
}

/// What a look at the WAL has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogState {
    /// Every frame that the wal-index counts is valid.
    Whole,
    /// Some are not.
    Broken,
    /// It could not be read, which says nothing about it.
    Unread,
}

pub(super) fn log_state(file: &OpenedFile, connection: &Connection) -> rusqlite::Result<LogState> {
    let mut found = LogState::Whole;
    for _ in 0..COMPARE_RETRIES_MAX {
        let (frames, _) = log_and_checkpointed_frames(connection)?;
        found = match file.valid_log_frames() {
            // An empty WAL has nothing to lose.
            _ if frames == 0 => LogState::Whole,
            None => LogState::Whole,
            Some(Ok(whole)) if whole >= frames.unsigned_abs() => LogState::Whole,
            Some(Ok(_)) => LogState::Broken,
            Some(Err(cause)) => {
                tracing::warn!(%cause, "the write-ahead log could not be read to check it");
                LogState::Unread
            }
        };
        if found == LogState::Whole {
            break;
        }
        // The other program may be writing right now.
        thread::sleep(COMPARE_RETRY_DELAY);
    }
    Ok(found)
}

/// Checks the file and the checksums of the whole WAL before a checkpoint that empties it, since a WAL that was
/// overwritten during a transaction of this process does not show otherwise. Takes some milliseconds.
pub(super) fn verify_in_full(shared: &Shared, connection: &Connection) -> Result<(), Unavailable> {
    verify_by(shared, connection, OpenedFile::status)?;
    check_log(shared, connection)
}

/// Records damage that was verified.
pub(super) fn damaged(shared: &Shared, damage: Damage, wrong: &str) -> Unavailable {
    let path = shared.file.path().display();
    tracing::error!(%path, wrong, "the database is no longer consistent");
    shared.health.record_damage(damage);
    Unavailable::Damaged
}

/// Checks the file after a transaction. An error that prevents the comparison is not reported as damage; the next
/// check compares again.
pub(super) fn verify(shared: &Shared, writer: &Connection) -> Result<(), Unavailable> {
    let verified = verify_by(shared, writer, OpenedFile::check_after_transaction);
    if shared.is_lock_held && shared.file.has_new_name() {
        warn_of_other_name(&shared.file);
    }
    verified
}

/// The file is the right one, so nothing is refused: a second name alone does no harm.
fn warn_of_other_name(file: &OpenedFile) {
    let names: Vec<_> = file.other_names().iter().map(|name| name.display().to_string()).collect();
    tracing::warn!(
        path = %file.path().display(), ?names,
        "the database file has a second name (a hard link): a program that opens it by that name has a write-ahead log of \
         its own, and writes are lost; remove that name"
    );
}

fn verify_by(
    shared: &Shared,
    writer: &Connection,
    check: impl Fn(&OpenedFile) -> FileStatus,
) -> Result<(), Unavailable> {
    // Read the progress before the file's status: frames that are checkpointed by now are part of that status.
    let counts = log_and_checkpointed_frames(writer);
    let is_impossible_now = |_| is_impossible(&log_and_checkpointed_frames(writer));
    if is_impossible(&counts) && (0..COMPARE_RETRIES_MAX).all(is_impossible_now) {
        return Err(index_overwritten(shared));
    }
    let progress = counts.map(|(_, checkpointed)| (shared.file.wal_salts(), checkpointed));
    match check(&shared.file) {
        FileStatus::Unchanged => {
            if let Ok(progress) = progress {
                shared.health.set_progress(progress);
            }
            Ok(())
        }
        FileStatus::Gone => Err(Unavailable::FileGone),
        FileStatus::Unknown => Err(Unavailable::DiskFailed),
        // A WAL that is empty after a write was checkpointed and truncated.
        FileStatus::Written => {
            let compared = compare(shared, writer, || shared.file.log_bytes() == 0);
            shared.file.record_log_state();
            if compared == Err(Unavailable::Damaged) { compared } else { Ok(()) }
        }
    }
}

/// More frames can be checkpointed than there are only for a moment, while another program writes and checkpoints.
fn is_impossible(counts: &rusqlite::Result<(i64, i64)>) -> bool {
    counts.as_ref().is_ok_and(|(frames, checkpointed)| *frames >= 0 && !(0..=*frames).contains(checkpointed))
}

/// SQLite trusts the wal-index and would discard the WAL. The process ends before that happens.
fn index_overwritten(shared: &Shared) -> Unavailable {
    let path = shared.file.path().display();
    tracing::error!(%path, "another program has overwritten the wal-index");
    shared.health.lose_index();
    shared.lifeline.end(Ending::WalIndex);
    Unavailable::PartEnded
}

/// Another program has written to the file. That is legitimate if it was a checkpoint.
fn compare(
    shared: &Shared,
    writer: &Connection,
    is_log_changed: impl Fn() -> bool,
) -> Result<(), Unavailable> {
    let file = &shared.file;
    let until = Instant::now() + BUSY_TIMEOUT;
    let progress = || progress(file, writer).map_err(|_| Unavailable::Database);
    loop {
        // A checkpoint writes the file first and its progress last. The two match if no checkpoint is running and none
        // has finished in between.
        let came = progress()?;
        let state = file.state().map_err(|_| Unavailable::DiskFailed)?;
        if !is_checkpoint_running_elsewhere(file) && progress()? == came {
            let is_checkpointed = shared.health.is_progress_new(came) || is_log_changed();
            let extent = if is_checkpointed { Extent::NewestRows } else { Extent::WholeFile };
            if difference(shared, writer, extent)?.is_some() {
                return Err(verified_difference(shared, writer, extent));
            }
            // Drop cached pages that may be stale.
            let _ = writer.execute_batch("PRAGMA shrink_memory");
            shared.health.set_progress(came);
            file.accept_state(state);
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(Unavailable::Database);
        }
        thread::sleep(COMPARE_RETRY_DELAY);
    }
}

/// A read that failed once looks to SQLite like a damaged page. So a difference counts only if it is found again, in a
/// file and a WAL that the disk can read.
fn verified_difference(shared: &Shared, writer: &Connection, extent: Extent) -> Unavailable {
    thread::sleep(COMPARE_RETRY_DELAY);
    let wrong = difference(shared, writer, extent);
    let is_read = shared.file.read_through().is_ok();
    match wrong {
        Ok(Some(wrong)) if is_read => {
            let wrong = format!("another program has written to the file: {wrong}");
            damaged(shared, Damage::Foreign, &wrong)
        }
        Err(unavailable) => unavailable,
        Ok(_) => Unavailable::Unreadable,
    }
}

/// Another process that runs a checkpoint holds SQLite's lock for that.
fn is_checkpoint_running_elsewhere(file: &OpenedFile) -> bool {
    file.is_held_elsewhere(WalLock::Checkpoint) == Some(true)
}

fn progress(file: &OpenedFile, connection: &Connection) -> rusqlite::Result<Progress> {
    Ok((file.wal_salts(), log_and_checkpointed_frames(connection)?.1))
}

/// How much of a file is compared with what was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The size, the schema and the newest rows: a checkpoint explains the change.
    NewestRows,
    /// All of it.
    WholeFile,
}

/// Returns the difference, if there is one.
fn difference(shared: &Shared, writer: &Connection, extent: Extent) -> Result<Option<String>, Unavailable> {
    let file = &shared.file;
    // A look that fails says nothing of the file.
    let (length, _) = file.state().map_err(|_| Unavailable::Unreadable)?;
    let outcome = (|| {
        // Until all frames are checkpointed, the file may be shorter than its header says.
        let (frames, checkpointed) = log_and_checkpointed_frames(writer)?;
        if length == 0 {
            // SQLite would remove the WAL of an empty file.
            return Ok(Some("it is empty"));
        }
        let is_short = frames == checkpointed && file.header().is_ok_and(|header| header.bytes > length);
        if is_short && !is_checkpoint_running_elsewhere(file) {
            return Ok(Some("it is shorter than its first page says"));
        }
        let schema_cookie = file.header().map(|header| i64::from(header.schema_cookie)).unwrap_or_default();
        let fresh = connection::open_reader(&Source::shared(file.path()))?;
        let mut is_same = Snapshot::of(writer)? == Snapshot::of(&fresh)?;
        for _ in 0..COMPARE_RETRIES_MAX {
            if is_same {
                break;
            }
            // Another program may have written between the two reads.
            thread::sleep(COMPARE_RETRY_DELAY);
            is_same = Snapshot::of(writer)? == Snapshot::of(&fresh)?;
        }
        if !is_same || schema_cookie > Snapshot::of(writer)?.schema_version {
            return Ok(Some("its content differs from what was written"));
        }
        if let Some(newest) = shared.health.newest_written()
            && !has_audit_log(&fresh, newest)?
        {
            return Ok(Some("it lacks the last write"));
        }
        match extent {
            Extent::WholeFile => difference_in_full(file, &fresh),
            Extent::NewestRows => Ok(None),
        }
    })();
    outcome.map(|wrong: Option<&str>| wrong.map(str::to_owned)).or_else(|cause| {
        match problem("comparing the file", &cause) {
            Problem::Unavailable(Unavailable::Unreadable) => Ok(Some(cause.to_string())),
            Problem::Unavailable(unavailable) => Err(unavailable),
            _ => Err(Unavailable::Broken),
        }
    })
}

/// Tells a file whose modification time changed, or that was rewritten with the same bytes, from a different file.
/// This reads the whole file, so it runs only after another program wrote to it without SQLite.
fn difference_in_full(file: &OpenedFile, fresh: &Connection) -> rusqlite::Result<Option<&'static str>> {
    if !file.has_same_length() {
        return Ok(Some("its length has changed without a checkpoint"));
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

/// The number of frames in the WAL, and how many of them are checkpointed.
pub(super) fn log_and_checkpointed_frames(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}

/// Values that are equal on two connections to the same file.
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

/// Records the checkpoint progress after a checkpoint by this process.
pub(super) fn record_checkpoint(shared: &Shared, connection: &Connection) {
    if let Ok(progress) = progress(&shared.file, connection) {
        shared.health.set_progress(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_checkpoint_is_detected_also_between_two_empty_logs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let ours = Connection::open(&path).unwrap();
        ours.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        let file = OpenedFile::new(&path).unwrap();
        file.record_wal_files().unwrap();
        let others = Connection::open(&path).unwrap();
        let mut seen = Vec::new();
        for mode in ["TRUNCATE", "TRUNCATE", "PASSIVE", "RESTART", "TRUNCATE"] {
            others.execute_batch("INSERT INTO t VALUES (1)").unwrap();
            others.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())).unwrap();
            let now = progress(&file, &ours).unwrap();
            assert_eq!(progress(&file, &ours).unwrap(), now, "it is stable without a checkpoint");
            assert!(!seen.contains(&now), "{mode}: {now:?} {seen:?}");
            seen.push(now);
        }
    }
}
