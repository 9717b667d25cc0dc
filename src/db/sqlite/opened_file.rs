//! The file that was opened, and whether it is still the one that its path leads to.
//!
//! Another program can remove, replace, truncate or overwrite the file while it is served. SQLite would go on
//! from its cache and report success, so the writer looks at the file around each transaction: a few `stat`
//! calls, and only if another program wrote the file, a comparison with what a new connection finds in it.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use super::files::with_suffix;
use super::system::{Identity, identity, links, read_at_start};

/// The file of a database, for as long as this process uses it.
///
/// It has to outlive every connection of the process to this file: when a process closes a file, the system takes
/// from it all the locks that SQLite holds there.
pub(super) struct OpenedFile {
    path: PathBuf,
    file: File,
    identity: Identity,
    /// What SQLite keeps beside the file, known once the first connection has opened it.
    beside: OnceLock<[(PathBuf, Identity); 2]>,
    /// The log, and its index: open for as long as the file, since closing it would free SQLite's locks in it, too.
    log: OnceLock<File>,
    index: OnceLock<File>,
    seen: Mutex<Seen>,
}

/// The file as it was when it was last known to be right.
struct Seen {
    state: State,
    /// The log, as this process left it.
    log: Option<State>,
    /// How many folds of the log go on in this process. They change the file as it should be changed.
    folds: u32,
}

impl Seen {
    fn is_log_as_left(&self, now: Option<State>) -> bool {
        self.folds > 0 || now == self.log
    }
}

/// What changes with each write: length and time.
pub(super) type State = (u64, Option<SystemTime>);

/// What a look at the file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It is the file that was opened, and only this process has written it.
    InPlace,
    /// It, or what SQLite keeps beside it, is not at its path any more.
    Gone,
    /// Another program has written it: a fold by another brms, or damage.
    Written,
    /// The system does not say, because of an I/O error for example.
    Unknown,
}

/// What was found before a transaction.
pub(super) struct Before {
    pub(super) look: Look,
    /// Mode 0444 means that it may not be written, even where root would be let through.
    pub(super) is_read_only: bool,
    pub(super) is_log_as_left: bool,
}

/// What the file itself says in its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// How long the file has to be. While another program folds its log into it, it is not yet.
    pub(super) bytes: u64,
    /// Changes with the schema, and with each `VACUUM INTO`.
    pub(super) schema_cookie: u32,
}

