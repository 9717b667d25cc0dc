//! The ready file: tells programs that started the server that it accepts requests.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::db::sqlite;
use crate::failure::Failure;
use crate::secret::Secret;
use crate::temporary;

/// Exists while the server accepts requests. Removed when this is dropped.
pub(super) struct ReadyFile {
    path: PathBuf,
}

/// A temporary file that is renamed to the ready file. Created early, so that an unwritable folder is reported before
/// a first start creates anything.
pub(super) struct PreparedReadyFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl ReadyFile {
    pub(super) fn prepare(path: &Path) -> Result<PreparedReadyFile, Failure> {
        if path.is_dir() {
            return Err(cannot_be_written(path, &"it is a folder"));
        }
        if let Some(database) = sqlite::database_of(path) {
            let cause = format!("it belongs to the database {}; name another file", database.display());
            return Err(cannot_be_written(path, &cause));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        temporary::sweep(folder);
        let file = temporary::file(folder, "ready").map_err(|cause| cannot_be_written(path, &cause))?;
        Ok(PreparedReadyFile { path: path.to_owned(), file })
    }
}

fn cannot_be_written(path: &Path, cause: &dyn Display) -> Failure {
    Failure(format!("the ready file {} cannot be written: {cause}", path.display()))
}

impl PreparedReadyFile {
    /// Writes the file atomically, so that a program never reads half of it. It includes a newly generated test
    /// token; only the file's owner can read it.
    pub(super) fn publish(self, url: &str, test_token: Option<&Secret>) -> Result<ReadyFile, Failure> {
        let Self { path, mut file } = self;
        let mut ready = serde_json::json!({ "url": url });
        if let Some(token) = test_token {
            ready["testApiToken"] = token.reveal().into();
        }
        writeln!(file, "{ready}").map_err(|cause| cannot_be_written(&path, &cause))?;
        file.persist(&path).map_err(|cause| cannot_be_written(&path, &cause))?;
        Ok(ReadyFile { path })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        if let Err(cause) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %cause, "the ready file could not be removed");
        }
    }
}
