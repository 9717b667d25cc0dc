//! Opening the file for the commands that work on it, also while a server serves it.

use crate::clock::Clock;
use crate::config::DatabaseSettings;
use crate::db::{Db, Options};

use super::Failure;

/// Opens a file that must be there.
pub(super) fn open_existing(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(settings, false)
}

/// Opens a file, or makes it.
pub(super) fn open_or_create(settings: &DatabaseSettings) -> Result<Db, Failure> {
    open(settings, true)
}

fn open(settings: &DatabaseSettings, create: bool) -> Result<Db, Failure> {
    let options = Options { create, readers: 1, ..Options::new(&settings.database) };
    Ok(Db::open(&options, Clock::default())?)
}
