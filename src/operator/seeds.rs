//! Rules for seeding a server's database.

use crate::config::SeedSettings;
use crate::db::Db;
use crate::db::sqlite::ServeLock;
use crate::failure::Failure;
use crate::store;

/// At its start a server checks for secrets that others may know, and derives from that where it may listen. So the
/// first such secrets may only be added while no server is running; if the server has already seen some, more may
/// follow. The lock is held until the seed is written.
pub fn lock_out_servers(db: &Db, settings: &SeedSettings) -> Result<Option<ServeLock>, Failure> {
    if db.peek(store::tokens::any_seeded)? {
        return Ok(None);
    }
    let database = &settings.data.database;
    if let Some(lock) = ServeLock::take_if_free(database)? {
        return Ok(Some(lock));
    }
    Err(format!(
        "{} has secrets that others may know, and a server is using {}, which may be reachable from other machines; \
         nothing was seeded. Stop the server first, omit the secrets (`brms token create` generates them), or send \
         the seed to POST /_test/seed of a server with --test-api",
        settings.file.display(),
        database.display()
    )
    .into())
}
