//! Saves the data of a file that was removed or overwritten while it was served.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::compare::{LogState, log_state};
use super::connection::{self, Source};
use super::files::{LOG_OF_DAMAGED, RESCUED};
use super::health::{Damage, has_audit_log, newest_audit_log};
use super::opened_file::OpenedFile;
use super::shared::Shared;
use super::{checkpoint, copy, files, system};
use crate::failure::Failure;
use crate::lifeline::Ending;

/// Saves the data that the open connection still sees. If only the WAL was removed, it is checkpointed into the file;
/// otherwise everything is written to a new file beside the old path. Without this the data would be lost with the
/// process. Returns where the data is, as the reason for which the process ends.
pub(super) fn keep(connection: &Connection, shared: &Shared) -> Ending {
    let file = &shared.file;
    let path = file.path();
    if file.is_in_place() && checkpoint::checkpoint_fully(connection, file) {
        if let Some(link) = file.link_elsewhere() {
            tracing::error!(
                link = %link.display(), path = %path.display(),
                "the database was reached by a link that no longer leads to it; all data is in the file"
            );
            return Ending::LinkElsewhere;
        }
        tracing::error!(path = %path.display(), "the write-ahead log was moved or removed; all data is in the database file");
        return Ending::LogGone;
    }
    let kept = copy_to(connection, path).or_else(|cause| {
        tracing::warn!(%cause, "no copy could be made; it is tried again after the write-ahead log was written into the open file");
        if checkpoint::free_log(connection, file) { copy_to(connection, path) } else { Err(cause) }
    });
    match kept {
        Ok(name) => {
            // The copy is complete, and the next database here must not be given this WAL.
            for own in file.own_wal_files() {
                let _ = std::fs::remove_file(own);
            }
            tell_of_copy(path, &name);
            Ending::FileGone
        }
        Err(cause) => {
            // A folder that is gone was removed on purpose, or moved with all that is in it.
            let ending = if files::folder(path).is_dir() {
                keep_elsewhere(connection, path, &cause)
            } else {
                tell_of_loss(path, &cause);
                Ending::NotRescued
            };
            // If nothing took the file's place, the WAL keeps a new database from being created there.
            if files::is_there(path) {
                move_log_aside(file);
            }
            ending
        }
    }
}

/// A complete copy, under the first free name for copies of `path`.
fn copy_to(connection: &Connection, path: &Path) -> std::io::Result<PathBuf> {
    let copy = copy::make(connection, path)?;
    let name = files::numbered(path, RESCUED).find(|name| files::is_free(name));
    let name = name.ok_or_else(|| std::io::Error::other("there are too many of its kind; remove some"))?;
    copy::place(copy, &name).map(|_| name)
}

/// The folder of temporary files is often on another disk.
fn keep_elsewhere(connection: &Connection, path: &Path, cause: &std::io::Error) -> Ending {
    let elsewhere = std::env::temp_dir().join(path.file_name().unwrap_or_default());
    match copy_to(connection, &elsewhere) {
        Ok(name) => {
            tracing::error!(%cause, "no copy could be made beside the database file, so it is in the folder of temporary files");
            // No server starts without the data: see `refuse_to_recreate`.
            let beside = files::numbered(path, RESCUED).find(|name| files::is_free(name));
            let linked = beside.map(|beside| system::link(&name, &beside));
            if !matches!(linked, Some(Ok(()))) {
                tracing::warn!("no link to it could be made beside the database file");
            }
            tell_of_copy(path, &name);
            Ending::FileGone
        }
        Err(also) => {
            tell_of_loss(path, cause);
            tracing::error!(cause = %also, "nor could one be made in the folder of temporary files");
            Ending::NotRescued
        }
    }
}

fn tell_of_loss(path: &Path, cause: &std::io::Error) {
    tracing::error!(
        path = %path.display(), %cause,
        "the database file was moved, removed or replaced, and no copy could be made"
    );
}

fn tell_of_copy(path: &Path, name: &Path) {
    tracing::error!(
        path = %path.display(), rescued = %name.display(),
        "the database file was moved, removed or replaced; all data is in the rescued copy"
    );
}

/// Whether the WAL must not be applied to the file at the next start. It is looked at once more: a log in place can be
/// recovered from, and one that is put aside is missing.
pub(super) fn is_log_unfit(damage: Damage, connection: &Connection, file: &OpenedFile) -> bool {
    match damage {
        Damage::Pages | Damage::Rows => false,
        Damage::Log => log_state(file, connection).is_ok_and(|state| state == LogState::Broken),
        Damage::Foreign => file.read_through().is_ok(),
    }
}

/// Renames the WAL, so that SQLite does not apply it to the file that is now at the path.
pub(super) fn move_log_aside(file: &OpenedFile) {
    for own in file.own_wal_files() {
        if own.metadata().is_ok_and(|metadata| metadata.len() == 0) || own.to_string_lossy().ends_with("-shm")
        {
            let _ = std::fs::remove_file(own);
            continue;
        }
        let aside = files::numbered(file.path(), LOG_OF_DAMAGED).find(|name| !files::is_there(name));
        if let Some(aside) = aside
            && std::fs::rename(&own, &aside).is_ok()
        {
            tracing::error!(log = %own.display(), aside = %aside.display(), "the write-ahead log was moved aside");
        }
    }
}

/// Refuses to serve a file that lacks data of a rescued copy beside it, or that is empty beside a kept file. `step`:
/// the last schema step of the file, 0 if it is empty.
pub(super) fn refuse_if_rescue_is_newer(
    connection: &Connection,
    path: &Path,
    step: u32,
) -> Result<(), Failure> {
    for ending in [RESCUED, LOG_OF_DAMAGED] {
        let kept = files::beside(path, ending);
        if !files::is_there(&kept) {
            continue;
        }
        let lacks = step == 0 || (ending == RESCUED && lacks_newest(connection, &kept));
        let (path, kept) = (path.display(), kept.display());
        if lacks && ending == LOG_OF_DAMAGED {
            return Err(Failure(format!(
                "{path} is empty, and {kept} beside it is the write-ahead log of the file that was there: the last \
                 writes alone, which are no database and can be read only with that file. To go on with its data, put \
                 that file back or restore a backup with `brms restore`; to start with an empty database, move {kept} \
                 away"
            )));
        }
        if lacks {
            return Err(Failure(format!(
                "{kept} exists beside {path} and has writes that {path} lacks: to keep them, rename it to \
                 {path}; to discard them, move it away"
            )));
        }
        tracing::warn!(%kept, "this file was kept when the database was removed or damaged; it may have writes that the database lacks");
    }
    Ok(())
}

/// An unreadable copy counts as having nothing newer.
fn lacks_newest(connection: &Connection, kept: &Path) -> bool {
    let newest = Source::immutable(kept)
        .ok()
        .and_then(|source| connection::open_plain(&source).ok())
        .and_then(|kept| newest_audit_log(&kept).ok().flatten());
    newest.is_some_and(|newest| !has_audit_log(connection, newest).unwrap_or(false))
}
