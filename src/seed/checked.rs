//! A seed that was read and checked, and writing it to a database.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::check::{self, Claim};
use super::complaint::{Complaint, places};
use super::format::Seed;
use super::load::{self, Loaded};
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::problem::{Conflict, Problem};
use crate::store;
use crate::store::tables::UniqueValue;

/// A seed that has passed all checks that need no database. Cheap to clone.
#[derive(Clone)]
pub struct Checked {
    pub(super) seed: Arc<Seed>,
    claims: Arc<[Claim]>,
}

impl Checked {
    /// Checks a seed.
    pub fn new(seed: Seed) -> Result<Self, Vec<Complaint>> {
        let checked = check::check(&seed);
        if checked.complaints.is_empty() {
            Ok(Self { seed: Arc::new(seed), claims: checked.claims.into() })
        } else {
            Err(checked.complaints)
        }
    }

    /// Whether it contains no organisation.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seed.organisations.is_empty()
    }

    /// Whether loading it makes the database accept secrets that others may know for the first time. At its start a
    /// server checks for such secrets, and derives from that where it may listen. So the first ones may only be added
    /// while no server is running; if the server has already seen some, more may follow.
    pub fn opens_to_others(&self, db: &Db) -> Result<bool, Failure> {
        Ok(self.has_known_secrets() && !db.peek(store::tokens::any_seeded)?)
    }

    fn has_known_secrets(&self) -> bool {
        let is_known = |seeded: Option<bool>| seeded != Some(false);
        self.seed.organisations.iter().flat_map(|organisation| &organisation.users).any(|user| {
            user.personal_access_tokens.iter().any(|token| is_known(token.seeded))
                || user.sessions.iter().any(|token| is_known(token.seeded))
        })
    }

    /// Adds the seed to the existing data. First checks what depends on the database: 409 lists every path with an
    /// id, name or secret that already exists.
    pub fn add(&self, tx: &Tx, invitation_lifetime: Duration) -> Result<Loaded, Problem> {
        let mut of_kind: HashMap<UniqueValue, Vec<&Claim>> = HashMap::new();
        self.claims.iter().for_each(|claim| of_kind.entry(claim.kind).or_default().push(claim));
        let mut complaints = Vec::new();
        for (kind, claims) in of_kind {
            let values: Vec<&str> = claims.iter().map(|claim| claim.value.as_str()).collect();
            let taken = store::tables::existing(tx, kind, &values)?;
            complaints.extend(
                claims.into_iter().filter(|claim| taken.contains(claim.value.as_str())).map(check::taken),
            );
        }
        if !complaints.is_empty() {
            complaints.sort_by(|one, other| one.place.cmp(&other.place));
            return Err(Problem::Conflict(Conflict::AlreadyThere, places(&complaints)));
        }
        load::load(tx, &self.seed, invitation_lifetime)
    }

    /// Replaces all existing data with the seed.
    pub fn replace_all(&self, tx: &Tx, invitation_lifetime: Duration) -> Result<Loaded, Problem> {
        store::tables::empty(tx)?;
        load::load(tx, &self.seed, invitation_lifetime)
    }
}

/// Reads a seed file and runs all checks that need no database.
pub fn read(path: &Path) -> Result<Checked, Failure> {
    let failed = |text: String| Failure(format!("the seed file {}: {text}", path.display()));
    let text = std::fs::read(path).map_err(|cause| failed(format!("cannot be read: {cause}")))?;
    parse(&text).map_err(|complaints| {
        let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        failed(lines.join("\n  "))
    })
}

/// The same for a seed in memory.
pub fn parse(text: &[u8]) -> Result<Checked, Vec<Complaint>> {
    let mut document = serde_json::Deserializer::from_slice(text);
    let seed: Seed = serde_path_to_error::deserialize(&mut document).map_err(|error| {
        let place = error.path().to_string();
        vec![Complaint { place, detail: error.into_inner().to_string() }]
    })?;
    document.end().map_err(|error| vec![Complaint::new("", error)])?;
    Checked::new(seed)
}

/// Writes a seed into a database without users, all or nothing.
pub fn load_into_empty(db: &Db, seed: &Checked, invitation_lifetime: Duration) -> Result<Loaded, Failure> {
    if db.peek(store::users::any).map_err(|problem| unwritten(&problem))? {
        return Err(Failure(
            "the database is not empty; nothing was changed. Give --add to add to its data".to_owned(),
        ));
    }
    load(db, seed, invitation_lifetime)
}

/// Adds a seed to the data of a database, all or nothing.
pub fn load(db: &Db, seed: &Checked, invitation_lifetime: Duration) -> Result<Loaded, Failure> {
    let seed = seed.clone();
    db.write_blocking(move |tx| seed.add(tx, invitation_lifetime)).map_err(|problem| unwritten(&problem))
}

fn unwritten(problem: &Problem) -> Failure {
    Failure(format!("the seed was not written and nothing was changed: {problem}"))
}
