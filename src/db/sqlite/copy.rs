//! Copies of the whole file, for a backup, a restore and before a schema step.
//!
//! A copy is one consistent snapshot of the database, even while a server writes to it. It is written under a
//! temporary name, checked, synced, and only then renamed, so an existing copy is always complete. Like the database
//! it is readable only by its owner.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use rusqlite::Connection;
use tempfile::NamedTempFile;

use super::connection::{self, Source};
use super::files::{self, folder};
use crate::temporary;

/// A checked and synced copy of an open database in the folder of `target`, still under a temporary name.
pub(super) fn make(connection: &Connection, target: &Path) -> io::Result<NamedTempFile> {
    temporary::sweep(folder(target));
    let copy = temporary::file(folder(target), "copy")?;
    files::check_length(copy.path())?;
    // As bytes, because a path need not be UTF-8. SQLite accepts an existing file if it is empty, which preserves its
    // mode.
    let path = copy.path().as_os_str().as_encoded_bytes();
    connection.execute("VACUUM INTO CAST(?1 AS TEXT)", [path]).map_err(io::Error::other)?;
    let source = Source::shared(copy.path());
    let opened = connection::open_plain(&source).and_then(mapped).map_err(io::Error::other);
    opened
        .and_then(|copy| check(&copy))
        .map_err(|cause| io::Error::other(format!("the copy is not sound: {cause}")))?;
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Renames a copy to an unused name, and returns its length.
pub(super) fn place(copy: NamedTempFile, target: &Path) -> io::Result<u64> {
    settle(&copy.persist_noclobber(target)?, target)
}

/// Renames a copy to `target`, replacing an existing file.
pub(super) fn replace(copy: NamedTempFile, target: &Path) -> io::Result<u64> {
    settle(&copy.persist(target)?, target)
}

/// Syncs the folder, so that the name is on disk too.
fn settle(file: &fs::File, target: &Path) -> io::Result<u64> {
    if cfg!(unix) {
        fs::File::open(folder(target))?.sync_all()?;
    }
    Ok(file.metadata()?.len())
}

/// Whether two copies have the same bytes, as they do if nothing was written in between.
pub(super) fn is_same_content(one: &Path, other: &Path) -> bool {
    const PART: u64 = 1 << 20;
    let same = || -> io::Result<bool> {
        let (mut one, mut other) = (fs::File::open(one)?, fs::File::open(other)?);
        if one.metadata()?.len() != other.metadata()?.len() {
            return Ok(false);
        }
        let (mut of_one, mut of_other) = (Vec::new(), Vec::new());
        loop {
            of_one.clear();
            of_other.clear();
            one.by_ref().take(PART).read_to_end(&mut of_one)?;
            other.by_ref().take(PART).read_to_end(&mut of_other)?;
            if of_one != of_other || of_one.is_empty() {
                return Ok(of_one == of_other);
            }
        }
    };
    // An unreadable file counts as different.
    same().unwrap_or(false)
}

/// Reads the file through a memory map, which is safe since no other process knows it: a check reads most pages several
/// times, and without a map each of these is copied.
fn mapped(copy: Connection) -> rusqlite::Result<Connection> {
    copy.pragma_update(None, "mmap_size", i64::MAX)?;
    Ok(copy)
}

/// Checks the integrity of a database: pages, indexes and foreign keys.
pub(super) fn check(connection: &Connection) -> io::Result<()> {
    let whole: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(io::Error::other)?;
    if whole != "ok" {
        return Err(io::Error::other(whole));
    }
    let dangling = connection.prepare("PRAGMA foreign_key_check").and_then(|mut check| check.exists([]));
    if dangling.map_err(io::Error::other)? {
        return Err(io::Error::other("a row refers to a missing one"));
    }
    Ok(())
}
