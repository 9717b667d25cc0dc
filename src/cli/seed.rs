//! `brms seed FILE`.

use std::io::Write;

use super::database;
use crate::config::SeedSettings;
use crate::db::{Db, ServeLock};
use crate::failure::Failure;
use crate::seed;
use crate::store;

/// Writes a seed file into the database.
pub(super) fn run(settings: &SeedSettings, out: &mut dyn Write) -> Result<(), Failure> {
    // Before the database is touched, so that a broken file does not even make one.
    let seed = seed::read(&settings.file)?;
    let db = database::open_or_create(&settings.data)?;
    let lock = if seed.has_known_secrets() { keep_servers_out(&db, settings)? } else { None };
    let lifetime = settings.invitations.invitation_ttl;
    let loaded = if settings.add {
        seed::load(&db, &seed, lifetime)?
    } else {
        seed::load_into_empty(&db, &seed, lifetime)?
    };
    drop(lock);
    writeln!(
        out,
        "seeded {}: {} organisations, {} users, {} projects",
        settings.data.database.display(),
        loaded.organisations,
        loaded.users,
        loaded.projects
    )?;
    Ok(())
}

/// A server looks for secrets that others may know when it starts, and then knows where it may listen. So the first
/// of them come only into a file without a server; beside those that it has seen there may be more.
fn keep_servers_out(db: &Db, settings: &SeedSettings) -> Result<Option<ServeLock>, Failure> {
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
