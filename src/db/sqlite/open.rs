//! The entry point for startup and commands.

use super::engine::Engine;
use super::options::Options;
use crate::clock::Clock;
use crate::db::handle::Db;
use crate::failure::Failure;

/// Opens the file, migrates its schema and starts the writer. A command that only reads may open a file in a read-only
/// folder; then every write fails.
pub fn open(options: &Options, clock: Clock) -> Result<Db, Failure> {
    Engine::open(options, clock).map(Db::from)
}
