//! The last copy of a file that was taken away under its server.

use rusqlite::Connection;

use super::opened_file::OpenedFile;
use super::{copy, files};

/// Writes what the open connection still sees into a new file beside the old path. Without it the data would be
/// gone with the process.
pub(super) fn keep(connection: &Connection, file: &OpenedFile) {
    let path = file.path();
    let kept = copy::make(connection, path).and_then(|copy| {
        let name = files::numbered(path, "rescued").find(|name| files::is_free(name));
        let name =
            name.ok_or_else(|| std::io::Error::other("there are too many of its kind; remove some"))?;
        copy::place(copy, &name, false).map(|_| name)
    });
    let path = path.display();
    match kept {
        Ok(name) => tracing::error!(
            %path, rescued = %name.display(),
            "the database file was moved, removed or replaced; all that was written is in the rescued copy"
        ),
        Err(cause) => {
            tracing::error!(%path, %cause, "the database file was moved, removed or replaced, and no copy could be made");
        }
    }
}
