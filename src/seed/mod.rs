//! Seed files: organisations with their people, tokens and projects, written into a database in one
//! transaction. Ids and secrets may be fixed, so that tests can name them.
//!
//! [`format`] is the file as it is written, [`check`] finds what is wrong in it and says where, [`load`]
//! writes it; [`starter`] is one to begin with.

mod check;
pub mod format;
mod load;
mod starter;

use std::path::Path;
use std::time::Duration;

use crate::db::Db;
use crate::problem::Problem;
use crate::users;
use format::Seed;
pub use starter::{OWNER_EMAIL, starter};

/// Why a seed file was not taken. The text names the file and the place in it.
#[derive(Debug)]
pub struct SeedError(String);

impl std::fmt::Display for SeedError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for SeedError {}

/// How much a seed brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Organisations.
    pub organisations: usize,
    /// Users.
    pub users: usize,
    /// Projects.
    pub projects: usize,
}

/// Reads a seed file and checks all that can be checked without a database.
pub fn read(path: &Path) -> Result<Seed, SeedError> {
    let failed = |text: String| SeedError(format!("the seed file {}: {text}", path.display()));
    let text = std::fs::read(path).map_err(|cause| failed(format!("cannot be read: {cause}")))?;
    parse(&text).map_err(failed)
}

/// The same from memory; the error names the place.
pub fn parse(text: &[u8]) -> Result<Seed, String> {
    let mut document = serde_json::Deserializer::from_slice(text);
    let seed: Seed = serde_path_to_error::deserialize(&mut document).map_err(|error| {
        let path = error.path().to_string();
        format!("{path}: {}", error.into_inner())
    })?;
    document.end().map_err(|error| error.to_string())?;
    let complaints = check::complaints(&seed);
    if complaints.is_empty() { Ok(seed) } else { Err(complaints.join("\n  ")) }
}

/// Writes a seed into a database without people, all of it or nothing.
pub fn load_into_empty(db: &Db, seed: &Seed, invitation_lifetime: Duration) -> Result<Loaded, SeedError> {
    if db.peek(users::store::any).map_err(|problem| unwritten(&problem))? {
        return Err(SeedError(
            "the database has people in it already; nothing was seeded. Give --add to add to them".to_owned(),
        ));
    }
    load(db, seed, invitation_lifetime)
}

/// Writes a seed into a database, beside whatever is there, all of it or nothing.
pub fn load(db: &Db, seed: &Seed, invitation_lifetime: Duration) -> Result<Loaded, SeedError> {
    let seed = seed.clone();
    db.write_blocking(move |tx| load::load(tx, &seed, invitation_lifetime))
        .map_err(|problem| unwritten(&problem))
}

fn unwritten(problem: &Problem) -> SeedError {
    SeedError(format!("the seed was not written, nothing was changed: {problem}"))
}
