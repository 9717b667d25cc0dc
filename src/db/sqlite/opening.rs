//! Opening the file: locks, permissions, schema, and the threads that use it.

use super::checkpoint::Checkpointer;
use super::compare;
use super::connection::{self, Source};
use super::lock::ServeLock;
use super::opened_file::OpenedFile;
use super::options::{OlderFile, Options};
use super::pending::PendingWrites;
use super::shared::Shared;
use super::writer::Writer;
use super::{files, migrations, rescue};
use crate::clock::Clock;
use crate::failure::Failure;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The most writes that share one commit. Larger batches make requests and writer run in lock-step.
const BATCH_MAX: usize = 32;

/// Commands hold the lock for a moment to see whether a server has it.
const LOCK_RETRIES: usize = 20;
const LOCK_RETRY_DELAY: Duration = Duration::from_millis(25);

/// Refuses a second server that opens the file under another name: it would use a separate WAL.
pub(super) fn lock_out_other_servers(file: &OpenedFile, options: &Options) -> Result<(), Failure> {
    let path = options.path.display();
    if options.is_lock_held {
        refuse_log_of_another_name(file)?;
        let tries = std::iter::once(Duration::ZERO).chain([LOCK_RETRY_DELAY; LOCK_RETRIES]);
        for delay in tries {
            thread::sleep(delay);
            if file.try_lock() {
                return Ok(());
            }
        }
        return Err(Failure(format!(
            "another process has locked {path}: a server that opened it under another name (a hard link), or another \
             program that may read it; stop that, or use another --database"
        )));
    }
    refuse_file_of_another_name(file)
}

/// Refuses a file that a command must not open by its path: SQLite would use a WAL with it that is not its own.
pub(super) fn refuse_file_of_another_name(file: &OpenedFile) -> Result<(), Failure> {
    refuse_other_hard_link(file)?;
    refuse_log_of_another_name(file)?;
    refuse_in_place_of_a_served_file(file)
}

/// A server that holds the lock beside the path holds the file there, too, unless another file took its place. The WAL
/// there is that of the server's file, and the last command to close the other one would remove it.
fn refuse_in_place_of_a_served_file(file: &OpenedFile) -> Result<(), Failure> {
    let path = file.path();
    // A start, and a command that creates the file, lock one after the other.
    for delay in std::iter::once(Duration::ZERO).chain([LOCK_RETRY_DELAY; LOCK_RETRIES]) {
        thread::sleep(delay);
        if file.is_locked() || !ServeLock::is_held(path) {
            return Ok(());
        }
    }
    let path = path.display();
    Err(Failure(format!(
        "a server, or a command that replaces {path}, holds its lock, and the file there is not the one that the server \
         has open: it was moved or replaced. Stop the server; it puts its data into {path}.rescued, which you can \
         then rename"
    )))
}

/// A program that had the file open by another name, and was killed, has left its writes in a WAL of that name. If the
/// file was written by its other name since, a WAL of this name is not its own any more.
fn refuse_log_of_another_name(file: &OpenedFile) -> Result<(), Failure> {
    refuse_outdated_log(file)?;
    let has_log = |name: &PathBuf| files::with_suffix(name, "-wal").metadata().is_ok_and(|log| log.len() > 0);
    let Some(name) = file.other_names().into_iter().find(has_log) else { return Ok(()) };
    let (path, name) = (file.path().display(), name.display());
    Err(Failure(format!(
        "{path} has a second name, {name} (a hard link), and {name}-wal holds writes that were made by that name. To \
         keep them, run `sqlite3 {name} 'PRAGMA wal_checkpoint(TRUNCATE)'` when nothing has the file open; to discard \
         them, move that log away. Then remove the second name"
    )))
}

