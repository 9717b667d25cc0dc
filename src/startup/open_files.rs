//! How many connections the limit on open files allows: without a descriptor for itself the database cannot be read,
//! checked or rescued, so some are kept from the clients.

use crate::config::ServeSettings;

/// What is open beside the database: the listener, the runtime, the standard streams; and files that are read, written
/// or copied for a moment.
const FEW: u64 = 32;
/// The database's own: each of its connections opens the file and the WAL.
const FILES_OF_A_CONNECTION: u64 = 2;
/// The writer, the checkpoint thread, the pool of readers, and one that compares or examines.
const DATABASE_CONNECTIONS: u64 = 8;
/// A mail takes a socket to the relay, and one to look up its name.
const FILES_OF_A_MAIL: u64 = 2;
/// The fewest connections, however low the limit is.
const CONNECTIONS_MIN: u64 = 4;

/// `--connections-max`, or fewer if the process may not open as many files.
pub(super) fn connections_max(settings: &ServeSettings) -> u32 {
    let wanted = settings.connections_max;
    let Some(files) = limit() else { return wanted };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let database = FILES_OF_A_CONNECTION * (DATABASE_CONNECTIONS + workers);
    let others = FILES_OF_A_MAIL * u64::from(settings.delivery.mail_workers)
        + u64::from(settings.database_connections)
        + FEW;
    let possible = files.saturating_sub(database + others).max(CONNECTIONS_MIN);
    let Some(fewer) = u32::try_from(possible).ok().filter(|possible| *possible < wanted) else {
        return wanted;
    };
    tracing::warn!(
        open_files = files,
        connections = fewer,
        "the limit on open files allows fewer connections than --connections-max; raise it with `ulimit -n` or LimitNOFILE="
    );
    fewer
}

#[cfg(unix)]
fn limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn limit() -> Option<u64> {
    None
}
