//! Whether the file still takes writes, for whoever decides where requests go.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::migrations;
use super::tx::Tx;
use crate::problem::{Busy, Problem};

/// The fewest pages that must be free below the limit of the file: a large request takes this many.
const FREE_PAGES_MIN: i64 = 64;

/// The file that was opened. Its path may lead elsewhere later, and then writes go where nobody finds them.
///
/// It has to outlive every connection of the process to this file: when a process closes a file, the system takes
/// from it all the locks that SQLite holds there.
pub(super) struct OpenedFile {
    path: PathBuf,
    file: File,
    identity: Identity,
}

/// What tells files apart.
type Identity = (u64, u64);

impl OpenedFile {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let identity = identity(&file.metadata()?);
        Ok(Self { path: path.to_owned(), file, identity })
    }

    /// Whether its path still leads to it.
    pub(super) fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|now| identity(&now) == self.identity)
    }

    /// Waits until the disk has all that was written to it.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere an open file cannot be taken away.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

/// Runs on the writer. Writes the schema's step over itself: that changes nothing, and has to reach the
/// disk like any other write.
pub(super) fn probe(tx: &Tx) -> Result<(), Problem> {
    let pragma = |name: &str| tx.row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let step = pragma("user_version")?;
    if step != i64::from(migrations::last()) {
        return Err(Problem::Unavailable(Busy::OtherSchema));
    }
    let free = pragma("max_page_count")? - pragma("page_count")? + pragma("freelist_count")?;
    if free < FREE_PAGES_MIN {
        return Err(Problem::Unavailable(Busy::DiskFull));
    }
    tx.execute(&format!("PRAGMA user_version = {step}"), []).map(drop)
}
