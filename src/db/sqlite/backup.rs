//! Backups, and restoring from one.

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

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How long the file is.
    pub bytes: u64,
    /// The last schema step that it has seen.
    pub step: u32,
}

/// What a restored database was made of, and where the old one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is there now.
    pub copied: Copied,
    /// The files that were there before: the database, and what lay beside it and would be taken for the new one's.
    pub kept: Vec<PathBuf>,
}

/// Writes the database at `database` into a new file at `target`, also while it is served. A file that is
/// there already stays, unless it may be replaced.
pub fn back_up(database: &Path, target: &Path, may_replace: bool) -> Result<Copied, Failure> {
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
    // Also a link that leads nowhere is there.
    if is_there(target) {
        refuse_to_replace(target, may_replace)?;
    }
    let (database, target) = (&real_path(database)?, &real_path(target)?);
    refuse_in_use(target)?;
    // Held until the new file has the name, so that no server comes to serve the old one.
    let lock = if target.exists() { Some(lock_replaced(target)?) } else { None };
    let connection = connect(database)?;
    let step = migrations::step(&connection, database)?;
    if step == 0 {
        return Err(Failure(format!("{} is empty, so there is nothing to back up", database.display())));
    }
    let copy = copy::make(&connection, target).map_err(|cause| failed("the backup", target, &cause))?;
    // Again: the copy took its time.
    refuse_in_use(target)?;
    let placed = if may_replace { copy::replace(copy, target) } else { copy::place(copy, target) };
    let placed = placed.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => taken(target),
        _ => failed("the backup", target, &cause),
    });
    drop(lock);
    placed.map(|bytes| Copied { bytes, step })
}

fn refuse_to_replace(target: &Path, may_replace: bool) -> Result<(), Failure> {
    if !may_replace {
        return Err(taken(target));
    }
    if files::is_kept(target) {
        let detail =
            "was kept because it may have what no other file has; name another file, or move it away";
        return Err(Failure(format!("{} {detail}", target.display())));
    }
    if target.is_file() && OpenedFile::new(target).is_ok_and(|file| file.is_locked()) {
        let detail = "is a database that a server has under another name; name another file";
        return Err(Failure(format!("{} {detail}", target.display())));
    }
    Ok(())
}

/// What lies beside the target would be taken for the log of the backup. It is there when another program uses the old
/// file as a database, or was killed while he did: then it holds writes that are nowhere else.
fn refuse_in_use(target: &Path) -> Result<(), Failure> {
    let Some(companion) = files::companion(target) else { return Ok(()) };
    Err(Failure(format!(
        "{} lies beside {}, so that is a database in use or its user was killed; name another file, or stop that \
         user and move both away",
        companion.display(),
        target.display()
    )))
}

/// A server that goes on with a file that lost its name would write where nobody finds it.
fn lock_replaced(target: &Path) -> Result<ServeLock, Failure> {
    let lock = ServeLock::take_if_free(target)?;
    lock.ok_or_else(|| {
        Failure(format!("a server is serving {}; name another file, or stop it first", target.display()))
    })
}

/// Puts what is in `backup` in the place of `database`, which no server may hold. What was there is kept
/// beside it under another name.
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

/// Gives the old file a second name, after folding its log into it. One that cannot be read any more is kept
/// as it is, with its log beside it; and so is a log whose file was taken away, since it may hold the last
/// writes of a server that was killed.
fn keep(database: &Path) -> Result<Vec<PathBuf>, Failure> {
    let has_file = database.exists();
    if has_file {
        fold(database)?;
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

/// Folds the log into the file, which works only when nobody else has it open.
fn fold(database: &Path) -> Result<(), Failure> {
    let path = database.display();
    let folded = connection::open_plain(&Source::shared(database)).and_then(|connection| {
        if migrations::step_of_ours(&connection)?.is_none() {
            return Ok(Err(Failure(format!("{path} is not a brms database, so it was left as it is"))));
        }
        let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        let in_use = || Failure(format!("another program has {path} open; stop it first"));
        Ok(if mode == "delete" { Ok(()) } else { Err(in_use()) })
    });
    match folded {
        Ok(outcome) => outcome,
        Err(cause) if is_damaged(&cause) => Ok(()),
        Err(cause) => Err(Failure(format!(
            "{path} cannot be put aside: {cause}; if another program has it open, stop that first"
        ))),
    }
}

/// A file that is no database (any more) is what a restore may have to replace.
fn is_damaged(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

fn connect(path: &Path) -> Result<Connection, Failure> {
    let failed =
        |cause: &dyn std::fmt::Display| Failure(format!("{} cannot be opened: {cause}", path.display()));
    files::check_length(path).map_err(|cause| failed(&cause))?;
    connection::require_file(path).map_err(|cause| failed(&cause))?;
    let file = OpenedFile::new(path).map_err(|cause| failed(&cause))?;
    opening::refuse_other_name(&file)?;
    // Before any connection, whose locks it would take along.
    drop(file);
    let source = Source::to_read(path).map_err(|cause| failed(&cause))?;
    connection::open_plain(&source).map_err(|cause| failed(&cause))
}

fn failed(what: &str, path: &Path, cause: &dyn std::fmt::Display) -> Failure {
    Failure(format!("{what} {} cannot be written: {cause}; nothing was changed", path.display()))
}

fn taken(path: &Path) -> Failure {
    Failure(format!("there is a file {} already; name another, or give --force", path.display()))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
