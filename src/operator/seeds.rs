//! When the operator may write a seed into the database of a server.

use crate::config::SeedSettings;
use crate::db::Db;
use crate::db::sqlite::ServeLock;
use crate::failure::Failure;
use crate::store;

/// A server looks for secrets that others may know when it starts, and then knows where it may listen. So the first
/// of them come only into a file without a server; beside those that it has seen there may be more. The lock is held
/// until the seed is written.
pub fn keep_servers_out(db: &Db, settings: &SeedSettings) -> Result<Option<ServeLock>, Failure> {
    if db.peek(store::tokens::any_seeded)? {
        return Ok(None);
    }
    let database = &settings.data.database;
    if let Some(lock) = ServeLock::take_if_free(database)? {
        return Ok(Some(lock));
    }
    Err(format!(
        "{} holds secrets that others may know, and a server is serving {}, which may be reached from elsewhere; \
         nothing was seeded. Stop the server first, leave the secrets out (`brms token create` makes some), or send \
         the seed to POST /_test/seed of a server with --test-api",
        settings.file.display(),
        database.display()
    )
    .into())
}
