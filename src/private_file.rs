//! New files with secrets or mail addresses, readable only by their owner.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes a new file and syncs it. Fails if it exists; an incomplete file is removed.
pub fn write_new(path: &Path, contents: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = for_owner(&mut options).open(path)?;
    let written = file.write_all(contents.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Makes new files with these options readable only by their owner.
#[cfg(unix)]
pub fn for_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

/// Removes the permissions of group and others from a file.
#[cfg(unix)]
pub fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    let (is, wanted) = (permissions.mode() & 0o777, permissions.mode() & 0o700);
    if is == wanted {
        return Ok(());
    }
    permissions.set_mode(wanted);
    file.set_permissions(permissions)
}

/// Elsewhere a file inherits the permissions of its folder.
#[cfg(not(unix))]
pub fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Elsewhere a file inherits the permissions of its folder.
#[cfg(not(unix))]
pub fn for_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
