//! The limits of the served description that `brms.json` does not state. No others exist.

use uuid::Uuid;

use crate::problem::{Place, Problem};

/// The most ids in one list.
pub const IDS_MAX: usize = 1_000;
/// The most characters of a name or a note, where the description gives no limit of its own.
pub const NAME_CHARACTERS_MAX: usize = 200;

/// A list of ids may not be longer than [`IDS_MAX`].
pub fn check_ids(pointer: &str, ids: &[Uuid]) -> Result<(), Problem> {
    if ids.len() <= IDS_MAX {
        return Ok(());
    }
    let detail = format!("holds {} ids; at most {IDS_MAX} are taken in one call", ids.len());
    Err(Problem::invalid(Place::pointer(pointer, detail)))
}

/// What is wrong with a name or note, if anything: its length, or control characters in it.
#[must_use]
pub fn name_complaint(name: &str) -> Option<String> {
    let characters = name.chars().count();
    if characters > NAME_CHARACTERS_MAX {
        return Some(format!("holds {characters} characters; at most {NAME_CHARACTERS_MAX} are taken"));
    }
    name.chars()
        .any(char::is_control)
        .then(|| "holds a control character, such as a line break; leave it out".to_owned())
}

/// Whether a project key fits `^[a-z0-9]{2,}(-[a-z0-9]+)*$`.
#[must_use]
pub fn is_project_key(key: &str) -> bool {
    let mut parts = key.split('-');
    let fits = |part: &str, characters_min: usize| {
        part.len() >= characters_min
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    parts.next().is_some_and(|first| fits(first, 2)) && parts.all(|part| fits(part, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_length_and_no_control_characters() {
        assert_eq!(name_complaint(&"ü".repeat(200)), None);
        assert!(name_complaint(&"ü".repeat(201)).is_some());
        for wrong in ["a\nb", "a\0", "\u{7f}", "\u{85}"] {
            assert!(name_complaint(wrong).is_some(), "{wrong:?}");
        }
        assert_eq!(name_complaint("O'Neil <b> \u{202e} أحمد"), None);
    }

    #[test]
    fn project_keys() {
        for right in ["ab", "a1-b", "pricing-v2-x"] {
            assert!(is_project_key(right), "{right}");
        }
        for wrong in ["", "a", "a-b", "Ab", "ab-", "ab--c", "-ab", "ab c", "äb"] {
            assert!(!is_project_key(wrong), "{wrong}");
        }
    }
}
