//! The location of a server's data: the database file of the settings, or a temporary folder that is removed when the
//! server ends.

use std::fmt;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::config::{DatabaseLocation, DatabaseUrl, ServeSettings};
use crate::db::sqlite::{ServeLock, beside};
use crate::failure::Failure;

/// The prefix of temporary folders, by which leftovers of killed servers are found.
const PREFIX: &str = "brms-ephemeral-";
const FILE: &str = "brms.db";
/// A younger folder may belong to a server that has not locked its database yet.
const LEFT_OVER_AFTER: Duration = Duration::from_mins(1);

/// Where the data is stored.
pub(super) enum DataLocation {
    /// In a file.
    File {
        database: PathBuf,
        /// Removed with its content when this is dropped.
        folder: Option<TempDir>,
    },
    /// In a PostgreSQL database.
    Postgres(DatabaseUrl),
}

impl DataLocation {
    /// The location that the settings ask for. Creates the temporary folder if they ask for one.
    pub(super) fn of(settings: &ServeSettings) -> Result<Self, Failure> {
        if !settings.ephemeral {
            return Ok(match &settings.data.database {
                DatabaseLocation::File(path) => Self::File { database: path.clone(), folder: None },
                DatabaseLocation::Postgres(url) => Self::Postgres(url.clone()),
            });
        }
        let parent = std::env::temp_dir();
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent).map_err(|cause| {
            let parent = parent.display();
            Failure(format!("no folder for --ephemeral can be made in {parent}: {cause}; set TMPDIR"))
        })?;
        sweep(&parent, folder.path(), PREFIX, FILE);
        Ok(Self::File { database: folder.path().join(FILE), folder: Some(folder) })
    }

    /// The temporary folder, if there is one.
    pub(super) fn temporary_folder(&self) -> Option<&Path> {
        match self {
            Self::File { folder, .. } => folder.as_ref().map(TempDir::path),
            Self::Postgres(_) => None,
        }
    }
}

/// For a person, without any credentials.
impl fmt::Display for DataLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { database, .. } => database.display().fmt(formatter),
            Self::Postgres(url) => url.fmt(formatter),
        }
    }
}

/// Removes the temporary folders of servers that were killed. A running server holds the lock of its database. The
/// parent folder is shared with other users, whose folders may have the same prefix, so the owner is compared with
/// that of `own`.
pub fn sweep(parent: &Path, own: &Path, prefix: &str, file: &str) {
    let (Ok(entries), Ok(own)) = (std::fs::read_dir(parent), std::fs::symlink_metadata(own)) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) && is_left_over(&entry.path(), &own, file)
        {
            // Another server may be removing it as well.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_left_over(folder: &Path, own: &Metadata, file: &str) -> bool {
    // Does not follow links: one could point anywhere.
    let Ok(found) = std::fs::symlink_metadata(folder) else { return false };
    let age = found.modified().ok().and_then(|modified| modified.elapsed().ok());
    if !found.is_dir() || !is_of_same_owner(&found, own) || age.is_none_or(|age| age <= LEFT_OVER_AFTER) {
        return false;
    }
    let file = folder.join(file);
    // Every server has created a regular lock file. Opening anything else could create it, or block on a pipe.
    let has_lock = std::fs::symlink_metadata(beside(&file, "lock")).is_ok_and(|lock| lock.is_file());
    has_lock && ServeLock::take(&file).is_ok()
}

#[cfg(unix)]
fn is_of_same_owner(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.uid() == other.uid()
}

/// On other systems each user has a temporary folder of their own.
#[cfg(not(unix))]
fn is_of_same_owner(_one: &Metadata, _other: &Metadata) -> bool {
    true
}
