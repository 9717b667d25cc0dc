//! Copies of the whole file: for a backup, for restoring from one, and before a schema step.
//!
//! A copy is one consistent moment of the database, also while a server writes into it. It is written
//! beside its place, checked, brought to the disk, and only then given its name: whoever sees it can trust
//! it. Like the database it is readable for its owner alone.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use rusqlite::Connection;
use tempfile::NamedTempFile;

use super::connection::{self, Source};
use super::files::{self, folder};
use crate::temporary;

/// A whole, checked copy of an open database in the folder of `target`, on the disk but without its name.
pub(super) fn make(connection: &Connection, target: &Path) -> io::Result<NamedTempFile> {
    temporary::sweep(folder(target));
    let copy = temporary::file(folder(target), "copy")?;
    files::check_length(copy.path())?;
    // Bytes, since a path need not be UTF-8. SQLite takes a file that is there if it is empty, and so it keeps the
    // mode it was made with.
    let path = copy.path().as_os_str().as_encoded_bytes();
    connection.execute("VACUUM INTO CAST(?1 AS TEXT)", [path]).map_err(io::Error::other)?;
    let source = Source::shared(copy.path());
    let check = connection::open_plain(&source).map_err(io::Error::other).and_then(|copy| check(&copy));
    check.map_err(|cause| io::Error::other(format!("the copy is not sound: {cause}")))?;
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Gives a copy a name that is free, and says how long it is.
pub(super) fn place(copy: NamedTempFile, target: &Path) -> io::Result<u64> {
    settle(&copy.persist_noclobber(target)?, target)
}

/// The same with a name that another file may have: that file is replaced.
pub(super) fn replace(copy: NamedTempFile, target: &Path) -> io::Result<u64> {
    settle(&copy.persist(target)?, target)
}

/// Brings the name to the disk, too.
fn settle(file: &fs::File, target: &Path) -> io::Result<u64> {
    if cfg!(unix) {
        fs::File::open(folder(target))?.sync_all()?;
    }
    Ok(file.metadata()?.len())
}

/// Whether two copies hold the same. They do when nothing was written between them.
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
    // One that cannot be read is not known to be the same.
    same().unwrap_or(false)
}

/// Whether a database is sound: its pages and indexes, and that nothing refers to what is not there.
pub(super) fn check(connection: &Connection) -> io::Result<()> {
    let whole: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(io::Error::other)?;
    if whole != "ok" {
        return Err(io::Error::other(whole));
    }
    let dangling = connection.prepare("PRAGMA foreign_key_check").and_then(|mut check| check.exists([]));
    if dangling.map_err(io::Error::other)? {
        return Err(io::Error::other("a row refers to one that is not there"));
    }
    Ok(())
}
