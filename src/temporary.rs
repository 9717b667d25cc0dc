//! Files that have not been given their final name yet. What a killed process leaves of them is swept up later.
//!
//! Each is locked for as long as its maker lives, so that the sweep can tell.

use std::fs::{self, File, TryLockError};
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
        // A sweep may be looking at it, or may have taken it before it was locked.
        match file.as_file().try_lock() {
            Ok(()) if file.path().exists() => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(cause)) => return Err(cause),
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
        match held_by_nobody(&file) {
            // Held until it is removed, so that no process makes a file of this name meanwhile.
            Some(_lock) => remove(&entry.path()),
            None if !file.exists() => remove(&entry.path()),
            None => {}
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

/// The file, locked, if its maker is gone and was of this user.
fn held_by_nobody(path: &Path) -> Option<File> {
    // Of the entry itself: a link could lead anywhere, and opening a pipe would wait for its other end.
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || !is_own(&metadata) {
        return None;
    }
    File::open(path).ok().filter(|file| file.try_lock().is_ok())
}

/// Root may sweep what any user left.
#[cfg(unix)]
fn is_own(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid();
    user.is_root() || metadata.uid() == user.as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
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
