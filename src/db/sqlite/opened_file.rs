//! The opened file, and whether its path still leads to it.
//!
//! Another program can remove, replace, truncate or overwrite the file while it is served. SQLite would go on from its
//! cache and report success, so the writer checks the file around each transaction: a few `stat` calls, and only after
//! another program wrote to the file, a comparison with a new connection's view.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::files::{self, with_suffix};
use super::header::Header;
use super::log_check;
use super::seen::{Seen, State, state};
use super::system::{self, FromStart, Identity, WalLock, identity, links, read_at_start};

/// The database file, open for as long as this process uses it.
///
/// It must outlive every connection of the process to this file: when a process closes any handle of a file, POSIX
/// releases all locks that SQLite holds on it.
pub(super) struct OpenedFile {
    path: PathBuf,
    file: File,
    identity: Identity,
    /// The symbolic link that led to the file, if it is reached by one.
    link: Option<PathBuf>,
    /// Whether the last look has found a second name (a hard link), and whether one was noticed already.
    has_other_names: AtomicBool,
    is_name_noticed: AtomicBool,
    /// The WAL and its index, known once the first connection has opened them.
    beside: OnceLock<[(PathBuf, Identity); 2]>,
    /// The WAL and its index, open as long as the file, since closing them would release SQLite's locks too.
    log: OnceLock<File>,
    index: OnceLock<File>,
    seen: Mutex<Seen>,
}

/// The result of a file check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileStatus {
    /// The file that was opened, and only this process has written to it.
    Unchanged,
    /// The file, its WAL or the WAL's index is no longer at its path.
    Gone,
    /// Another program has written to it: a checkpoint by another brms, or damage.
    Written,
    /// The check failed, for example with an I/O error.
    Unknown,
}

/// The result of the check before a transaction.
pub(super) struct BeforeTransaction {
    pub(super) status: FileStatus,
    /// Mode 0444 means read-only, even for root.
    pub(super) is_read_only: bool,
    pub(super) is_log_unchanged: bool,
}

