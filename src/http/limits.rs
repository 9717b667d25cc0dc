//! Limits of the description beyond types, and the errors of values that exceed them.

use std::fmt::Display;

use crate::address::EmailAddress;
use crate::problem::{Place, Problem};

/// The most errors in a response; more would only make it longer than the request.
const COMPLAINTS_MAX: usize = 100;

/// A type with limits beyond its structure.
pub trait Limits {
    /// Adds an error for every place that exceeds a limit.
    fn check(&self, _check: &mut Check) {}
}

impl<T: Limits> Limits for Vec<T> {
    fn check(&self, check: &mut Check) {
        for (index, item) in self.iter().enumerate() {
            check.at(index, |check| item.check(check));
        }
    }
}

impl<T: Limits> Limits for Option<T> {
    fn check(&self, check: &mut Check) {
        if let Some(value) = self {
            value.check(check);
        }
    }
}

/// The errors of one body so far, and the current place.
#[derive(Debug, Default)]
pub struct Check {
    pointer: String,
    complaints: Vec<Place>,
}

impl Check {
    /// Checks the length of a text in characters, or of a list in items.
    pub fn length(&mut self, field: &str, value: &impl Length, min: usize, max: usize) {
        let Some((length, unit)) = value.length() else {
            return;
        };
        if (min..=max).contains(&length) {
            return;
        }
        let complaint = match (min, max) {
            (min, usize::MAX) => format!("must have at least {min} {unit}"),
            (0, max) => format!("must have at most {max} {unit}"),
            (min, max) => format!("must have {min} to {max} {unit}"),
        };
        self.at(field, |check| check.complain(complaint));
    }

    /// Checks one address or many.
    pub fn emails(&mut self, field: &str, value: &impl Emails) {
        self.at(field, |check| value.check_emails(check));
    }

    /// Checks a value with limits of its own.
    pub fn inside(&mut self, field: &str, value: &impl Limits) {
        self.at(field, |check| value.check(check));
    }

    fn at(&mut self, segment: impl Display, look: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        pointer_segment(&mut self.pointer, &segment.to_string());
        look(self);
        self.pointer.truncate(length);
    }

    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < COMPLAINTS_MAX {
            self.complaints.push(Place::pointer(self.pointer.clone(), complaint));
        }
    }

    /// All errors as one problem, if there are any.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.complaints.is_empty() { Ok(()) } else { Err(Problem::Invalid(self.complaints)) }
    }
}

/// Adds a segment to a JSON pointer (RFC 6901).
pub(super) fn pointer_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
}

/// A value with a length, if it is present.
pub trait Length {
    /// The length and its unit.
    fn length(&self) -> Option<(usize, &'static str)>;
}

impl Length for String {
    fn length(&self) -> Option<(usize, &'static str)> {
        Some((self.chars().count(), "characters"))
    }
}

impl<T> Length for Vec<T> {
    fn length(&self) -> Option<(usize, &'static str)> {
        Some((self.len(), "items"))
    }
}

impl<T: Length> Length for Option<T> {
    fn length(&self) -> Option<(usize, &'static str)> {
        self.as_ref().and_then(Length::length)
    }
}

/// A value of mail addresses.
pub trait Emails {
    /// Adds an error for every invalid address.
    fn check_emails(&self, check: &mut Check);
}

impl Emails for String {
    fn check_emails(&self, check: &mut Check) {
        if let Err(complaint) = EmailAddress::parse(self) {
            check.complain(complaint);
        }
    }
}

impl<T: Emails> Emails for Vec<T> {
    fn check_emails(&self, check: &mut Check) {
        for (index, item) in self.iter().enumerate() {
            check.at(index, |check| item.check_emails(check));
        }
    }
}

impl<T: Emails> Emails for Option<T> {
    fn check_emails(&self, check: &mut Check) {
        if let Some(value) = self {
            value.check_emails(check);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_in_characters() {
        let complaints = |text: &str| {
            let mut check = Check::default();
            check.length("text", &text.to_owned(), 1, 2);
            check.finish().is_err()
        };
        assert!(!complaints("äö"));
        assert!(complaints("äöü"));
        assert!(complaints(""));
    }

    #[test]
    fn complaints_have_an_end() {
        let mut check = Check::default();
        check.emails("emails", &vec![String::new(); 1000]);
        let Err(problem) = check.finish() else { panic!("no complaint") };
        assert_eq!(problem.places().len(), COMPLAINTS_MAX);
    }
}
