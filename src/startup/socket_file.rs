//! A socket in the file system that clients connect to.

use std::path::{Path, PathBuf};

#[cfg(unix)]
use unix::FileIdentity;

/// Exists while the server listens on it. Removed when this is dropped, unless another one took its place.
pub(super) struct SocketFile {
    path: PathBuf,
    #[cfg(unix)]
    identity: FileIdentity,
}

impl SocketFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io::{self, ErrorKind};
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    use std::os::unix::net::{UnixListener as BlockingListener, UnixStream};
    use std::path::Path;

    use tokio::net::UnixListener;

    use super::SocketFile;
    use crate::failure::Failure;

    /// Which file it is, whatever its name: the device and the number in it.
    pub(super) type FileIdentity = (u64, u64);

    impl SocketFile {
        /// Makes the socket and replaces one that a dead process has left. It appears under its name with its
        /// permissions, and ready for connections.
        pub(in crate::startup) fn bind(path: &Path, mode: u32) -> Result<(UnixListener, Self), Failure> {
            let failed =
                |cause: io::Error| Failure::new(&format!("cannot listen on unix:{}", path.display()), cause);
            refuse_if_in_use(path)?;
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // Removed, with what is in it, unless it is renamed.
            let scratch =
                tempfile::Builder::new().prefix(".brms").rand_bytes(4).tempdir_in(folder).map_err(failed)?;
            let hidden = scratch.path().join("s");
            let listener = BlockingListener::bind(&hidden).map_err(failed)?;
            fs::set_permissions(&hidden, Permissions::from_mode(mode)).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            let listener = UnixListener::from_std(listener).map_err(failed)?;
            fs::rename(&hidden, path).map_err(failed)?;
            let identity = identity(path).map_err(failed)?;
            Ok((listener, Self { path: path.to_owned(), identity }))
        }
    }

    impl Drop for SocketFile {
        fn drop(&mut self) {
            if identity(&self.path).is_ok_and(|found| found == self.identity)
                && let Err(cause) = fs::remove_file(&self.path)
            {
                tracing::warn!(path = %self.path.display(), %cause, "the socket could not be removed");
            }
        }
    }

    fn identity(path: &Path) -> io::Result<FileIdentity> {
        fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
    }

    /// Refuses a file that is no socket, and a socket that a process listens on.
    fn refuse_if_in_use(path: &Path) -> Result<(), Failure> {
        let refused = |why: &str| Err(Failure(format!("cannot listen on unix:{}: {why}", path.display())));
        let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
        if !found.file_type().is_socket() {
            return refused("a file that is no socket is there; move it away, or name another path");
        }
        match UnixStream::connect(path) {
            Ok(_) => refused("another process listens on it"),
            Err(cause) if cause.kind() == ErrorKind::ConnectionRefused => {
                tracing::info!(path = %path.display(), "a socket that a dead process left is replaced");
                Ok(())
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
            // Its queue is full, or it may not be connected to: some process may listen.
            Err(cause) => refused(&format!(
                "a socket is there, and whether a process listens on it is not known: {cause}"
            )),
        }
    }
}