impl OpenedFile {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&metadata),
            beside: OnceLock::new(),
            log: OnceLock::new(),
            index: OnceLock::new(),
            seen: Mutex::new(Seen { state: state(&metadata), log: None, folds: 0 }),
            file,
        })
    }

    /// Keeps other servers out, including one that uses another name of the file (a hard link). Returns false if
    /// there is one. Held until [`OpenedFile::unlock`] or the end of the process. Where the file system has no such
    /// locks, the lock file alone decides.
    pub(super) fn try_lock(&self) -> bool {
        // Elsewhere such a lock would keep SQLite out as well.
        !cfg!(unix) || !matches!(self.file.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Whether some server has the file.
    pub(super) fn is_locked(&self) -> bool {
        let locked = self.file.try_lock_shared();
        if locked.is_ok() {
            let _ = self.file.unlock();
        }
        matches!(locked, Err(TryLockError::WouldBlock))
    }

    /// Without closing the file, which would take SQLite's locks away.
    pub(super) fn unlock(&self) -> io::Result<()> {
        self.file.unlock()
    }

    /// Remembers the log and the index of the log that SQLite opened.
    pub(super) fn remember_beside(&self) -> io::Result<()> {
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

    /// Whether anybody may write to it. Mode 0444 means nobody, even where root would be let through.
    pub(super) fn may_be_written(&self) -> bool {
        fs::metadata(&self.path).map_or(true, |metadata| !metadata.permissions().readonly())
    }

    /// Looks whether the file, its log and the log's index are still the ones that were opened: a `stat` of each.
    pub(super) fn look(&self) -> Look {
        let seen = self.seen();
        self.look_at_all(&seen).map_or_else(|look| look, |(look, _)| look)
    }

    /// The same after a transaction, which leaves the log as it is found.
    pub(super) fn look_after_transaction(&self) -> Look {
        let mut seen = self.seen();
        match self.look_at_all(&seen) {
            Ok((look, log)) => {
                seen.log = log;
                look
            }
            Err(look) => look,
        }
    }

    /// The same before a transaction, without the index: one that is gone is found afterwards.
    pub(super) fn look_before_transaction(&self) -> Before {
        let seen = self.seen();
        let found = self.look_at_file(&seen).and_then(|file| Ok((file, self.look_beside(0)?)));
        match found {
            Ok((file, log)) => Before {
                look: file.0,
                is_read_only: file.1.permissions().readonly(),
                is_log_as_left: seen.is_log_as_left(log),
            },
            Err(look) => Before { look, is_read_only: false, is_log_as_left: true },
        }
    }

    /// The guard of what was seen is held meanwhile, so that no checkpoint of ours ends in between. An error is a look at
    /// something that is not there.
    fn look_at_all(&self, seen: &Seen) -> Result<(Look, Option<State>), Look> {
        let (look, _) = self.look_at_file(seen)?;
        let log = self.look_beside(0)?;
        self.look_beside(1)?;
        Ok((look, log))
    }

    fn look_at_file(&self, seen: &Seen) -> Result<(Look, Metadata), Look> {
        let metadata = look_at(&self.path, self.identity)?;
        let is_as_seen = seen.folds > 0 || state(&metadata) == seen.state;
        Ok((if is_as_seen { Look::InPlace } else { Look::Written }, metadata))
    }

    /// The log (0) or its index (1).
    fn look_beside(&self, at: usize) -> Result<Option<State>, Look> {
        let Some(beside) = self.beside.get() else { return Ok(None) };
        let (path, identity) = &beside[at];
        look_at(path, *identity).map(|metadata| Some(state(&metadata)))
    }

    /// Whether the file is as long as it was when it was last known to be right.
    pub(super) fn has_same_length(&self) -> bool {
        let length = self.seen().state.0;
        self.state().is_ok_and(|(now, _)| now == length)
    }

    /// Whether the file itself is at its path, whatever became of what SQLite keeps beside it.
    pub(super) fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|now| identity(&now) == self.identity)
    }

    /// The log and its index, as far as they are the ones that SQLite opened.
    pub(super) fn own_beside(&self) -> Vec<PathBuf> {
        let is_own =
            |(path, was): &&(PathBuf, Identity)| fs::metadata(path).is_ok_and(|now| identity(&now) == *was);
        self.beside.get().into_iter().flatten().filter(is_own).map(|(path, _)| path.clone()).collect()
    }

    /// Where the log is.
    pub(super) fn log_path(&self) -> Option<&Path> {
        self.beside.get().map(|beside| beside[0].0.as_path())
    }

    /// The log as it is now.
    pub(super) fn log_state(&self) -> Option<State> {
        self.log_path().and_then(|log| fs::metadata(log).ok()).map(|metadata| state(&metadata))
    }

    /// How long the log is, as of now.
    pub(super) fn log_bytes(&self) -> u64 {
        self.log_state().map_or(0, |(length, _)| length)
    }

    /// Whether nobody has touched the log since this process did.
    pub(super) fn is_log_as_left(&self) -> bool {
        let seen = self.seen();
        seen.is_log_as_left(self.log_state())
    }

    /// Remembers the log as this process leaves it.
    pub(super) fn leave_log(&self) {
        let mut seen = self.seen();
        seen.log = self.log_state();
    }

    /// What tells one run of the log from the next. SQLite counts them and mixes in what is random, and the index of
    /// the log has both, also while the log is empty.
    pub(super) fn log_run(&self) -> Option<[u8; 8]> {
        const SALTS: usize = 32;
        let mut header = [0; SALTS + 8];
        read_at_start(self.index.get()?, &mut header).ok()?;
        header[SALTS..].try_into().ok()
    }

    /// Whether another process folds the log just now: it holds SQLite's lock for that.
    #[cfg(unix)]
    pub(super) fn is_folded_by_others(&self) -> bool {
        use rustix::process::{Flock, FlockType, fcntl_getlk};
        /// Where SQLite keeps `WAL_CKPT_LOCK` in the index of the log.
        const CHECKPOINT_LOCK: u64 = 121;
        let wanted = Flock { start: CHECKPOINT_LOCK, length: 1, ..Flock::from(FlockType::WriteLock) };
        self.index.get().is_some_and(|index| fcntl_getlk(index, &wanted).is_ok_and(|held| held.is_some()))
    }

    #[cfg(not(unix))]
    pub(super) fn is_folded_by_others(&self) -> bool {
        false
    }

    /// The file as it is now, to be accepted once it was compared.
    pub(super) fn state(&self) -> io::Result<State> {
        fs::metadata(&self.path).map(|metadata| state(&metadata))
    }

    /// Takes a state of the file for right.
    pub(super) fn accept_state(&self, state: State) {
        self.seen().state = state;
    }

    /// Takes the file as it is for right.
    pub(super) fn accept(&self) {
        self.accept_as(&mut self.seen());
    }

    fn accept_as(&self, seen: &mut Seen) {
        if let Ok(metadata) = fs::metadata(&self.path) {
            seen.state = state(&metadata);
        }
        seen.log = self.log_state();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be held while this process folds the log into the file. `None`: the file is not as it was seen last, and
    /// nothing may be folded into it.
    pub(super) fn folding(&self) -> Option<Folding<'_>> {
        let mut seen = self.seen();
        if seen.folds == 0 && self.state().ok() != Some(seen.state) {
            return None;
        }
        seen.folds += 1;
        Some(Folding(self))
    }

    /// The first bytes of the file, as they lie on the disk.
    pub(super) fn header(&self) -> io::Result<Header> {
        let mut bytes = [0; 100];
        read_at_start(&self.file, &mut bytes)?;
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let page_bytes = match u64::from(u16::from_be_bytes([bytes[16], bytes[17]])) {
            1 => 65_536,
            bytes => bytes,
        };
        Ok(Header { bytes: u64::from(number(28)) * page_bytes, schema_cookie: number(40) })
    }

    /// How many bytes the file system has left for this process; `None` where it does not say.
    #[cfg(unix)]
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let found = rustix::fs::fstatvfs(&self.file).ok()?;
        // Some file systems count nothing at all.
        let blocks = if rustix::process::geteuid().is_root() { found.f_bfree } else { found.f_bavail };
        (found.f_blocks > 0).then(|| blocks.saturating_mul(found.f_frsize))
    }

    #[cfg(not(unix))]
    pub(super) fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// Whether the file system was made read-only.
    #[cfg(unix)]
    pub(super) fn is_on_read_only_disk(&self) -> bool {
        let found = rustix::fs::fstatvfs(&self.file);
        found.is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
    }

    #[cfg(not(unix))]
    pub(super) fn is_on_read_only_disk(&self) -> bool {
        false
    }

    /// How many names the file has.
    pub(super) fn links(&self) -> u64 {
        self.file.metadata().map_or(1, |metadata| links(&metadata))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the disk has all that was written to it.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// The metadata of the path if it leads to the file that was opened, else what is to be said of it.
fn look_at(path: &Path, opened: Identity) -> Result<Metadata, Look> {
    match fs::metadata(path) {
        Ok(metadata) if identity(&metadata) == opened => Ok(metadata),
        Ok(_) => Err(Look::Gone),
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(Look::Gone)
        }
        Err(_) => Err(Look::Unknown),
    }
}

fn state(metadata: &Metadata) -> State {
    (metadata.len(), metadata.modified().ok())
}

/// A fold that goes on.
pub(super) struct Folding<'f>(&'f OpenedFile);

impl Drop for Folding<'_> {
    fn drop(&mut self) {
        let mut seen = self.0.seen();
        seen.folds -= 1;
        // A fold does not cut the file, unless another program has vacuumed it: then the next look compares.
        if self.0.state().is_ok_and(|(length, _)| length >= seen.state.0) {
            self.0.accept_as(&mut seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_while_this_process_folds_its_log_is_not_taken_for_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fs::write(&path, [0; 8192]).unwrap();
        let file = OpenedFile::new(&path).unwrap();
        let fold = file.folding().unwrap();
        fs::write(&path, [1; 12_288]).unwrap();
        drop(fold);
        assert_eq!(file.look(), Look::InPlace, "a fold makes it longer");
        let fold = file.folding().unwrap();
        fs::write(&path, [1; 8192]).unwrap();
        drop(fold);
        assert_eq!(file.look(), Look::Written);
    }
}
