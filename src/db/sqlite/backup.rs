//! Backup and restore.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::connection::{self, Source};
use super::files::{self, COMPANIONS, is_there, numbered, real_path, with_suffix};
use super::lock::ServeLock;
use super::opened_file::OpenedFile;
use super::{copy, migrations, opening};
use crate::failure::Failure;

/// The result of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The length of the file.
    pub bytes: u64,
    /// The last schema step applied to it.
    pub step: u32,
}

/// What becomes of a file that has the name of a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the call fails.
    Kept,
    /// The new file replaces it.
    Replaced,
}

/// The result of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The restored database.
    pub copied: Copied,
    /// The previous database and its companion files (WAL, journal), under their new names.
    pub kept: Vec<PathBuf>,
}

/// Writes a copy of `database` to the new file `target`; the database may be in use. `existing` is
/// what becomes of a file that is there already.
pub fn back_up(database: &Path, target: &Path, existing: Existing) -> Result<Copied, Failure> {
    if is_same_file(database, target) {
        return Err(Failure(format!("{} is the database itself; name another file", target.display())));
    }
    if let Some(owner) = files::database_of(target).filter(|owner| owner != target) {
        return Err(Failure(format!(
            "{} belongs to the database {}; name another file",
            target.display(),
            owner.display()
        )));
    }
    // True for a dangling symbolic link too.
    if is_there(target) {
        refuse_to_replace(target, existing)?;
    }
    let (database, target) = (&real_path(database)?, &real_path(target)?);
    refuse_in_use(target)?;
    // Held until the new file has its name, so that no server starts on the old one meanwhile.
    let lock = if target.exists() { Some(lock_target(target)?) } else { None };
    let connection = connect(database)?;
    let step = migrations::step(&connection, database)?;
    if step == 0 {
        return Err(Failure(format!("{} is empty, so there is nothing to back up", database.display())));
    }
    let copy = copy::make(&connection, target).map_err(|cause| failed("the backup", target, &cause))?;
    // Check again: the copy takes time.
    refuse_in_use(target)?;
    let placed = match existing {
        Existing::Replaced => copy::replace(copy, target),
        Existing::Kept => copy::place(copy, target),
    };
    let placed = placed.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => already_exists(target),
        _ => failed("the backup", target, &cause),
    });
    drop(lock);
    placed.map(|bytes| Copied { bytes, step })
}

fn refuse_to_replace(target: &Path, existing: Existing) -> Result<(), Failure> {
    if existing == Existing::Kept {
        return Err(already_exists(target));
    }
    if files::is_kept_copy(target) {
        let detail =
            "was kept because it may hold the only copy of some data; name another file, or move it away";
        return Err(Failure(format!("{} {detail}", target.display())));
    }
    if target.is_file() && OpenedFile::new(target).is_ok_and(|file| file.is_locked()) {
        let detail = "is a database that a server has open under another name; name another file";
        return Err(Failure(format!("{} {detail}", target.display())));
    }
    Ok(())
}

/// A companion file beside the target would be taken for the WAL of the backup. It exists if another program has the
/// old file open as a database, or was killed; then it may hold the only copy of some writes.
fn refuse_in_use(target: &Path) -> Result<(), Failure> {
    let Some(companion) = files::companion(target) else { return Ok(()) };
    Err(Failure(format!(
        "{} exists beside {}, so that database is in use, or its process was killed; name another file, or stop that \
         process and move both away",
        companion.display(),
        target.display()
    )))
}

/// A server that holds the replaced file would go on writing into a deleted file.
fn lock_target(target: &Path) -> Result<ServeLock, Failure> {
    let lock = ServeLock::take_if_free(target)?;
    lock.ok_or_else(|| {
        Failure(format!("a server is serving {}; name another file, or stop it first", target.display()))
    })
}

