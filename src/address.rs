//! Mail addresses: the one type for them, made in one way, so that the same mailbox is the same address everywhere.
//!
//! An address is shown as it was typed and compared by its folded form. Folding changes only what no mail server tells
//! apart: the Unicode form (NFC), letter case, needless quotes, and the spelling of the domain (UTS 46). A character
//! that only looks like an ASCII one stays different from it.

use std::net::IpAddr;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::characters::{composed, unseen};

/// The longest address that mail can be sent to (RFC 5321, erratum 1690).
pub const EMAIL_CHARACTERS_MAX: usize = 254;
/// The longest local part in bytes (RFC 5321).
const LOCAL_BYTES_MAX: usize = 64;

/// What an IPv6 address in brackets begins with (RFC 5321).
const IPV6_TAG: &str = "IPv6:";

/// What every error begins with.
const EXPECTED: &str = "must be a mail address, like ann@example.org";

/// The characters beyond ASCII whose canonical form is one ASCII character: GREEK QUESTION MARK, GREEK VARIA, KELVIN
/// SIGN. Normalising them would give one person the address of another.
const LOOK_ALIKES: [char; 3] = ['\u{37e}', '\u{1fef}', '\u{212a}'];

/// A mail address.
#[derive(Clone, Debug)]
pub struct EmailAddress {
    typed: String,
    local: String,
    /// In ASCII, otherwise as typed; an IPv6 address as RFC 5321 writes it.
    domain: String,
    folded_domain: String,
}

impl EmailAddress {
    /// Parses an address. An error says what is wrong and, for a character that cannot be seen, where it is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        if length > EMAIL_CHARACTERS_MAX {
            return Err(format!(
                "must be a mail address of at most {EMAIL_CHARACTERS_MAX} characters, not {length}"
            ));
        }
        if let Some(complaint) = unseen_character(text) {
            return Err(format!("{EXPECTED}; {complaint}"));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EXPECTED)?;
        let local =
            local_part(local).ok_or_else(|| format!("{EXPECTED}; the part before the @ is not valid"))?;
        if local.len() > LOCAL_BYTES_MAX {
            return Err(format!("{EXPECTED}; the part before the @ has more than {LOCAL_BYTES_MAX} bytes"));
        }
        let folded_domain =
            ascii_domain(domain).ok_or_else(|| format!("{EXPECTED}; the domain is not valid"))?;
        if local.len() + 1 + folded_domain.len() > EMAIL_CHARACTERS_MAX {
            return Err(format!(
                "{EXPECTED}; it has more than {EMAIL_CHARACTERS_MAX} bytes when mail is sent to it"
            ));
        }
        let domain = domain_for_mail(domain, &folded_domain);
        Ok(Self { typed: text.to_owned(), local, domain, folded_domain })
    }

    /// As it was typed.
    #[must_use]
    pub fn as_typed(&self) -> &str {
        &self.typed
    }

    /// The form by which addresses are compared.
    #[must_use]
    pub fn folded(&self) -> String {
        format!("{}@{}", folded_local(&self.local), self.folded_domain)
    }

    /// The form that mail servers are told: as typed, but in NFC and with the domain in ASCII.
    #[must_use]
    pub fn for_mail(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The part before the `@`, as mail servers are told it.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in ASCII (`xn--…`), or an IP address in brackets.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

/// The folded form of a stored address. One that is not accepted any more is compared as it was before there were rules.
#[must_use]
pub fn folded_or_lower_case(stored: &str) -> String {
    EmailAddress::parse(stored).map_or_else(|_| in_lower_case(stored), |address| address.folded())
}

/// The folding of addresses up to schema step 5.
#[must_use]
pub fn in_lower_case(stored: &str) -> String {
    stored.to_lowercase()
}

fn unseen_character(text: &str) -> Option<String> {
    // A blank may be part of a quoted local part, and is an error elsewhere.
    let mut found = text.chars().zip(1..).filter(|(letter, _)| *letter != ' ');
    found.find_map(|(letter, position)| {
        let why = unseen(letter)?;
        Some(format!("U+{:04X} at character {position} is {}; remove it", u32::from(letter), why.word()))
    })
}

/// The local part in NFC, in quotes only if it needs them.
fn local_part(text: &str) -> Option<String> {
    let content = match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted.strip_suffix('"')?)?,
        None if is_dot_atom(text) => text.to_owned(),
        None => return None,
    };
    let content = composed_apart(&content);
    if is_dot_atom(&content) {
        return Some(content);
    }
    let is_special = |letter: char| letter == '"' || letter == '\\';
    let escaped =
        content.chars().flat_map(|letter| is_special(letter).then_some('\\').into_iter().chain([letter]));
    Some(std::iter::once('"').chain(escaped).chain(['"']).collect())
}

