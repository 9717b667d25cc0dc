//! Files that exist only until they get their real name. What a killed process leaves of them is swept up later.
//!
//! Each is locked for as long as its maker lives, so that the sweep can tell.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

const PREFIX: &str = ".brms-";
const SUFFIX: &str = ".tmp";

/// A new file in `folder`, readable for its owner alone. `kind` becomes part of its name.
pub fn file(folder: &Path, kind: &str) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{kind}-"))
            .suffix(SUFFIX)
            .tempfile_in(folder)?;
        file.as_file().try_lock()?;
        // A sweep may have taken it before it was locked.
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes what killed processes of this user left in `folder`, also what SQLite keeps beside such a file.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(end) = name.to_str().and_then(end_of_name) else { continue };
        // `.brms-copy-abc123.tmp-journal` goes with `.brms-copy-abc123.tmp`.
        let file = folder.join(&name.to_string_lossy()[..end]);
        if is_left_over(&file) {
            remove(&entry.path());
        }
    }
}

/// Where the name of one of our files ends in this one.
fn end_of_name(name: &str) -> Option<usize> {
    let at = name.starts_with(PREFIX).then(|| name.find(SUFFIX)).flatten()?;
    let end = at + SUFFIX.len();
    ["", "-journal", "-wal", "-shm"].contains(&&name[end..]).then_some(end)
}

fn remove(path: &Path) {
    let removed = fs::remove_file(path);
    let path = path.display();
    match removed {
        Ok(()) => tracing::info!(%path, "removed what a killed brms left"),
        Err(cause) => tracing::warn!(%path, %cause, "what a killed brms left cannot be removed"),
    }
}

/// Whether nobody makes this file any more: it can be locked, or it is gone.
fn is_left_over(path: &Path) -> bool {
    // Of the entry itself: a link could lead anywhere, and opening a pipe would wait for somebody.
    match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.is_file() && File::open(path).is_ok_and(|file| file.try_lock().is_ok()),
        Err(cause) => cause.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let held = file(folder.path(), "copy").unwrap();
        let left = folder.path().join(".brms-copy-abc123.tmp");
        let journal = folder.path().join(".brms-copy-abc123.tmp-journal");
        fs::write(&journal, "x").unwrap();
        let of_held = held.path().with_extension("tmp-journal");
        fs::write(&of_held, "x").unwrap();
        let others = [".brms-notes", "brms.db", "x.tmp"].map(|name| folder.path().join(name));
        for path in others.iter().chain([&left]) {
            fs::write(path, "x").unwrap();
        }
        fs::create_dir(folder.path().join(".brms-folder-1.tmp")).unwrap();
        sweep(folder.path());
        assert!(!left.exists() && !journal.exists());
        assert!(of_held.exists());
        assert!(held.path().exists() && others.iter().all(|path| path.exists()));
        assert!(folder.path().join(".brms-folder-1.tmp").exists());
    }
}
