//! Connections and their pragmas. Pragmas apply to one connection, so every connection of the process is opened here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::files::{self, folder, hand_over};
use super::functions;
use super::opened_file::{FileStatus, OpenedFile};
use super::options::{BUSY_TIMEOUT, Options};
use super::shared::Shared;
use crate::temporary;

/// The WAL length in pages at which a checkpoint starts. A page that was written several times is checkpointed once.
pub(super) const PAGES_MAX: i64 = 20_000;
/// The size of each connection's statement cache. It exceeds the number of fixed statements of the store; audit log
/// queries have one text for each combination of filters and orders, and the least recently used ones are evicted.
const PREPARED_STATEMENTS: usize = 256;

/// Refuses a missing file.
pub(super) fn require_file(path: &Path) -> io::Result<()> {
    let missing = "there is no such file; `brms serve` or `brms seed` creates one";
    let metadata = path.metadata().map_err(|_| io::Error::new(io::ErrorKind::NotFound, missing))?;
    // Opening a named pipe would block.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    // SQLite removes the WAL of an empty file without reading it.
    if metadata.len() == 0 { refuse_to_recreate(path) } else { Ok(()) }
}

/// Creates the file if it does not exist, readable only by its owner: it holds mail addresses and, until a mail is
/// delivered, the secret of its link. SQLite gives the -wal and -shm files the same mode.
pub(super) fn prepare_file(path: &Path) -> io::Result<()> {
    if path.exists() {
        return require_file(path);
    }
    refuse_to_recreate(path)?;
    // Created under a temporary name, so that it never appears with a wrong mode or owner.
    let file = temporary::file(folder(path), "new")?;
    hand_over(file.as_file(), path)?;
    match file.persist_noclobber(path) {
        // Closing the file would not unlock it while a process that was forked meanwhile has it open, too.
        Ok(created) => created.unlock(),
        Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => Err(refused.error),
        // Another process created it first.
        Err(_) => Ok(()),
    }
}

/// Refuses to create an empty database where one was removed from under its server: the data is in a file beside it.
fn refuse_to_recreate(path: &Path) -> io::Result<()> {
    let log = files::with_suffix(path, "-wal");
    let rescued = files::beside(path, "rescued");
    let has_log = log.metadata().is_ok_and(|metadata| metadata.len() > 0);
    let (left, way_out) = if files::is_there(&rescued) {
        (
            rescued,
            "to keep its data, rename it to the database's name; to start with an empty database, move it away",
        )
    } else if has_log {
        (log, "put the database back; to start with an empty database, move that file away")
    } else {
        return Ok(());
    };
    let state = if path.exists() { "the file is empty" } else { "there is no such file" };
    Err(io::Error::other(format!("{state}, but {} exists beside it: {way_out}", left.display())))
}

/// What applies to every write, the first one included: whether it waits for the disk, and how large the file may be.
pub(super) fn before_first_write(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    // FULL: a successful response survives a power failure.
    connection.pragma_update(None, "synchronous", if options.durable { "FULL" } else { "OFF" })?;
    if let Some(bytes) = options.size_max {
        let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from((bytes / u64::from(page_bytes)).max(1)).unwrap_or(i64::MAX);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

/// Configures a connection, after [`before_first_write`], as the writer. WAL mode is set here, before any other
/// connection exists. That modifies the file, so the file must be known to be a brms database by now.
pub(super) fn to_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Erased data is overwritten; otherwise the secret of a mailed link would stay readable in free space of its page.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // 16 MiB. More is slower: on a file below 1 GiB SQLite walks the whole cache at each commit that split a page.
    connection.pragma_update(None, "cache_size", -16_384)?;
    // SQLite would checkpoint within a commit: the writer does it afterwards, if the checkpoint thread cannot keep up.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    common(connection)
}

/// How SQLite opens a file.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// A path or a URI.
    name: PathBuf,
    flags: OpenFlags,
}

impl Source {
    /// The normal way, shared with all other processes that use the file.
    pub(super) fn shared(path: &Path) -> Self {
        // No CREATE: `prepare_file` creates the file. No URI: a path is used literally.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self { name: path.to_owned(), flags }
    }

