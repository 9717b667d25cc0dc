//! The names of the database and its companion files, and their ownership.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::system::{Identity, identity};
use crate::failure::Failure;

/// The files that SQLite keeps beside an open database. SQLite takes leftover ones for those of any database that is
/// later placed there.
pub(super) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// A copy of the data, made after the file was removed from under the server.
pub(super) const RESCUED: &str = "rescued";
/// The WAL of a file that was damaged or overwritten.
pub(super) const LOG_OF_DAMAGED: &str = "log-of-damaged";
/// The previous file of a restore.
pub(super) const BEFORE_RESTORE: &str = "before-restore";
/// The most files of one kind that are kept beside a database.
const NUMBERED_MAX: u32 = 1000;
/// SQLite allows 512 bytes for a path with a suffix such as `-journal`.
const PATH_BYTES_MAX: usize = 500;
/// The same limit as the operating system's.
const LINKS_MAX: u32 = 40;

/// A path beside the database: `brms.db` and `lock` give `brms.db.lock`.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    with_suffix(path, &format!(".{suffix}"))
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file that a path leads to, even if it does not exist yet. The lock, the WAL and renames must use this path;
/// otherwise two links to one file would be treated as two files.
pub(super) fn real_path(path: &Path) -> Result<PathBuf, Failure> {
    let mut real = path.to_owned();
    for _ in 0..LINKS_MAX {
        // Fails if the path is not a link or does not exist. Links among the folders do not matter: the file and its
        // companions share them.
        let Ok(target) = fs::read_link(&real) else { return Ok(real) };
        real = real.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(Failure(format!("{} is a circular link; name the file itself", path.display())))
}

/// Refuses a path that is too long for SQLite, with a clearer error than SQLite's.
pub(super) fn check_length(path: &Path) -> io::Result<()> {
    // SQLite resolves links among the folders, so the resolved path counts.
    let folder = folder(path).canonicalize().or_else(|_| std::path::absolute(folder(path)))?;
    let bytes = folder.join(path.file_name().unwrap_or_default()).as_os_str().len();
    if bytes > PATH_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidFilename,
            format!(
                "its path is {bytes} bytes long, and SQLite allows at most {PATH_BYTES_MAX}; use a shorter folder or name"
            ),
        ));
    }
    Ok(())
}

/// Whether this process may write to the file, or create files in the folder.
#[cfg(unix)]
pub(super) fn may_be_written(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(not(unix))]
pub(super) fn may_be_written(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.permissions().readonly())
}

/// Whether group or others have any permission on a file.
#[cfg(unix)]
pub(super) fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_open_to_others(_: &Path) -> bool {
    false
}

/// The owner and mode of a file, for messages.
#[cfg(unix)]
pub(super) fn owner_and_mode(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(is) => format!("owner {}:{}, mode {:04o}", is.uid(), is.gid(), is.mode() & 0o7777),
        Err(cause) => cause.to_string(),
    }
}

#[cfg(not(unix))]
pub(super) fn owner_and_mode(_: &Path) -> String {
    "marked as read-only".to_owned()
}

/// Describes an error of the first write to a database, with the missing permissions on its folder and companion
/// files.
pub(super) fn describe_write_error(path: &Path, cause: &dyn std::fmt::Display) -> String {
    let mut said = vec![cause.to_string()];
    if !may_be_written(folder(path)) {
        let (user, mode) = (own_user(), owner_and_mode(folder(path)));
        said.push(format!("{user} cannot create files in its folder ({mode})"));
    }
    for companion in COMPANIONS.iter().map(|suffix| with_suffix(path, suffix)).filter(|path| is_there(path)) {
        if !may_be_written(&companion) {
            let (user, mode) = (own_user(), owner_and_mode(&companion));
            said.push(format!("{user} cannot write {} ({mode})", companion.display()));
        }
    }
    said.join("; ")
}

