//! The file that says that the server answers, for programs that started it and wait.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::StartError;
use crate::secret::Secret;

/// There as long as the server answers.
pub(super) struct ReadyFile {
    path: PathBuf,
}

impl ReadyFile {
    /// Writes the file whole or not at all: whoever sees it can read all of it.
    /// A token of the test controls that was just made stands in it, which only the file's owner may read.
    pub(super) fn write(path: &Path, url: &str, test_token: Option<&Secret>) -> Result<Self, StartError> {
        let failed = |cause: &dyn std::fmt::Display| {
            StartError(format!("the ready file {} cannot be written: {cause}", path.display()))
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file =
            tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(|e| failed(&e))?;
        let mut ready = serde_json::json!({ "url": url });
        if let Some(token) = test_token {
            ready["testApiToken"] = token.reveal().into();
        }
        writeln!(file, "{ready}").map_err(|cause| failed(&cause))?;
        file.persist(path).map_err(|cause| failed(&cause))?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        if let Err(cause) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %cause, "the ready file could not be removed");
        }
    }
}