/// The content of a quoted local part; `None` if it is empty or ends too early.
fn unquoted(text: &str) -> Option<String> {
    let mut content = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => content.push(letters.next().filter(char::is_ascii)?),
            '"' => return None,
            _ => content.push(letter),
        }
    }
    (!content.is_empty()).then_some(content)
}

fn is_dot_atom(text: &str) -> bool {
    let is_letter = |letter: char| {
        letter.is_ascii_alphanumeric() || !letter.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(letter)
    };
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_letter))
}

/// NFC that keeps the look-alikes of ASCII characters.
fn composed_apart(text: &str) -> String {
    let parts = text.split_inclusive(LOOK_ALIKES);
    let compose = |part: &str| match part.chars().next_back().filter(|last| LOOK_ALIKES.contains(last)) {
        Some(last) => composed(&part[..part.len() - last.len_utf8()]) + &last.to_string(),
        None => composed(part),
    };
    parts.map(compose).collect()
}

/// Each letter in lower case by itself, so that the letters beside a sigma make no difference.
fn folded_local(local: &str) -> String {
    let mut folded = String::with_capacity(local.len());
    for letter in local.chars() {
        match letter {
            'ς' => folded.push('σ'),
            _ if LOOK_ALIKES.contains(&letter) => folded.push(letter),
            _ => folded.extend(letter.to_lowercase()),
        }
    }
    composed_apart(&folded)
}

fn ascii_domain(text: &str) -> Option<String> {
    if let Some(literal) = text.strip_prefix('[') {
        return address_literal(literal.strip_suffix(']')?);
    }
    let rules = (AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
    Uts46::new().to_ascii(text.as_bytes(), rules.0, rules.1, rules.2).ok().map(String::from)
}

/// The folded form of an IP address in brackets. RFC 5321 writes an IPv6 address as `[IPv6:::1]`, people as `[::1]`.
fn address_literal(text: &str) -> Option<String> {
    let tagged = text.split_at_checked(IPV6_TAG.len()).filter(|(tag, _)| tag.eq_ignore_ascii_case(IPV6_TAG));
    let address = match tagged {
        Some((_, address)) => IpAddr::V6(address.parse().ok()?),
        None => text.parse().ok()?,
    };
    Some(format!("[{address}]"))
}

/// The domain as mail servers are told it.
fn domain_for_mail(typed: &str, folded: &str) -> String {
    match folded.strip_prefix('[') {
        Some(literal) if literal.contains(':') => format!("[{IPV6_TAG}{literal}"),
        _ if typed.is_ascii() => typed.to_owned(),
        _ => folded.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        EmailAddress::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).folded()
    }

    #[test]
    fn fr_50_look_alikes_are_all_that_normalise_to_one_ascii_character() {
        let beyond_ascii = ('\u{80}'..=char::MAX).filter(|letter| composed(&letter.to_string()).is_ascii());
        assert_eq!(beyond_ascii.collect::<Vec<_>>(), LOOK_ALIKES);
        let lower = |letter: &char| !letter.is_ascii() && letter.to_lowercase().all(|lower| lower.is_ascii());
        assert!(('\u{80}'..=char::MAX).filter(lower).all(|letter| LOOK_ALIKES.contains(&letter)));
    }

    #[test]
    fn fr_50_folding_twice_is_folding_once() {
        for text in
            ["Ann@Bücher.example", "\"a b\"@c.example", "\"\u{212a}\\\"\"@[::0001]", "İ.ς\u{301}@K.example"]
        {
            assert_eq!(folded(&folded(text)), folded(text), "{text}");
        }
    }

    #[test]
    fn an_address_has_two_sides_and_at_most_254_characters() {
        for text in ["a@b.example", "Ann.O'Neil+tag@example.org", "jürgen@example.org"] {
            assert!(EmailAddress::parse(text).is_ok(), "{text}");
        }
        let long = format!("a@{}example.org", "b.".repeat(122));
        assert!(long.len() > EMAIL_CHARACTERS_MAX);
        for text in
            ["", "ann", "@example.org", "ann@", "a b@example.org", "a@b@c", "a@example.org\r\nBcc: x", &long]
        {
            assert!(EmailAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fr_50_an_ipv6_address_is_one_domain_however_it_is_written_and_mail_has_the_form_of_the_standard() {
        for text in ["a@[::1]", "a@[::0001]", "a@[IPv6:::1]", "a@[ipv6:0:0:0:0:0:0:0:1]"] {
            assert_eq!(folded(text), "a@[::1]");
            assert_eq!(EmailAddress::parse(text).unwrap().for_mail(), "a@[IPv6:::1]");
        }
        assert_eq!(EmailAddress::parse("a@[127.0.0.1]").unwrap().for_mail(), "a@[127.0.0.1]");
    }

    #[test]
    fn fr_50_an_invisible_character_is_named_with_its_place() {
        let error = EmailAddress::parse("ann@acme.test\u{200b}").unwrap_err();
        assert!(error.ends_with("U+200B at character 14 is invisible; remove it"), "{error}");
    }
}
