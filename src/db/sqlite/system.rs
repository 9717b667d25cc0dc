//! File metadata and access by system: device, inode and hard links exist only on Unix.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// Device and inode, which identify a file.
pub(super) type Identity = (u64, u64);

#[cfg(unix)]
pub(super) fn read_at_start(file: &File, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, 0)
}

#[cfg(not(unix))]
pub(super) fn read_at_start(mut file: &File, bytes: &mut [u8]) -> io::Result<()> {
    use std::io::Seek;
    file.rewind()?;
    file.read_exact(bytes)
}

/// Reads a shared descriptor from the start of its file, with a position of its own.
pub(super) struct FromStart<'f> {
    file: &'f File,
    at: u64,
}

impl<'f> FromStart<'f> {
    pub(super) fn of(file: &'f File) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for FromStart<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = read_at(self.file, bytes, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(at))?;
    file.read(bytes)
}

/// The free bytes of a file's file system for this process. Returns `None` if unknown.
#[cfg(unix)]
pub(super) fn free_bytes(file: &File) -> Option<u64> {
    let found = rustix::fs::fstatvfs(file).ok()?;
    // Some file systems report zero blocks.
    let blocks = if rustix::process::geteuid().is_root() { found.f_bfree } else { found.f_bavail };
    (found.f_blocks > 0).then(|| blocks.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
pub(super) fn free_bytes(_: &File) -> Option<u64> {
    None
}

/// Whether a file's file system is mounted read-only.
#[cfg(unix)]
pub(super) fn is_on_read_only_disk(file: &File) -> bool {
    let found = rustix::fs::fstatvfs(file);
    found.is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

#[cfg(not(unix))]
pub(super) fn is_on_read_only_disk(_: &File) -> bool {
    false
}

/// A lock that SQLite takes on the WAL's index, by its offset there.
#[derive(Clone, Copy, Debug)]
pub(super) enum WalLock {
    /// `WAL_WRITE_LOCK`: of the one writer.
    Write = 120,
    /// `WAL_CKPT_LOCK`: of a checkpoint.
    Checkpoint = 121,
}

/// Whether another process holds a lock of SQLite. Returns `None` if unknown. `index`: the WAL's index.
#[cfg(unix)]
pub(super) fn is_held_elsewhere(index: &File, lock: WalLock) -> Option<bool> {
    use rustix::process::{Flock, FlockType, fcntl_getlk};
    let wanted = Flock { start: lock as u64, length: 1, ..Flock::from(FlockType::WriteLock) };
    fcntl_getlk(index, &wanted).ok().map(|held| held.is_some())
}

#[cfg(not(unix))]
pub(super) fn is_held_elsewhere(_: &File, _: WalLock) -> Option<bool> {
    None
}

#[cfg(unix)]
pub(super) fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
pub(super) fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

/// A symbolic link at `name`.
#[cfg(unix)]
pub(super) fn link(to: &Path, name: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(std::path::absolute(to)?, name)
}

#[cfg(not(unix))]
pub(super) fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
pub(super) fn links(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
pub(super) fn links(_: &Metadata) -> u64 {
    1
}