impl OpenedFile {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&metadata),
            link: None,
            has_other_names: AtomicBool::default(),
            is_name_noticed: AtomicBool::default(),
            beside: OnceLock::new(),
            log: OnceLock::new(),
            index: OnceLock::new(),
            seen: Mutex::new(Seen {
                state: state(&metadata),
                log: None,
                checkpoints: 0,
                is_result_unknown: false,
            }),
            file,
        })
    }

    /// Also looks whether the path that the file was reached by still leads to it.
    pub(super) fn reached_by(self, path: &Path) -> Self {
        let link = (path != self.path).then(|| path.to_owned());
        Self { link, ..self }
    }

    /// Locks out other servers, including one that uses another name of the file (a hard link). Returns false if one
    /// holds the lock. Held until [`OpenedFile::unlock`] or the end of the process. On a file system without such
    /// locks, only the lock file counts.
    pub(super) fn try_lock(&self) -> bool {
        // Elsewhere such a lock would block SQLite too.
        !cfg!(unix) || !matches!(self.file.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Whether a server holds the file.
    pub(super) fn is_locked(&self) -> bool {
        let locked = self.file.try_lock_shared();
        if locked.is_ok() {
            let _ = self.file.unlock();
        }
        matches!(locked, Err(TryLockError::WouldBlock))
    }

    /// Unlocks without closing the file, which would release SQLite's locks.
    pub(super) fn unlock(&self) -> io::Result<()> {
        self.file.unlock()
    }

    /// Records the WAL and its index after SQLite has opened them.
    pub(super) fn record_wal_files(&self) -> io::Result<()> {
        let remember = |suffix: &str| {
            let path = with_suffix(&self.path, suffix);
            fs::metadata(&path).map(|metadata| (path, identity(&metadata)))
        };
        let found = [remember("-wal")?, remember("-shm")?];
        let _ = self.log.set(File::open(&found[0].0)?);
        let _ = self.index.set(File::open(&found[1].0)?);
        let _ = self.beside.set(found);
        self.accept();
        Ok(())
    }

    /// Whether the file has any write permission. Mode 0444 means read-only, even for root.
    pub(super) fn may_be_written(&self) -> bool {
        fs::metadata(&self.path).map_or(true, |metadata| !metadata.permissions().readonly())
    }

    /// Checks whether the file, its WAL and the WAL's index are still the ones that were opened, with one `stat` of each.
    pub(super) fn status(&self) -> FileStatus {
        let seen = self.seen();
        self.check_all(&seen).map_or_else(|status| status, |(status, _)| status)
    }

    /// [`OpenedFile::status`] after a transaction; it also records the WAL's state.
    pub(super) fn check_after_transaction(&self) -> FileStatus {
        let mut seen = self.seen();
        match self.check_all(&seen) {
            Ok((status, log)) => {
                seen.log = log;
                status
            }
            Err(look) => look,
        }
    }

    /// The check before a transaction. It omits the WAL's index: a missing one is detected after the transaction.
    pub(super) fn check_before_transaction(&self) -> BeforeTransaction {
        let seen = self.seen();
        let found = self.check_file(&seen).and_then(|file| Ok((file, self.check_wal_file(0)?)));
        match found {
            Ok((file, log)) => BeforeTransaction {
                status: file.0,
                is_read_only: file.1.permissions().readonly(),
                is_log_unchanged: seen.is_log_unchanged(log),
            },
            Err(status) => BeforeTransaction { status, is_read_only: false, is_log_unchanged: true },
        }
    }

    /// The caller holds the guard of `seen`, so that no checkpoint of this process ends during the check. An error is the
    /// status of a missing or unreadable file.
    fn check_all(&self, seen: &Seen) -> Result<(FileStatus, Option<State>), FileStatus> {
        let (status, metadata) = self.check_file(seen)?;
        self.has_other_names.store(links(&metadata) > 1, Ordering::Relaxed);
        if let Some(link) = &self.link {
            metadata_of(link, self.identity)?;
        }
        let log = self.check_wal_file(0)?;
        self.check_wal_file(1)?;
        Ok((status, log))
    }

    fn check_file(&self, seen: &Seen) -> Result<(FileStatus, Metadata), FileStatus> {
        let metadata = metadata_of(&self.path, self.identity)?;
        let is_as_seen = seen.checkpoints > 0 || seen.is_result_unknown || state(&metadata) == seen.state;
        Ok((if is_as_seen { FileStatus::Unchanged } else { FileStatus::Written }, metadata))
    }

    /// The state of the WAL (0) or its index (1), if they are known yet.
    fn check_wal_file(&self, at: usize) -> Result<Option<State>, FileStatus> {
        let Some(beside) = self.beside.get() else { return Ok(None) };
        let (path, identity) = &beside[at];
        metadata_of(path, *identity).map(|metadata| Some(state(&metadata)))
    }

    /// Whether the file has the length of its last verified state.
    pub(super) fn has_same_length(&self) -> bool {
        let length = self.seen().state.0;
        // Of the open file, which can be looked at whatever becomes of its folder. A look that fails tells nothing.
        self.file.metadata().map_or(true, |now| now.len() == length)
    }

    /// Whether the file itself is at its path, regardless of its WAL.
    pub(super) fn is_in_place(&self) -> bool {
        self.is_at(&self.path)
    }

    fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|now| identity(&now) == self.identity)
    }

    /// The symbolic link that no longer leads to the file.
    pub(super) fn link_elsewhere(&self) -> Option<&Path> {
        self.link.as_deref().filter(|link| !self.is_at(link))
    }

    /// Whether only this process has written to the open file, wherever it is by now.
    pub(super) fn is_open_file_unchanged(&self) -> bool {
        let seen = self.seen();
        seen.checkpoints > 0
            || seen.is_result_unknown
            || self.file.metadata().is_ok_and(|now| state(&now) == seen.state)
    }

    /// The WAL and its index, if they are still the ones that SQLite opened.
    pub(super) fn own_wal_files(&self) -> Vec<PathBuf> {
        let is_own =
            |(path, was): &&(PathBuf, Identity)| fs::metadata(path).is_ok_and(|now| identity(&now) == *was);
        self.beside.get().into_iter().flatten().filter(is_own).map(|(path, _)| path.clone()).collect()
    }

    /// The path of the WAL.
    fn log_path(&self) -> Option<&Path> {
        self.beside.get().map(|beside| beside[0].0.as_path())
    }

    /// The number of valid frames in the WAL. Returns `None` before the first connection has opened it.
    pub(super) fn valid_log_frames(&self) -> Option<io::Result<u64>> {
        self.log.get().map(log_check::valid_frames)
    }

    /// Reads the whole file and its WAL, past SQLite: an error is one of the disk, and not of the content.
    pub(super) fn read_through(&self) -> io::Result<()> {
        for file in std::iter::once(&self.file).chain(self.log.get()) {
            io::copy(&mut BufReader::with_capacity(1 << 20, FromStart::of(file)), &mut io::sink())?;
        }
        Ok(())
    }

    /// The current state of the WAL.
    pub(super) fn log_state(&self) -> Option<State> {
        self.log_path().and_then(|log| fs::metadata(log).ok()).map(|metadata| state(&metadata))
    }

    /// The current length of the WAL.
    pub(super) fn log_bytes(&self) -> u64 {
        self.log_state().map_or(0, |(length, _)| length)
    }

    /// Whether the WAL is unchanged since this process last wrote to it.
    pub(super) fn is_log_unchanged(&self) -> bool {
        let seen = self.seen();
        seen.is_log_unchanged(self.log_state())
    }

    /// Records the WAL's state after a write of this process.
    pub(super) fn record_log_state(&self) {
        let mut seen = self.seen();
        seen.log = self.log_state();
    }

    /// The WAL's salts, which change whenever the WAL restarts. The WAL's index has them even while the WAL is empty.
    pub(super) fn wal_salts(&self) -> Option<[u8; 8]> {
        const SALTS: usize = 32;
        let mut header = [0; SALTS + 8];
        read_at_start(self.index.get()?, &mut header).ok()?;
        header[SALTS..].try_into().ok()
    }

    /// Whether another process holds a lock of SQLite. Returns `None` if unknown.
    pub(super) fn is_held_elsewhere(&self, lock: WalLock) -> Option<bool> {
        self.index.get().and_then(|index| system::is_held_elsewhere(index, lock))
    }

    /// The current state of the file, to be accepted after it is verified.
    pub(super) fn state(&self) -> io::Result<State> {
        fs::metadata(&self.path).map(|metadata| state(&metadata))
    }

    /// Records a verified state of the file.
    pub(super) fn accept_state(&self, state: State) {
        let mut seen = self.seen();
        (seen.state, seen.is_result_unknown) = (state, false);
    }

    /// Records the current state of the file as verified.
    pub(super) fn accept(&self) {
        self.accept_as(&mut self.seen());
    }

    fn accept_as(&self, seen: &mut Seen) {
        // Of the open file: its folder may be out of reach for a moment, and what is at its path is checked elsewhere.
        match self.file.metadata() {
            Ok(metadata) => (seen.state, seen.is_result_unknown) = (state(&metadata), false),
            Err(_) => seen.is_result_unknown = true,
        }
        seen.log = self.log_state();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a checkpoint of this process is running.
    pub(super) fn is_checkpointing(&self) -> bool {
        self.seen().checkpoints > 0
    }

    /// A guard for a checkpoint by this process. `None` if the file is not as it was verified: then there must be none.
    pub(super) fn begin_checkpoint(&self) -> Option<OwnCheckpoint<'_>> {
        let mut seen = self.seen();
        if seen.checkpoints == 0 && !seen.is_result_unknown && self.state().ok() != Some(seen.state) {
            return None;
        }
        seen.checkpoints += 1;
        Some(OwnCheckpoint(self))
    }

    /// The file's header, as it is on disk.
    pub(super) fn header(&self) -> io::Result<Header> {
        Header::of(&self.file)
    }

    /// The free bytes of the file system for this process. Returns `None` if unknown.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        system::free_bytes(&self.file)
    }

    /// Whether the file system is mounted read-only.
    pub(super) fn is_on_read_only_disk(&self) -> bool {
        system::is_on_read_only_disk(&self.file)
    }

    /// The number of hard links.
    pub(super) fn links(&self) -> u64 {
        self.file.metadata().map_or(1, |metadata| links(&metadata))
    }

    /// Other names of the file in its folder, if it has more than one name.
    pub(super) fn other_names(&self) -> Vec<PathBuf> {
        if self.links() > 1 { files::other_names(&self.path, self.identity) } else { Vec::new() }
    }

    /// Whether a second name is there that was not noticed before.
    pub(super) fn has_new_name(&self) -> bool {
        self.has_other_names.load(Ordering::Relaxed) && !self.is_name_noticed.swap(true, Ordering::Relaxed)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file's data to disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// The metadata of a path if it still leads to the file that was opened; an error is its status otherwise.
fn metadata_of(path: &Path, opened: Identity) -> Result<Metadata, FileStatus> {
    match fs::metadata(path) {
        Ok(metadata) if identity(&metadata) == opened => Ok(metadata),
        Ok(_) => Err(FileStatus::Gone),
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(FileStatus::Gone)
        }
        Err(_) => Err(FileStatus::Unknown),
    }
}

/// A running checkpoint.
pub(super) struct OwnCheckpoint<'f>(&'f OpenedFile);

impl Drop for OwnCheckpoint<'_> {
    fn drop(&mut self) {
        let mut seen = self.0.seen();
        seen.checkpoints -= 1;
        // A checkpoint does not shorten the file unless another program has vacuumed it: then the next check compares.
        if self.0.file.metadata().map_or(true, |now| now.len() >= seen.state.0) {
            self.0.accept_as(&mut seen);
        }
    }
}

#[cfg(test)]
#[path = "opened_file_tests.rs"]
mod tests;
