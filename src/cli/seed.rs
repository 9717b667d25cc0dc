//! `brms seed FILE`.

use std::io::Write;

use super::database;
use crate::config::SeedSettings;
use crate::failure::Failure;
use crate::operator::seeds as operator;
use crate::seed;

/// Writes a seed file to the database.
pub(super) fn run(settings: &SeedSettings, out: &mut dyn Write) -> Result<(), Failure> {
    // Before the database is opened, so that an invalid file does not create one.
    let seed = seed::read(&settings.file)?;
    let db = database::open_or_create(&settings.data)?;
    let lock = if seed.has_known_secrets() { operator::lock_out_servers(&db, settings)? } else { None };
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
