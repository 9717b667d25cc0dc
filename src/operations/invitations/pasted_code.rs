//! The code of an invitation in the text that a person pasted: the code or the link, with what mail programs and
//! people add to it. `web/assets/accept.js` does the same in the browser, and `tests/fixtures/pasted-codes.json` is a
//! list of texts for both.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use crate::characters::is_blank;
use crate::problem::{Place, Problem};
use crate::secret::{GENERATED_CHARACTERS, Secret, SecretKind, is_secret_character};

/// How often a text may be percent-encoded: a wrapper around a wrapped link encodes it again.
const ENCODINGS_MAX: usize = 5;

/// The one code in the text. Refuses a text with several different ones, since only the person knows which is meant.
pub fn find(text: &str) -> Result<Secret, Problem> {
    let mut codes = codes_in(&unwrapped(text)).into_iter();
    match (codes.next(), codes.next()) {
        (Some(code), None) => Secret::parse(SecretKind::Invitation, &code).ok_or(Problem::UnknownCode),
        (None, _) => Err(Problem::UnknownCode),
        (Some(_), Some(_)) => {
            let detail = "contains several different codes; give only the one from the latest mail";
            Err(Problem::Invalid(vec![Place::pointer("/secret", detail)]))
        }
    }
}

/// The text without percent-encoding and without the encodings of link wrappers.
fn unwrapped(text: &str) -> String {
    let mut text = decoded(&joined_lines(text));
    // urldefense, version 3: `https://urldefense.com/v3/__LINK__;Iw!!…`. The underscores would count as characters of
    // the code.
    if text.contains("/v3/__") {
        text = text.replace("__;", ";");
    }
    // Version 2 writes `-` for `%` and `_` for `/`: `https://urldefense.proofpoint.com/v2/url?u=LINK&d=…`.
    let link = text.split_once("/v2/url?").and_then(|(_, query)| query.split_once("u="));
    if let Some((_, rest)) = link {
        let link = rest.split('&').next().unwrap_or_default();
        text = format!("{text}\n{}", decoded(&link.replace('-', "%").replace('_', "/")));
    }
    text
}

/// The text without what mail programs add at the ends of lines: `>` before each line of a quotation, and `=` where
/// quoted-printable breaks one.
fn joined_lines(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.split(['\r', '\n']) {
        let line = line.trim_start_matches(|c| c == '>' || is_blank(c));
        match line.trim_end_matches(is_blank).strip_suffix('=') {
            Some(begun) => joined.push_str(begun),
            None => joined.extend([line, "\n"]),
        }
    }
    joined
}

fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..ENCODINGS_MAX {
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            break;
        }
        text = decoded;
    }
    text
}

/// Every well-formed code in the text, each once. Blanks inside a code are left out; one that has the length of a
/// generated code ends at the next blank, so that a word after it is not taken for a part of it.
fn codes_in(text: &str) -> BTreeSet<String> {
    let prefix = SecretKind::Invitation.prefix();
    let mut is_after_blank = false;
    let mut letters: Vec<(char, bool)> = Vec::new();
    for c in text.chars() {
        if is_blank(c) {
            is_after_blank = true;
        } else {
            letters.push((c, is_after_blank));
            is_after_blank = false;
        }
    }
    // One byte for each character, so that positions are the same.
    let joined: String = letters.iter().map(|(c, _)| if c.is_ascii() { *c } else { '?' }).collect();
    let starts: Vec<usize> = joined.match_indices(prefix).map(|(start, _)| start).collect();
    let code_at = |position: usize, start: usize| {
        let end = starts.get(position + 1).copied().unwrap_or(letters.len());
        let body = letters[start + prefix.len()..end].iter().enumerate();
        let is_inside = |(length, (c, is_after_blank)): &(usize, &(char, bool))| {
            is_secret_character(*c) && (*length < GENERATED_CHARACTERS || !is_after_blank)
        };
        let body: String = body.take_while(is_inside).map(|(_, (c, _))| *c).collect();
        format!("{prefix}{}", without_dashes(&body))
    };
    let codes = starts.iter().enumerate().map(|(position, start)| code_at(position, *start));
    codes.filter(|code| Secret::parse(SecretKind::Invitation, code).is_some()).collect()
}

/// The body of a code without hyphens and underscores behind it, as in `CODE--` or `_CODE_`. They may be a part of a
/// code, so only what is beyond the length of a generated one is left out.
fn without_dashes(body: &str) -> &str {
    let generated = body.split_at_checked(GENERATED_CHARACTERS);
    let is_followed_by_dashes = |(_, rest): &(&str, &str)| rest.chars().all(|c| matches!(c, '-' | '_'));
    generated.filter(is_followed_by_dashes).map_or(body, |(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_54_the_code_is_found_in_every_text_of_the_list() {
        let texts = include_str!("../../../tests/fixtures/pasted-codes.json");
        let texts: Vec<serde_json::Value> = serde_json::from_str(texts).unwrap();
        assert!(texts.len() > 40);
        for text in texts {
            let found = match find(text["text"].as_str().unwrap()) {
                Ok(secret) => Some(secret.reveal().to_owned()),
                Err(Problem::UnknownCode) => None,
                Err(_) => Some("several".to_owned()),
            };
            assert_eq!(found.as_deref(), text["code"].as_str(), "{}", text["what"]);
        }
    }

    #[test]
    fn fr_54_every_generated_code_is_found_in_its_own_link() {
        for _ in 0..500 {
            let code = Secret::generate(SecretKind::Invitation);
            let code = code.reveal();
            let link = format!("https://people.example/invitations/accept%23{code}");
            let version_3 = format!("https://urldefense.com/v3/__{}__;Iw!!a$", link.replace("%23", "*"));
            let hex = |c: char| if c == '_' { "-5F".to_owned() } else { "-2D".to_owned() };
            let version_2: String = code
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { hex(c) })
                .collect();
            let version_2 =
                format!("https://urldefense.proofpoint.com/v2/url?u=https-3A__a_accept-23{version_2}&d=a");
            let text = format!("{link}\n\nor enter:\n{code}\n\nThe invitation");
            for text in [&link, &version_2, &version_3, &text, &format!("{code}&x=y")] {
                assert_eq!(find(text).ok().unwrap().reveal(), code, "{text}");
            }
        }
    }
}
