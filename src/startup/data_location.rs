//! Where the data of a server lies: in the file of its settings, or in a folder of its own that is gone
//! when it ends.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::config::ServeSettings;
use crate::db::sqlite::{ServeLock, beside};
use crate::failure::Failure;

/// How the folders are called, so that those of servers that were killed can be told.
const PREFIX: &str = "brms-ephemeral-";
const FILE: &str = "brms.db";
/// A younger folder may be that of a server which has not locked its file yet.
const LEFT_OVER_AFTER: Duration = Duration::from_mins(1);

/// Where the data lies.
pub(super) struct Home {
    database: PathBuf,
    /// Removed with all that is in it when this is dropped.
    folder: Option<TempDir>,
}

impl Home {
    /// The home that the settings name, made if it is to be temporary.
    pub(super) fn of(settings: &ServeSettings) -> Result<Self, Failure> {
        if !settings.ephemeral {
            return Ok(Self { database: settings.data.database.clone(), folder: None });
        }
        let parent = std::env::temp_dir();
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent).map_err(|cause| {
            let parent = parent.display();
            Failure(format!("no folder for --ephemeral can be made in {parent}: {cause}; set TMPDIR"))
        })?;
        sweep(&parent, folder.path(), PREFIX, FILE);
        Ok(Self { database: folder.path().join(FILE), folder: Some(folder) })
    }

    /// The file.
    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    /// The folder that goes with the server.
    pub(super) fn temporary_folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

/// Removes the folders of servers that were killed before they could do it. One that still runs holds the
/// lock of its file. The place is shared with others, who may call theirs the same: `own` tells whose are ours.
pub fn sweep(parent: &Path, own: &Path, prefix: &str, file: &str) {
    let (Ok(entries), Ok(own)) = (std::fs::read_dir(parent), std::fs::symlink_metadata(own)) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) && is_left_over(&entry.path(), &own, file)
        {
            // Another server may be sweeping, too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_left_over(folder: &Path, own: &Metadata, file: &str) -> bool {
    // Of the entry itself: a link could lead anywhere.
    let Ok(found) = std::fs::symlink_metadata(folder) else { return false };
    let age = found.modified().ok().and_then(|modified| modified.elapsed().ok());
    if !found.is_dir() || !is_of_same_owner(&found, own) || age.is_none_or(|age| age <= LEFT_OVER_AFTER) {
        return false;
    }
    let file = folder.join(file);
    // Every server made one. Opening what is something else could make it, or wait for the other end of a pipe.
    let has_lock = std::fs::symlink_metadata(beside(&file, "lock")).is_ok_and(|lock| lock.is_file());
    has_lock && ServeLock::take(&file).is_ok()
}

#[cfg(unix)]
fn is_of_same_owner(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.uid() == other.uid()
}

/// Elsewhere each user has a place of their own for what is temporary.
#[cfg(not(unix))]
fn is_of_same_owner(_one: &Metadata, _other: &Metadata) -> bool {
    true
}
