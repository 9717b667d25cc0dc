//! `brms seed FILE`.

use std::io::Write;

use super::{Failure, database};
use crate::config::SeedSettings;
use crate::seed;

/// Writes a seed file into the database.
pub(super) fn run(settings: &SeedSettings, out: &mut dyn Write) -> Result<(), Failure> {
    // Before the database is touched, so that a broken file does not even make one.
    let seed = seed::read(&settings.file)?;
    let db = database::open_or_create(&settings.data)?;
    let lifetime = settings.invitations.invitation_ttl;
    let loaded = if settings.add {
        seed::load(&db, &seed, lifetime)?
    } else {
        seed::load_into_empty(&db, &seed, lifetime)?
    };
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