/// The user of this process, for messages.
#[cfg(unix)]
pub(super) fn own_user() -> String {
    format!("user {}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
pub(super) fn own_user() -> String {
    "this user".to_owned()
}

/// Other names in the folder of `path` (hard links) for the file of this identity.
pub(super) fn other_names(path: &Path, of: Identity) -> Vec<PathBuf> {
    let names = fs::read_dir(folder(path)).into_iter().flatten().flatten().map(|entry| entry.path());
    // A symbolic link is not followed: SQLite uses the WAL of what it leads to.
    let is_other = |name: &PathBuf| {
        name.file_name() != path.file_name()
            && fs::symlink_metadata(name).is_ok_and(|found| identity(&found) == of)
    };
    if cfg!(unix) { names.filter(is_other).collect() } else { Vec::new() }
}

/// Whether the path exists, even as a dangling link.
pub(super) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// A companion file of `path`, left over or in use.
pub(super) fn companion(path: &Path) -> Option<PathBuf> {
    COMPANIONS.iter().map(|suffix| with_suffix(path, suffix)).find(|companion| is_there(companion))
}

/// The database that a file is, or belongs to as WAL or lock. A program must not replace or remove such a file.
#[must_use]
pub fn database_of(path: &Path) -> Option<PathBuf> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let is_database = |path: &Path| {
        let mut start = [0; MAGIC.len()];
        path.is_file()
            && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
            && start == MAGIC
    };
    if is_database(path) {
        return Some(path.to_owned());
    }
    let name = path.file_name()?.to_str()?;
    let owner = COMPANIONS.iter().chain(&[".lock"]).find_map(|suffix| name.strip_suffix(suffix))?;
    Some(path.with_file_name(owner)).filter(|owner| is_database(owner))
}

/// Whether the name is that of a kept file, which may hold the only copy of some data.
pub(super) fn is_kept_copy(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [RESCUED, LOG_OF_DAMAGED, BEFORE_RESTORE].iter().any(|kind| name.contains(&format!(".{kind}")))
}

/// Names for further files of a kind: `brms.db.before-restore`, `brms.db.before-restore-2`, and so on.
pub(super) fn numbered(path: &Path, kind: &str) -> impl Iterator<Item = PathBuf> {
    (1..=NUMBERED_MAX).map(move |number| match number {
        1 => beside(path, kind),
        _ => beside(path, &format!("{kind}-{number}")),
    })
}

/// Files created by root get the owner of the database, or of its folder if there is no database yet. Only for a file
/// that was just created under a new name: otherwise the folder's owner could have placed a link to any file of the
/// system there.
#[cfg(unix)]
pub(super) fn hand_over(made: &File, database: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    const ROOT: u32 = 0;
    let is = made.metadata()?;
    let wanted = fs::metadata(database).or_else(|_| fs::metadata(folder(database)))?;
    // Only root may change the owner of a file.
    if is.uid() != ROOT || (is.uid(), is.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    fchown(made, Some(wanted.uid()), Some(wanted.gid()))
}

/// Elsewhere ownership is inherited from the folder.
#[cfg(not(unix))]
pub(super) fn hand_over(_made: &File, _database: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether neither the database nor any of its companion files exists yet.
pub fn is_new(database: &Path) -> Result<bool, Failure> {
    real_path(database).map(|path| is_free(&path))
}

/// Removes a database that has not been used yet, with its companion files.
pub fn discard(database: &Path) {
    let Ok(path) = real_path(database) else { return };
    for path in COMPANIONS.iter().map(|suffix| with_suffix(&path, suffix)).chain([path.clone()]) {
        if is_there(&path)
            && let Err(cause) = fs::remove_file(&path)
        {
            tracing::warn!(path = %path.display(), %cause, "the file of a start that failed could not be removed");
        }
    }
}

/// Whether a database can be placed here: neither the file nor a companion file exists.
pub(super) fn is_free(path: &Path) -> bool {
    !is_there(path) && companion(path).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_to_the_file_even_if_it_does_not_exist_yet() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("data")).unwrap();
        symlink("data/new.db", at("new.db")).unwrap();
        symlink("new.db", at("second.db")).unwrap();
        symlink(at("second.db"), at("data/third.db")).unwrap();
        for name in ["data/new.db", "new.db", "second.db", "data/third.db"] {
            assert_eq!(real_path(&at(name)).unwrap(), at("data/new.db"), "{name}");
        }
        symlink("circle.db", at("circle.db")).unwrap();
        assert!(real_path(&at("circle.db")).unwrap_err().to_string().contains("circle.db"));
        assert_eq!(real_path(Path::new("a.db")).unwrap(), Path::new("a.db"));
    }
}
