//! What a mail may show of names and addresses that somebody typed.
//!
//! Pure functions from text to text. They do not escape: that is the work of the registry which
//! renders the part, and of lettre in headers.

/// A name is cut here: long enough for real ones, too short to carry a message of its own.
pub const NAME_CHARS_MAX: usize = 100;

/// A name as a mail may show it: one line, no invisible or reordering characters, nothing that a mail
/// client would turn into a link, at most `NAME_CHARS_MAX` characters. `None` if nothing is left.
///
/// Not for HTML as it is: it keeps `<` and `&`, which the HTML part escapes.
#[must_use]
pub fn clean_name(name: &str) -> Option<String> {
    let name = capped(&unlinked(&tidy(name)), NAME_CHARS_MAX);
    (!name.is_empty()).then_some(name)
}

/// The address, if it may be shown. Odd but legal ones (`"click here http://evil.example"@host`) can
/// carry a message, and are left out rather than repaired.
pub(super) fn plain_address(address: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    let (local, domain) = address.split_once('@')?;
    let is_whole = !local.is_empty() && !domain.is_empty();
    (is_whole && local.chars().chain(domain.chars()).all(is_plain)).then_some(address)
}

/// One line: runs of white space become one space; control characters and characters that nobody
/// sees, or that turn the reading order of what follows, are dropped.
pub(super) fn tidy(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Format characters that have no business in a name. The two joiners (U+200C, U+200D) stay: Persian,
/// Indian scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Takes from a name what mail clients make links of: a dot between two words, and `://`.
///
/// A space after the dot is the least ugly of the ways: `St.Gallen` and `A.B. Smith` even gain by it,
/// and `evil. example` still shows what was written. An invisible joiner instead would look better
/// and work worse: some clients skip it when they look for links, and spam filters dislike it.
/// Numbers such as `2.0` are no links and stay.
fn unlinked(name: &str) -> String {
    let name = name.replace("://", ": //");
    let is_word = |c: char| c.is_alphanumeric() || c == '\u{200c}' || c == '\u{200d}';
    let mut out = String::with_capacity(name.len());
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        // The three beside the full stop are dots to domain names too.
        let is_dot = matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
        if is_dot && let Some(after) = rest.peek().copied() {
            let is_number = before.is_numeric() && after.is_numeric();
            if is_word(before) && is_word(after) && !is_number {
                out.push(' ');
            }
        }
        before = c;
    }
    out
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
        assert_eq!(clean_name(" \n\0 "), None);
        let long = clean_name(&"ä".repeat(10_000)).unwrap();
        assert_eq!((long.chars().count(), long.chars().last()), (NAME_CHARS_MAX, Some('…')));
    }

    #[test]
    fn odd_addresses_are_not_shown() {
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