    /// For a command that only reads. WAL mode needs files beside the database, so a file that cannot be written, or
    /// whose folder cannot (a snapshot), is opened as immutable.
    pub(super) fn to_read(path: &Path) -> io::Result<Self> {
        let is_folder_writable = files::may_be_written(folder(path));
        if is_folder_writable && files::may_be_written(path) {
            return Ok(Self::shared(path));
        }
        let logs = ["-wal", "-journal"].map(|suffix| files::with_suffix(path, suffix));
        let has_content = |log: &&PathBuf| log.metadata().is_ok_and(|metadata| metadata.len() > 0);
        let log = logs.iter().find(has_content);
        let is_served = OpenedFile::new(path)?.is_locked();
        if is_folder_writable && (log.is_some() || is_served) {
            return Ok(Self::shared(path));
        }
        if let Some(log) = log {
            return Err(io::Error::other(format!(
                "its folder is not writable, and {} beside it holds the newest writes; copy both into a writable folder",
                log.display()
            )));
        }
        if is_served {
            return Err(io::Error::other(
                "its folder is not writable, and a server is using it; run this command as the server's user",
            ));
        }
        Self::immutable(path)
    }

    /// As immutable, without companion files.
    pub(super) fn immutable(path: &Path) -> io::Result<Self> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Self { name: immutable_uri(path)?, flags })
    }

    /// Whether the connection is read-only.
    pub(super) fn is_read_only(&self) -> bool {
        self.flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }
}

/// `file:///…?immutable=1`.
fn immutable_uri(path: &Path) -> io::Result<PathBuf> {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');
    let path = std::path::absolute(path)?;
    let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), KEPT);
    Ok(PathBuf::from(format!("file:{encoded}?immutable=1")))
}

/// A connection with SQLite's defaults, for work on the file as a whole.
pub(super) fn open_plain(source: &Source) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(&source.name, source.flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn open_reader(source: &Source) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_with_flags(&source.name, source.flags)?;
    reader_pragmas(&mut connection)?;
    Ok(connection)
}

/// Creates the connections of the pool.
pub(super) fn reader_manager(source: &Source, shared: Arc<Shared>) -> SqliteConnectionManager {
    // The pool also opens connections later, when the path may lead to another file.
    let prepare = move |connection: &mut Connection| {
        if shared.file.status() == FileStatus::Gone {
            return Err(rusqlite::Error::InvalidPath(shared.file.path().to_owned()));
        }
        // The pool closes its connections from threads of its own. Two that close at once each see the other one and
        // both skip the checkpoint on close. So the pool's connections never run it, and another connection is the
        // last to close.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        reader_pragmas(connection)
    };
    SqliteConnectionManager::file(&source.name).with_flags(source.flags).with_init(prepare)
}

fn reader_pragmas(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    common(connection)
}

fn common(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Without it SQLite, built with STAT4, recompiles a statement for each bound value after ANALYZE.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    functions::register(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pragma(connection: &Connection, name: &str) -> String {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .unwrap()
    }

    #[test]
    fn every_kind_of_connection_has_its_pragmas() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        prepare_file(&path).unwrap();
        let writer = open_plain(&Source::shared(&path)).unwrap();
        before_first_write(&writer, &Options { size_max: Some(40_960), ..Options::new(&path) }).unwrap();
        to_writer(&writer).unwrap();
        let reader = open_reader(&Source::shared(&path)).unwrap();
        let pool = r2d2::Pool::builder()
            .max_size(2)
            .build(reader_manager(&Source::shared(&path), Shared::open(&Options::new(&path), &path).unwrap()))
            .unwrap();
        let (pooled, second) = (pool.get().unwrap(), pool.get().unwrap());
        for connection in [&writer, &reader, &*pooled, &*second] {
            let found =
                connection
                    .query_row("SELECT trigrams(folded_text('ÄÖÜ')) = '\"äöü\"'", [], |row| row.get(0));
            assert_eq!(found, Ok(true));
            assert_eq!(pragma(connection, "foreign_keys"), "Integer(1)");
            assert_eq!(pragma(connection, "journal_mode"), "Text(\"wal\")");
            assert_eq!(pragma(connection, "temp_store"), "Integer(2)");
            assert!(connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG).unwrap());
        }
        assert_eq!(pragma(&writer, "synchronous"), "Integer(2)");
        assert_eq!(pragma(&writer, "wal_autocheckpoint"), "Integer(0)", "a commit fails with a checkpoint");
        assert_eq!(pragma(&writer, "max_page_count"), "Integer(10)");
        for connection in [&reader, &*pooled, &*second] {
            assert!(connection.execute_batch("CREATE TABLE forbidden (a)").is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_and_its_log_are_private_to_their_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        prepare_file(&path).unwrap();
        let writer = open_plain(&Source::shared(&path)).unwrap();
        before_first_write(&writer, &Options::new(&path)).unwrap();
        to_writer(&writer).unwrap();
        writer.execute_batch("CREATE TABLE t (a)").unwrap();
        for name in ["a.db", "a.db-wal"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_missing_file_is_named_with_the_way_out() {
        let error = require_file(Path::new("/nonexistent/brms.db")).unwrap_err();
        assert!(error.to_string().contains("brms serve"));
    }
}
