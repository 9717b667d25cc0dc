//! What Unicode says of a character: whether it can be seen, and how a text is normalised.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Characters that draw nothing although their properties do not say so: BRAILLE PATTERN BLANK, and the marks around
/// interlinear annotations.
const BLANKS: [char; 4] = ['\u{2800}', '\u{fff9}', '\u{fffa}', '\u{fffb}'];

/// Why a character cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// It is a blank, a control character, or one that programs do not draw.
    Invisible,
    /// Unicode has not assigned it, or has reserved it for private use.
    Unassigned,
}

impl Unseen {
    /// The word for it in an error.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Invisible => "invisible",
            Self::Unassigned => "not assigned by Unicode",
        }
    }
}

/// Why a character cannot be seen; `None` if it can.
#[must_use]
pub fn unseen(letter: char) -> Option<Unseen> {
    // A fast path: most characters are ASCII.
    if letter.is_ascii_graphic() {
        return None;
    }
    // First, since some characters that programs do not draw are unassigned.
    if draws_nothing(letter) {
        return Some(Unseen::Invisible);
    }
    match CodePointMapData::<GeneralCategory>::new().get(letter) {
        GeneralCategory::Control
        | GeneralCategory::SpaceSeparator
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator => Some(Unseen::Invisible),
        GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Surrogate => {
            Some(Unseen::Unassigned)
        }
        _ => None,
    }
}

fn draws_nothing(letter: char) -> bool {
    BLANKS.contains(&letter) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
}

/// Whether a character is white space, a control character, or one that is not drawn. Copying a word may add such
/// characters, at a line end for example.
#[must_use]
pub fn is_blank(letter: char) -> bool {
    unseen(letter) == Some(Unseen::Invisible)
}

/// Whether a character is not drawn and has no use in a name. The two joiners (U+200C, U+200D) and the variation
/// selectors have one: Persian, Indic scripts, Japanese and emoji need them.
#[must_use]
pub fn is_invisible(letter: char) -> bool {
    let shapes_others = matches!(letter,
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}');
    draws_nothing(letter) && !shapes_others
}

/// Whether a text has a character that is not invisible. An unassigned one is drawn, as a box.
#[must_use]
pub fn has_visible(text: &str) -> bool {
    !text.chars().all(is_blank)
}

/// The text in Normalization Form C: "e" and a combining acute accent become "é".
#[must_use]
pub fn composed(text: &str) -> String {
    // A fast path: ASCII is normalised.
    if text.is_ascii() {
        text.to_owned()
    } else {
        ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_56_a_character_is_visible_unless_it_draws_nothing() {
        for letter in ['a', '~', 'é', '\u{301}', '漢', '👩', '\u{fffd}', '€'] {
            assert_eq!(unseen(letter), None, "{letter:?}");
        }
        for letter in [
            ' ',
            '\u{0}',
            '\n',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{3164}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2028}',
            '\u{2060}',
            '\u{2800}',
            '\u{3000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0001}',
        ] {
            assert_eq!(unseen(letter), Some(Unseen::Invisible), "{letter:?}");
        }
        for letter in ['\u{378}', '\u{e000}', '\u{ffff}', '\u{10ffff}'] {
            assert_eq!(unseen(letter), Some(Unseen::Unassigned), "{letter:?}");
        }
    }
}
