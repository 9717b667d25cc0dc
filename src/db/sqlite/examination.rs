//! Examines a file of which SQLite has reported damage: a read that failed once, with nothing wrong on the disk, is
//! reported the same way. Until the file is examined, all requests get 503, and nothing is written into it.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::compare::{self, LogState};
use super::connection::{self, Source};
use super::health::{Damage, has_audit_log};
use super::opened_file::FileStatus;
use super::shared::Shared;

/// How often damage has to be found, and at which interval, until it counts.
const LOOKS: u32 = 3;
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How long it may take in all. Then SQLite's report stands, since all requests depend on the outcome; a restart ends
/// that.
const EXAMINED_WITHIN: Duration = Duration::from_mins(2);
/// How often a running check looks whether it should end.
const IS_OVER_INTERVAL: Duration = Duration::from_millis(20);

/// What one look has found.
enum Finding {
    Intact,
    /// It is no longer at its path, which the next write finds out by itself.
    Gone,
    Damaged(Damage, String),
    /// It could not be read.
    Unknown(String),
    /// The check was ended early.
    Late,
}

/// Ends a suspicion if the file can be examined: clears it, or records the damage. `is_over` ends the examination
/// early.
pub(super) fn examine(shared: &Shared, is_over: &(impl Fn() -> bool + Sync)) {
    let until = Instant::now() + EXAMINED_WITHIN;
    let is_over = &|| is_over() || Instant::now() >= until;
    let mut finding = look(shared, is_over);
    for _ in 1..LOOKS {
        if !matches!(finding, Finding::Damaged(..)) {
            break;
        }
        thread::sleep(LOOK_AGAIN_AFTER);
        finding = look(shared, is_over);
    }
    let path = shared.file.path().display();
    match finding {
        Finding::Intact => {
            tracing::warn!(%path, "a part of the database could not be read for a moment; its content was checked and is intact");
            shared.health.clear_suspicion();
        }
        Finding::Gone => shared.health.clear_suspicion(),
        Finding::Damaged(damage, wrong) => {
            compare::damaged(shared, damage, &wrong);
        }
        Finding::Late if Instant::now() >= until => {
            let wrong = "SQLite has reported damage, and the file cannot be checked in time";
            compare::damaged(shared, Damage::Pages, wrong);
        }
        Finding::Late => tracing::warn!(%path, "the database was not checked to its end"),
        Finding::Unknown(cause) => {
            tracing::warn!(%path, cause, "the database could not be read, so nothing is known of its content");
        }
    }
}

fn look(shared: &Shared, is_over: &(impl Fn() -> bool + Sync)) -> Finding {
    let file = &shared.file;
    if file.status() == FileStatus::Gone {
        return Finding::Gone;
    }
    // An error here is one of the disk. SQLite's own errors do not tell the two apart.
    if let Err(cause) = file.read_through() {
        return Finding::Unknown(cause.to_string());
    }
    if file.state().is_ok_and(|(length, _)| length == 0) {
        // SQLite would remove the WAL of an empty file.
        return Finding::Damaged(Damage::Foreign, "another program has emptied the file".to_owned());
    }
    let found = connection::open_reader(&Source::shared(file.path()))
        .and_then(|fresh| look_with(shared, &fresh, is_over));
    found.unwrap_or_else(|cause| match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(shared, cause.to_string()),
        Some(ErrorCode::OperationInterrupted) => Finding::Late,
        _ => Finding::Unknown(cause.to_string()),
    })
}

fn look_with(
    shared: &Shared,
    fresh: &Connection,
    is_over: &(impl Fn() -> bool + Sync),
) -> rusqlite::Result<Finding> {
    // Before the log is looked at: a connection knows of the wal-index only once it has read.
    let has_newest =
        shared.health.newest_written().map_or(Ok(true), |newest| has_audit_log(fresh, newest))?;
    match compare::log_state(&shared.file, fresh)? {
        LogState::Whole => {}
        LogState::Broken => {
            let wrong = "another program has truncated or overwritten the write-ahead log";
            return Ok(Finding::Damaged(Damage::Log, wrong.to_owned()));
        }
        LogState::Unread => return Ok(Finding::Unknown("the write-ahead log could not be read".to_owned())),
    }
    let found = check(fresh, is_over)?;
    if found != "ok" {
        return Ok(damaged(shared, found));
    }
    if !has_newest {
        return Ok(Finding::Damaged(Damage::Rows, "it lacks the last write".to_owned()));
    }
    Ok(Finding::Intact)
}

/// A file that another program has written to is no longer the one that the WAL belongs to.
fn damaged(shared: &Shared, wrong: String) -> Finding {
    let is_written = shared.file.status() == FileStatus::Written;
    Finding::Damaged(if is_written { Damage::Foreign } else { Damage::Pages }, wrong)
}

/// SQLite's check of the whole file, which another thread ends early.
fn check(connection: &Connection, is_over: &(impl Fn() -> bool + Sync)) -> rusqlite::Result<String> {
    let handle = connection.get_interrupt_handle();
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let watch = move || {
            while is_done.recv_timeout(IS_OVER_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if is_over() {
                    handle.interrupt();
                }
            }
        };
        // Without a thread it runs to its end.
        let _ = thread::Builder::new().name("brms-examine".to_owned()).spawn_scoped(scope, watch);
        let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
        drop(done);
        found
    })
}
