//! Files under a temporary name. Those left behind by killed processes are removed later.
//!
//! Each file is locked while its process lives, which tells the cleanup that it is in use.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

const PREFIX: &str = ".brms-";
const SUFFIX: &str = ".tmp";

/// A new file in `folder`, readable only by its owner. `kind` becomes part of its name.
pub fn file(folder: &Path, kind: &str) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{kind}-"))
            .suffix(SUFFIX)
            .tempfile_in(folder)?;
        // A concurrent cleanup may have locked it first, or removed it.
        match file.as_file().try_lock() {
            Ok(()) if file.path().exists() => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(cause)) => return Err(cause),
        }
    }
}

/// Removes files in `folder` that killed processes of this user left, with SQLite's companion files.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(end) = name.to_str().and_then(end_of_name) else { continue };
        // `.brms-copy-abc123.tmp-journal` belongs to `.brms-copy-abc123.tmp`.
        let file = folder.join(&name.to_string_lossy()[..end]);
        match lock_if_abandoned(&file) {
            // The lock is held until the removal, so that no process creates a file of this name meanwhile.
            Some(_lock) => remove(&entry.path()),
            None if !file.exists() => remove(&entry.path()),
            None => {}
        }
    }
}

/// The length of the temporary file's name within this name.
fn end_of_name(name: &str) -> Option<usize> {
    let at = name.starts_with(PREFIX).then(|| name.find(SUFFIX)).flatten()?;
    let end = at + SUFFIX.len();
    ["", "-journal", "-wal", "-shm"].contains(&&name[end..]).then_some(end)
}

fn remove(path: &Path) {
    let removed = fs::remove_file(path);
    let path = path.display();
    match removed {
        Ok(()) => tracing::info!(%path, "removed a temporary file of a killed brms"),
        Err(cause) => tracing::warn!(%path, %cause, "a temporary file of a killed brms cannot be removed"),
    }
}

/// Locks and returns the file if its process has ended and it belongs to this user.
fn lock_if_abandoned(path: &Path) -> Option<File> {
    // Without following links, which could lead anywhere. Opening a named pipe would block.
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || !is_own(&metadata) {
        return None;
    }
    File::open(path).ok().filter(|file| file.try_lock().is_ok())
}

/// Root may remove files of any user.
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
    fn only_unlocked_files_are_swept() {
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
