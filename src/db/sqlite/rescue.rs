//! What is left of a file that was taken away, or overwritten, under its server.

use std::path::Path;

use rusqlite::Connection;

use super::connection::{self, Source};
use super::files::{LOG_OF_DAMAGED, RESCUED};
use super::opened_file::OpenedFile;
use super::shared::Shared;
use super::trouble::{has_audit_log, newest_audit_log};
use super::{checkpoint, copy, files};
use crate::failure::Failure;

/// Keeps what the open connection still sees. If only the log was taken away, that is folded into the file; else all
/// is written into a new file beside the old path. Without it the data would be gone with the process.
pub(super) fn keep(connection: &Connection, shared: &Shared) {
    let file = &shared.file;
    let path = file.path();
    if file.is_in_place() && checkpoint::fold_now(connection, file) {
        tracing::error!(path = %path.display(), "the write-ahead log was moved or removed; all that was written is in the file");
        return;
    }
    let kept = copy::make(connection, path).and_then(|copy| {
        let name = files::numbered(path, RESCUED).find(|name| files::is_free(name));
        let name =
            name.ok_or_else(|| std::io::Error::other("there are too many of its kind; remove some"))?;
        copy::place(copy, &name).map(|_| name)
    });
    match kept {
        Ok(name) => {
            // All of it is in the copy, and the next file here must not be taken for this log's.
            for own in file.own_beside() {
                let _ = std::fs::remove_file(own);
            }
            tracing::error!(
                path = %path.display(), rescued = %name.display(),
                "the database file was moved, removed or replaced; all that was written is in the rescued copy"
            );
        }
        Err(cause) => {
            tracing::error!(
                path = %path.display(), %cause,
                "the database file was moved, removed or replaced, and no copy could be made"
            );
            put_log_aside(file);
        }
    }
}

/// Gives the log another name, so that it is not taken for that of whatever lies at the path by now.
pub(super) fn put_log_aside(file: &OpenedFile) {
    for own in file.own_beside() {
        if own.metadata().is_ok_and(|metadata| metadata.len() == 0) || own.to_string_lossy().ends_with("-shm")
        {
            let _ = std::fs::remove_file(own);
            continue;
        }
        let aside = files::numbered(file.path(), LOG_OF_DAMAGED).find(|name| !files::is_there(name));
        if let Some(aside) = aside
            && std::fs::rename(&own, &aside).is_ok()
        {
            tracing::error!(log = %own.display(), aside = %aside.display(), "the write-ahead log was put aside");
        }
    }
}

/// Refuses to serve a file that lacks what was kept when it was taken away, and one that is empty beside what was kept.
/// `step`: the last schema step of the file, 0 when it is empty.
pub(super) fn refuse_without(connection: &Connection, path: &Path, step: u32) -> Result<(), Failure> {
    for ending in [RESCUED, LOG_OF_DAMAGED] {
        let kept = files::beside(path, ending);
        if !files::is_there(&kept) {
            continue;
        }
        let lacks = step == 0 || (ending == RESCUED && lacks_newest(connection, &kept));
        let (path, kept) = (path.display(), kept.display());
        if lacks {
            return Err(Failure(format!(
                "{kept} lies beside {path} and has writes that {path} lacks: to go on with them, put it in the place of \
                 {path}; to do without them, move it away"
            )));
        }
        tracing::warn!(%kept, "this was put aside when the database was taken away or damaged; it may have writes that this one lacks");
    }
    Ok(())
}

/// What cannot be read has nothing to lose.
fn lacks_newest(connection: &Connection, kept: &Path) -> bool {
    let newest = Source::immutable(kept)
        .ok()
        .and_then(|source| connection::open_plain(&source).ok())
        .and_then(|kept| newest_audit_log(&kept).ok().flatten());
    newest.is_some_and(|newest| !has_audit_log(connection, newest).unwrap_or(false))
}