/// Replaces `database`, which no server may hold, with the content of `backup`. The previous file is kept beside it
/// under another name.
pub fn restore(backup: &Path, database: &Path) -> Result<Restored, Failure> {
    if is_same_file(backup, database) {
        return Err(Failure(format!("{} is the database itself; name a backup", backup.display())));
    }
    if !backup.exists() {
        return Err(Failure(format!("there is no backup {}", backup.display())));
    }
    let database = &real_path(database)?;
    let source = connect(backup)?;
    let step = migrations::step(&source, backup)?;
    if step == 0 {
        return Err(Failure(format!("{} is empty; it is no backup", backup.display())));
    }
    migrations::refuse_newer(step, backup, migrations::ALL)?;
    copy::check(&source)
        .map_err(|cause| Failure(format!("{} is damaged, so it was not taken: {cause}", backup.display())))?;
    let lock = ServeLock::take(database)?;
    let copy = copy::make(&source, database)
        .and_then(|copy| files::hand_over(copy.as_file(), database).map(|()| copy))
        .map_err(|cause| failed("the database", database, &cause))?;
    let kept = keep(database)?;
    let placed = copy::replace(copy, database).map_err(|cause| failed("the database", database, &cause));
    drop(lock);
    placed.map(|bytes| Restored { copied: Copied { bytes, step }, kept })
}

/// Gives the old file a second name, after a checkpoint of its WAL. A damaged file is kept as it is, together with its
/// WAL. A WAL without a database file is kept too: it may hold the last writes of a killed server.
fn keep(database: &Path) -> Result<Vec<PathBuf>, Failure> {
    let has_file = database.exists();
    if has_file {
        remove_log(database)?;
    } else if files::companion(database).is_none() {
        return Ok(Vec::new());
    }
    let name =
        numbered(database, files::BEFORE_RESTORE).find(|name| files::is_free(name)).ok_or_else(|| {
            Failure(format!("{} has too many old files beside it; remove some", database.display()))
        })?;
    let mut kept = Vec::new();
    if has_file {
        fs::hard_link(database, &name).map_err(|cause| failed("the old database", &name, &cause))?;
        kept.push(name.clone());
    }
    for suffix in COMPANIONS {
        let (from, to) = (with_suffix(database, suffix), with_suffix(&name, suffix));
        if is_there(&from) {
            fs::rename(&from, &to).map_err(|cause| failed("the log of the old database", &to, &cause))?;
            kept.push(to);
        }
    }
    Ok(kept)
}

/// Checkpoints the WAL and removes it. Fails while another process has the database open.
fn remove_log(database: &Path) -> Result<(), Failure> {
    let path = database.display();
    let removed = connection::open_plain(&Source::shared(database)).and_then(|connection| {
        if migrations::find_step(&connection)?.is_none() {
            return Ok(Err(Failure(format!("{path} is not a brms database, so it was left as it is"))));
        }
        let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        let in_use = || Failure(format!("another program has {path} open; stop it first"));
        Ok(if mode == "delete" { Ok(()) } else { Err(in_use()) })
    });
    match removed {
        Ok(outcome) => outcome,
        Err(cause) if is_damaged(&cause) => Ok(()),
        Err(cause) => Err(Failure(format!(
            "{path} cannot be moved aside: {cause}; if another program has it open, stop that first"
        ))),
    }
}

/// A damaged file is no obstacle: a restore is the way to replace it.
fn is_damaged(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

pub(super) fn connect(path: &Path) -> Result<Connection, Failure> {
    let failed =
        |cause: &dyn std::fmt::Display| Failure(format!("{} cannot be opened: {cause}", path.display()));
    files::check_length(path).map_err(|cause| failed(&cause))?;
    connection::require_file(path).map_err(|cause| failed(&cause))?;
    let file = OpenedFile::new(path).map_err(|cause| failed(&cause))?;
    opening::refuse_file_of_another_name(&file)?;
    // Dropped before any connection is opened: closing the file would release SQLite's locks.
    drop(file);
    let source = Source::to_read(path).map_err(|cause| failed(&cause))?;
    connection::open_plain(&source).map_err(|cause| failed(&cause))
}

fn failed(what: &str, path: &Path, cause: &dyn std::fmt::Display) -> Failure {
    Failure(format!("{what} {} cannot be written: {cause}; nothing was changed", path.display()))
}

fn already_exists(path: &Path) -> Failure {
    Failure(format!("there is a file {} already; name another, or give --force", path.display()))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
