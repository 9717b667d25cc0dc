//! Sanitises user-supplied names and addresses for mails.
//!
//! Pure functions from text to text. They do not escape HTML or headers: the template registry and lettre do.

use crate::characters::is_invisible;

/// Names are truncated here: long enough for real names, too short for a message.
pub const NAME_CHARS_MAX: usize = 100;

/// A name as a mail may show it: one line, no invisible or bidirectional control characters, nothing that a mail
/// client turns into a link, at most `NAME_CHARS_MAX` characters. `None` if nothing is left.
///
/// Not safe for HTML as it is: it keeps `<` and `&`, which the HTML template escapes.
#[must_use]
pub fn clean_name(name: &str) -> Option<String> {
    let name = capped(&unlinked(&tidy(name)), NAME_CHARS_MAX);
    (!name.is_empty()).then_some(name)
}

/// The address, if it may be shown. Unusual but legal ones (`"click here http://evil.example"@host`) can carry a
/// message; they are left out rather than repaired.
pub(super) fn plain_address(address: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    let (local, domain) = address.split_once('@')?;
    let is_whole = !local.is_empty() && !domain.is_empty();
    (is_whole && local.chars().chain(domain.chars()).all(is_plain)).then_some(address)
}

/// One line: runs of white space become one space; control characters, invisible characters and bidirectional
/// overrides are removed.
pub(super) fn tidy(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Inserts a space where a mail client would otherwise create a link: after a dot between two words (a domain, a mail
/// address), after the colon of a scheme (`https://`, `mailto:`), between two backslashes (a network share).
///
/// A space after the dot is the least ugly option: it even improves `St.Gallen` and `A.B. Smith`, and `evil. example`
/// still shows what was written. An invisible joiner would look better but work worse: some clients ignore it when
/// they detect links, and spam filters penalise it.
fn unlinked(name: &str) -> String {
    name.split(' ').map(unlinked_word).collect::<Vec<_>>().join(" ")
}

fn unlinked_word(word: &str) -> String {
    // `2.0`, `2.0.1` and `14:30` are not links; four numbers are an IPv4 address.
    let numbers_stay = word.chars().filter(|c| is_dot(*c)).count() < 3;
    let mut out = String::with_capacity(word.len());
    let mut before = ' ';
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if let Some(after) = rest.peek().copied() {
            let is_number = numbers_stay && before.is_numeric() && after.is_numeric();
            let may_link = match c {
                ':' => is_of_a_word(before),
                '\\' => after == '\\',
                _ => is_dot(c) && is_of_a_word(before) && is_of_a_word(after),
            };
            if may_link && !is_number {
                out.push(' ');
            }
        }
        before = c;
    }
    out
}

/// The full stop, and the characters that browsers treat as one in a domain name.
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{2024}' | '\u{3002}' | '\u{fe52}' | '\u{ff0e}' | '\u{ff61}')
}

/// Whether a domain name may contain the character: letters, digits, and nearly everything beyond ASCII
/// (`i❤.example`) except quotation marks, dashes and the like.
fn is_of_a_word(c: char) -> bool {
    let is_punctuation = matches!(c, '«' | '»' | '\u{2010}'..='\u{203a}');
    c.is_alphanumeric() || !c.is_ascii() && !is_punctuation
}

pub(super) fn capped(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        let check = |name: &str, clean: &str| assert_eq!(clean_name(name).unwrap(), clean);
        check("O'Neil & Söhne <b>", "O'Neil & Söhne <b>");
        check(" a\r\nBcc:\tx@y\u{2028}b\u{85}c ", "a Bcc: x@y b c");
        check("a\0b\u{7f}c", "abc");
        check("\u{202e}evil\u{2066}\u{200f}\u{61c}\u{feff}", "evil");
        check("می\u{200c}خواهم", "می\u{200c}خواهم");
        check("https://evil.example/x?y=z", "https: //evil. example/x?y=z");
        check("www.evil.example", "www. evil. example");
        check("evil.\u{200b}example", "evil. example");
        check("evil。example", "evil。 example");
        check("a.b@evil.example", "a. b@evil. example");
        check("St.Gallen 2.0, Inc.", "St. Gallen 2.0, Inc.");
        check("Release 2.0.1 at 14:30: go", "Release 2.0.1 at 14:30: go");
        check("“Acme Ltd.” … and: more", "“Acme Ltd.” … and: more");
        for nothing in [" \n\0 ", "\u{3164}", "\u{2800} \u{115f}"] {
            assert_eq!(clean_name(nothing), None, "{nothing:?}");
        }
        let long = clean_name(&"ä".repeat(10_000)).unwrap();
        assert_eq!((long.chars().count(), long.chars().last()), (NAME_CHARS_MAX, Some('…')));
    }

    #[test]
    fn text_that_mail_clients_turn_into_links_is_broken_up() {
        let check = |name: &str, clean: &str| assert_eq!(clean_name(name).unwrap(), clean);
        check("evil.example", "evil. example");
        check("//evil.example", "//evil. example");
        check("HTTPS:evil", "HTTPS: evil");
        check("http://[::1]/", "http: //[::1]/");
        check("mailto:eve@evil", "mailto: eve@evil");
        check("tel:+49123", "tel: +49123");
        check("evil:8080", "evil: 8080");
        check("192.0.2.1/x", "192. 0. 2. 1/x");
        check("\\\\evil\\share", "\\ \\evil\\share");
        check("i❤.example", "i❤. example");
        check("evil.\u{fe0f}example", "evil. \u{fe0f}example");
        check("evil\u{ff0e}example evil\u{2024}example", "evil\u{ff0e} example evil\u{2024} example");
        check("evil.\u{34f}example", "evil. example");
    }

    #[test]
    fn unusual_addresses_are_not_shown() {
        let check = |address: &str, is_shown: bool| {
            assert_eq!(plain_address(address), is_shown.then_some(address));
        };
        check("anna.o'neil+x@b-c.example", true);
        check("jürgen@müller.example", true);
        check("\"go to http://evil.example\"@b.example", false);
        check("www.evil.example/@b.example", false);
        check("a@b@c", false);
        check("@b", false);
        check("a\u{202e}@b", false);
    }
}
