//! The refusals of a call with several addresses, each with its place.

use crate::problem::{Conflict, Place, Problem, SendLimit};

/// What stands in the way of each address.
#[derive(Default)]
pub(super) struct Refusals {
    /// The first conflict, if there is one.
    conflict: Option<Conflict>,
    /// Otherwise the throttle that takes longest.
    throttle: Option<(u64, SendLimit)>,
    places: Vec<Place>,
}

impl Refusals {
    /// Adds the refusal of the address at a place. Any other problem is one of the whole call, and is returned.
    pub(super) fn add(&mut self, problem: Problem, pointer: &str) -> Result<(), Problem> {
        let detail = match &problem {
            Problem::Conflict(conflict, _) => {
                self.conflict.get_or_insert(*conflict);
                detail(*conflict).to_owned()
            }
            Problem::TooManySends { limit, retry_after_seconds: seconds, .. } => {
                if self.throttle.is_none_or(|(longest, _)| longest < *seconds) {
                    self.throttle = Some((*seconds, *limit));
                }
                format!("was sent this invitation too often; try again in {seconds} seconds")
            }
            _ => return Err(problem),
        };
        self.places.push(Place::pointer(pointer, detail));
        Ok(())
    }

    /// One problem with all places, if there are any. Waiting does not resolve a conflict, so that comes first.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match (self.conflict, self.throttle) {
            (Some(conflict), _) => Err(Problem::Conflict(conflict, self.places)),
            (None, Some((retry_after_seconds, limit))) => {
                Err(Problem::TooManySends { limit, retry_after_seconds, places: self.places })
            }
            (None, None) => Ok(()),
        }
    }
}

fn detail(conflict: Conflict) -> &'static str {
    match conflict {
        Conflict::UserDisabled => "is the address of a disabled or locked user; make the user active first",
        Conflict::ServiceAccount => "is the address of a service account",
        Conflict::AddressClash => {
            "is the address of several users of this organisation; the operator gives all but one of them another one \
             with brms user set-email"
        }
        _ => "is the address of a user who has already accepted",
    }
}
