//! The ready file: tells programs that started the server that it accepts requests.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::db::sqlite;
use crate::failure::Failure;
use crate::secret::Secret;
use crate::temporary;

/// No ready file is as long as this.
const BYTES_MAX: u64 = 64 * 1024;

/// Exists while the server accepts requests. Removed when this is dropped.
pub(super) struct ReadyFile {
    path: PathBuf,
    content: String,
}

/// A temporary file that is renamed to the ready file. Created early, so that an unwritable folder is reported before
/// a first start creates anything.
pub(super) struct PreparedReadyFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl ReadyFile {
    pub(super) fn prepare(path: &Path) -> Result<PreparedReadyFile, Failure> {
        if let Some(database) = sqlite::database_of(path) {
            let cause = format!("it belongs to the database {}; name another file", database.display());
            return Err(cannot_be_written(path, &cause));
        }
        if let Some(cause) = other_content(path) {
            return Err(cannot_be_written(path, &cause));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        temporary::sweep(folder);
        let file = temporary::file(folder, "ready").map_err(|cause| cannot_be_written(path, &cause))?;
        Ok(PreparedReadyFile { path: path.to_owned(), file })
    }
}

/// Why an existing file is not a ready file, which may be replaced. An empty file may be one that `mktemp` made.
fn other_content(path: &Path) -> Option<&'static str> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() {
        return Some("it is not a regular file; name another file");
    }
    let is_ready_file = || {
        let ready: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        ready.get("url").map(|_| ())
    };
    let is_replaceable = metadata.len() == 0 || (metadata.len() <= BYTES_MAX && is_ready_file().is_some());
    (!is_replaceable).then_some("a file with other content is there; move it away, or name another file")
}

fn cannot_be_written(path: &Path, cause: &dyn Display) -> Failure {
    Failure(format!("the ready file {} cannot be written: {cause}", path.display()))
}

impl PreparedReadyFile {
    /// Writes the file atomically, so that a program never reads half of it. It includes a newly generated test
    /// token; only the file's owner can read it.
    pub(super) fn publish(
        self,
        urls: &[String],
        metrics_url: Option<&str>,
        test_token: Option<&Secret>,
    ) -> Result<ReadyFile, Failure> {
        let Self { path, mut file } = self;
        let mut ready = serde_json::json!({ "url": urls.first() });
        if urls.len() > 1 {
            ready["urls"] = urls.into();
        }
        if let Some(metrics_url) = metrics_url {
            ready["metricsUrl"] = metrics_url.into();
        }
        if let Some(token) = test_token {
            ready["testApiToken"] = token.reveal().into();
        }
        let content = format!("{ready}\n");
        file.write_all(content.as_bytes()).map_err(|cause| cannot_be_written(&path, &cause))?;
        file.persist(&path).map_err(|cause| cannot_be_written(&path, &cause))?;
        Ok(ReadyFile { path, content })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Another server has replaced it: then it announces that one. Its address differs.
        if std::fs::read(&self.path).is_ok_and(|found| found != self.content.as_bytes()) {
            return;
        }
        if let Err(cause) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %cause, "the ready file could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_and_a_ready_file_of_a_killed_server_are_replaced_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        for (content, is_replaced) in
            [("", true), ("{\"url\":\"http://127.0.0.1:1\"}\n", true), ("{}", false), ("notes", false)]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(ReadyFile::prepare(&path).is_ok(), is_replaced, "{content}");
        }
    }
}