/// SQLite would replay an outdated WAL into the file. One that is older than the file has nothing that the file lacks,
/// unless its writes were lost before.
fn refuse_outdated_log(file: &OpenedFile) -> Result<(), Failure> {
    let path = file.path();
    let log = files::with_suffix(path, "-wal");
    let Some(name) = file.other_names().into_iter().next().filter(|_| !file.is_locked()) else {
        return Ok(());
    };
    let written = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let has_content = log.metadata().is_ok_and(|metadata| metadata.len() > 0);
    if !has_content || written(path) <= written(&log) {
        return Ok(());
    }
    let (path, log, name) = (path.display(), log.display(), name.display());
    Err(Failure(format!(
        "{path} has a second name, {name} (a hard link), and was written by that name after {log}, which would damage \
         it. Move that log away, then remove one of the two names"
    )))
}

/// A server under the same name shares its WAL with this process. One under another name does not, and its newest
/// writes would be missing.
fn refuse_other_hard_link(file: &OpenedFile) -> Result<(), Failure> {
    let path = file.path();
    if file.links() > 1
        && file.is_locked()
        && ServeLock::take_if_free(path)?.map(ServeLock::give_up).is_some()
    {
        return Err(Failure(format!(
            "a server has {} open under another name (a hard link); use the same path as the server",
            path.display()
        )));
    }
    Ok(())
}

/// The writer's connection, after migration. Returns `None` if the file is only read.
pub(super) fn first_connection(
    source: &Source,
    file: &OpenedFile,
    options: &Options,
) -> Result<Option<Connection>, Failure> {
    let path = &options.path;
    let failed = |cause: &dyn std::fmt::Display| {
        Failure(format!("the database {} cannot be opened: {cause}", path.display()))
    };
    let mut first = connection::open_plain(source).map_err(|cause| failed(&cause))?;
    let step = migrations::check_step(&first, path, migrations::ALL)?;
    if options.older == OlderFile::ReadOnly {
        let is_empty = step == 0;
        return if is_empty { Err(failed(&"it is empty; name another file")) } else { Ok(None) };
    }
    if source.is_read_only() {
        migrations::refuse_older(step, path, migrations::ALL)?;
        return Ok(None);
    }
    let is_read_only = first.is_readonly(rusqlite::MAIN_DB).map_err(|cause| failed(&cause))?;
    if options.is_lock_held && (is_read_only || !file.may_be_written()) {
        return Err(failed(&format!(
            "{} cannot write to it ({}); change its owner or mode, or name another file",
            files::own_user(),
            files::owner_and_mode(path)
        )));
    }
    if options.is_lock_held {
        rescue::refuse_if_rescue_is_newer(&first, path, step)?;
    }
    if options.is_lock_held && files::is_open_to_others(path) {
        let is = files::owner_and_mode(path);
        tracing::warn!(path = %path.display(), is, "others can read or lock the database file; chmod 600 keeps them out");
    }
    let lock =
        if options.is_lock_held { None } else { migrations::lock_if_due(&first, file, migrations::ALL)? };
    let unwritten = |cause| failed(&files::describe_write_error(path, &cause));
    connection::before_first_write(&first, options).map_err(unwritten)?;
    if step == 0 {
        // Before WAL mode, in which each page of a new file would be written twice.
        migrations::run(&mut first, path, migrations::ALL)?;
    }
    connection::to_writer(&first).map_err(unwritten)?;
    if step > 0 {
        migrations::run(&mut first, path, migrations::ALL)?;
    }
    drop(lock);
    Ok(Some(first))
}

/// Starts the writer and the checkpoint thread.
pub(super) fn start_writer(
    first: Connection,
    source: &Source,
    shared: &Arc<Shared>,
    clock: Clock,
    queue: &Arc<PendingWrites>,
) -> Result<std::thread::JoinHandle<()>, Box<dyn std::error::Error>> {
    let checkpointer = Checkpointer::start(source, Arc::clone(shared))?;
    // The WAL exists by now.
    shared.file.record_wal_files()?;
    compare::record_checkpoint(shared, &first);
    let writer = Writer::new(first, clock, BATCH_MAX, Some(checkpointer), Arc::clone(shared));
    let queue = Arc::clone(queue);
    Ok(std::thread::Builder::new().name("brms-writer".to_owned()).spawn(move || writer.run(&queue))?)
}
