//! Substring search in names and addresses, for any alphabet, whatever their letter case and Unicode form.
//!
//! Both sides are folded once: a text when it is stored, a search when it is asked.

use std::collections::BTreeSet;

use crate::characters::{Unseen, composed, unseen};

/// The combining dot above, which lower case adds to the `i` of "İ".
const DOT_ABOVE: char = '\u{307}';

/// A folded search text. Returns `None` for one without any visible character.
#[must_use]
pub fn folded(search: Option<&str>) -> Option<String> {
    search.map(folded_text).filter(|text| !text.is_empty())
}

/// The most trigrams of a search that an index is asked for. Each costs time; a text with all of them has nearly always
/// the rest, too.
const TRIGRAMS_MAX: usize = 32;

/// The different trigrams of a folded search text: none if it is shorter. A text that contains it has them all. U+0000 is
/// passed over, as the index does; no text that is stored has one.
#[must_use]
pub fn trigrams(folded: &str) -> BTreeSet<String> {
    all_trigrams(folded).into_iter().take(TRIGRAMS_MAX).collect()
}

/// The trigrams of a folded text, in their order.
#[must_use]
pub fn all_trigrams(folded: &str) -> Vec<String> {
    let letters: Vec<char> = folded.chars().filter(|letter| *letter != '\0').collect();
    letters.windows(3).map(|trigram| trigram.iter().collect()).collect()
}

/// Folds a text: NFC, lower case, no invisible characters, and one blank for any number of them between words.
///
/// Each letter is folded by itself, so that folding a part of a text gives a part of the folded text:
/// `str::to_lowercase` depends on the context of a sigma. Here a final sigma equals any other.
#[must_use]
pub fn folded_text(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut is_between_words = false;
    for letter in composed(text).chars() {
        if letter.is_whitespace() {
            is_between_words = !folded.is_empty();
        } else if letter.is_control() || unseen(letter) != Some(Unseen::Invisible) {
            if std::mem::take(&mut is_between_words) {
                folded.push(' ');
            }
            push_folded(&mut folded, letter);
        }
    }
    composed(&folded)
}

fn push_folded(folded: &mut String, letter: char) {
    for lower in letter.to_lowercase() {
        match lower {
            'ς' => folded.push('σ'),
            DOT_ABOVE if folded.ends_with('i') => {}
            _ => folded.push(lower),
        }
    }
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
            assert_eq!(folded_text(text).contains(&search), found, "{text} {search}");
        }
    }

    #[test]
    fn fr_56_a_text_is_found_whatever_its_unicode_form() {
        for (text, search) in [
            ("Dvor\u{30c}a\u{301}k", "dvořák"),
            ("Dvořák", "DVOR\u{30c}A\u{301}K"),
            ("İzmir", "izmir"),
            ("izmir", "İZMİR"),
            ("I\u{307}zmir", "izm"),
            ("Nina\t New", " nina  new\u{200b} "),
            ("Ni\u{200b}na", "\u{feff}nina\u{a0}"),
            ("\u{1f0}", "J\u{30c}"),
            ("Karl", "\u{212a}arl"),
        ] {
            let search = folded(Some(search)).unwrap();
            assert!(folded_text(text).contains(&search), "{text} {search}");
        }
    }

    #[test]
    fn a_text_has_the_trigrams_of_every_part_of_it() {
        let of = |text: &str| trigrams(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("anana"), ["ana", "nan"]);
        assert_eq!(of("öüß\0€"), ["öüß", "üß€"]);
        assert_eq!((of(""), of("ab"), of("a\0b")), (vec![], vec![], vec![]));
        assert_eq!(of(&('a'..='z').cycle().take(100).collect::<String>()).len(), 26);
    }

    #[test]
    fn an_empty_search_has_no_text() {
        for search in [None, Some(""), Some(" \t"), Some("\u{200b}\u{3164}")] {
            assert_eq!(folded(search), None);
        }
    }
}
