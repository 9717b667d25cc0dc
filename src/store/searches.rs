//! Searches. Their conditions look at columns that hold texts as [`crate::search`] folds them; what writes a name or an
//! address writes these, too. An index of their trigrams follows by itself, and names the rows that can have a text.

use uuid::Uuid;

use crate::db::{Ids, Tx, params};
use crate::problem::Problem;
use crate::search::{folded, trigrams};
use crate::store::ids::OrganisationId;

/// The most candidates that are looked at one by one. With more, walking through the list in its order finds a page
/// sooner.
const CANDIDATES_MAX: u32 = 2_000;

/// A search text, as a list takes it.
pub(super) struct Searched {
    /// The text, folded; `None` for one without any visible character.
    pub(super) text: Option<String>,
    /// The only rows that can have the text. `None` if there are many, or if the text is too short to say.
    pub(super) candidates: Option<Ids>,
}

/// A search of the users of an organisation.
pub(super) fn of_users(
    tx: &Tx,
    organisation_id: OrganisationId,
    search: Option<&str>,
) -> Result<Searched, Problem> {
    search_index(tx, "SELECT found_id FROM found_users(?1, ?2) AS found LIMIT ?3", organisation_id, search)
}

/// The same for projects.
pub(super) fn of_projects(
    tx: &Tx,
    organisation_id: OrganisationId,
    search: Option<&str>,
) -> Result<Searched, Problem> {
    search_index(tx, "SELECT found_id FROM found_projects(?1, ?2) AS found LIMIT ?3", organisation_id, search)
}

fn search_index(
    tx: &Tx,
    statement: &str,
    organisation_id: OrganisationId,
    search: Option<&str>,
) -> Result<Searched, Problem> {
    let text = folded(search);
    let Some(indexed) = text.as_ref().filter(|text| !trigrams(text).is_empty()) else {
        return Ok(Searched { text, candidates: None });
    };
    let parameters = params![organisation_id, indexed, CANDIDATES_MAX + 1];
    let found: Vec<Uuid> = tx.rows(statement, parameters, |row| row.get(0))?;
    let are_few = found.len() <= CANDIDATES_MAX as usize;
    Ok(Searched { text, candidates: are_few.then(|| Ids::of(&found)) })
}

/// The condition that a thing has the search text (a parameter) in its name.
macro_rules! in_name {
    ($search:literal) => {
        concat!("has_text(", $search, ", search_name)")
    };
}
pub(super) use in_name;

/// The same for the address of a user.
macro_rules! in_address {
    ($search:literal) => {
        concat!("has_text(", $search, ", search_address)")
    };
}
pub(super) use in_address;

/// The same for the address or the names of a user.
macro_rules! in_address_or_name {
    ($search:literal) => {
        concat!("(has_text(", $search, ", search_address) OR has_text(", $search, ", search_name))")
    };
}
pub(super) use in_address_or_name;
