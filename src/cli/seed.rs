//! `brms seed FILE`.

use std::io::Write;

use super::database;
use crate::config::{DatabaseLocation, SeedSettings};
use crate::db::postgres::{InstanceLock, Sharing};
use crate::db::sqlite::ServeLock;
use crate::failure::Failure;
use crate::seed;
use crate::startup::of_postgres as database_options;

/// Writes a seed file to the database.
pub(super) fn run(settings: &SeedSettings, out: &mut dyn Write) -> Result<(), Failure> {
    // Before the database is opened, so that an invalid file does not create one.
    let seed = seed::read(&settings.file)?;
    let db = database::open_or_create(&settings.data)?;
    let lock = if seed.opens_to_others(&db)? { Some(lock_out_servers(settings)?) } else { None };
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
        settings.data.database, loaded.organisations, loaded.users, loaded.projects
    )?;
    Ok(())
}

/// Held by the only process that uses the database.
enum SoleUse {
    File { _lock: ServeLock },
    Postgres { _lock: Box<InstanceLock> },
}

/// Takes the lock of `serve`, so that no server has the database open.
fn lock_out_servers(settings: &SeedSettings) -> Result<SoleUse, Failure> {
    let database = &settings.data.database;
    let lock = match database {
        DatabaseLocation::File(path) => {
            ServeLock::take_if_free(path)?.map(|lock| SoleUse::File { _lock: lock })
        }
        DatabaseLocation::Postgres(url) => {
            let options = database_options(url, &settings.data.postgres, 1)?;
            InstanceLock::take(&options, Sharing::Alone)
                .ok()
                .map(|lock| SoleUse::Postgres { _lock: Box::new(lock) })
        }
    };
    lock.ok_or_else(|| {
        format!(
            "{} has secrets that others may know, and a server is using {}, which may be reachable from other \
             machines; nothing was seeded. Stop the server first, omit the secrets (`brms token create` generates \
             them), or send the seed to POST /_test/seed of a server with --test-api",
            settings.file.display(),
            database
        )
        .into()
    })
}
