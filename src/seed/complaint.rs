//! An error in a seed and its path.

use crate::problem::Place;

/// One error in a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub(super) place: String,
    pub(super) detail: String,
}

impl Complaint {
    pub(super) fn new(place: &str, detail: impl std::fmt::Display) -> Self {
        Self { place: place.to_owned(), detail: detail.to_string() }
    }

    /// The place as a JSON pointer: `organisations[0].name` is `/organisations/0/name`.
    fn pointer(&self) -> String {
        match self.place.as_str() {
            "" | "." => String::new(),
            place => format!("/{}", place.replace('[', "/").replace(']', "").replace('.', "/")),
        }
    }
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.place, self.detail)
    }
}

/// The errors as a problem shows them: with JSON pointers, and at most the first hundred.
#[must_use]
pub fn places(complaints: &[Complaint]) -> Vec<Place> {
    const MAX: usize = 100;
    let place = |complaint: &Complaint| Place::pointer(complaint.pointer(), complaint.detail.clone());
    complaints.iter().take(MAX).map(place).collect()
}
