//! Case-insensitive substring search in names and addresses, for any alphabet.

/// A normalised search text. Returns `None` for an empty one.
#[must_use]
pub fn folded(search: Option<&str>) -> Option<String> {
    search.map(fold).filter(|text| !text.is_empty())
}

/// Whether a text contains a normalised search text.
#[must_use]
pub fn has_text(text: &str, folded_search: &str) -> bool {
    // A fast path: most names are ASCII, and a search reads all of them.
    if text.is_ascii() {
        let Some((first, rest)) = folded_search.as_bytes().split_first() else { return true };
        // Compare the first letter separately: it rarely matches.
        let begins =
            |part: &[u8]| part[0].to_ascii_lowercase() == *first && part[1..].eq_ignore_ascii_case(rest);
        return text.as_bytes().windows(folded_search.len()).any(begins);
    }
    fold(text).contains(folded_search)
}

/// Folds each letter separately, so that folding a part of a text gives a part of the folded text: `str::to_lowercase`
/// depends on the context of a sigma. Here a final sigma equals any other.
fn fold(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase);
    letters.map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whatever_its_letter_case() {
        for (text, search, found) in [
            ("Olga Owner", "GA OW", true),
            ("Olga", "olgas", false),
            ("Öztürk", "öZT", true),
            ("Κώστας", "ΚΏΣ", true),
            ("Anna", "ä", false),
            ("straße", "RASS", false),
            ("50%_o'clock", "%_O'", true),
            ("", "a", false),
        ] {
            let search = folded(Some(search)).unwrap();
            assert_eq!(has_text(text, &search), found, "{text} {search}");
        }
    }

    #[test]
    fn an_empty_search_has_no_text() {
        assert_eq!(folded(Some("")), None);
        assert_eq!(folded(None), None);
    }
}
