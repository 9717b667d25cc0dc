//! The way in, for startup and commands.

use super::engine::Engine;
use super::options::Options;
use crate::clock::Clock;
use crate::db::handle::Db;
use crate::failure::Failure;

/// Opens the file, brings its schema up to date and starts the writer. A command that only reads may open a file in a
/// folder that cannot be written; nothing can be written to that one.
pub fn open(options: &Options, clock: Clock) -> Result<Db, Failure> {
    Engine::open(options, clock).map(Db::from)
}
