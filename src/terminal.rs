//! Text for a terminal. Names, addresses and the replies of a mail server are chosen by others: control characters in
//! them move the cursor or set the title of the window, and bidirectional controls show a text that is not there.

use std::borrow::Cow;

use crate::characters::is_invisible;

/// A value as a part of one line: what a terminal would act on or not show is written as `\u{1b}`.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_active)
}

/// Whole lines: line breaks and tabs are kept.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_active(c) && !matches!(c, '\n' | '\t'))
}

/// A line of the log in colour. The log escapes ESC in values, and its own ones stay.
#[must_use]
pub fn coloured_line(text: &str) -> String {
    let (line, end) = text.strip_suffix('\n').map_or((text, ""), |line| (line, "\n"));
    format!("{}{end}", escaped(line, |c| is_active(c) && c != '\u{1b}'))
}

/// JSON with the same characters escaped as JSON does it. They occur only inside its strings.
#[must_use]
pub fn json(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in format!("{value:#}").chars() {
        if is_active(c) && c != '\n' {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let one = |c: char| if is_escaped(c) { c.escape_unicode().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(one).collect())
}

fn is_active(c: char) -> bool {
    c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVE: &str =
        "a\u{1b}]0;x\u{7}\u{9b}31m\r\n\u{202e}\u{2066}\u{2028}\u{e0041}é می\u{200c}خ 👩\u{200d}🚀";

    #[test]
    fn fr_53_a_value_is_one_line_that_moves_nothing() {
        assert_eq!(
            line(ACTIVE),
            "a\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{d}\\u{a}\\u{202e}\\u{2066}\\u{2028}\\u{e0041}é می\u{200c}خ 👩\u{200d}🚀"
        );
        assert_eq!(lines("a\tb\n\u{1b}c\r\n"), "a\tb\n\\u{1b}c\\u{d}\n");
        assert_eq!(
            coloured_line("\u{1b}[32mINFO\u{1b}[0m a\nb\u{202e}\n"),
            "\u{1b}[32mINFO\u{1b}[0m a\\u{a}b\\u{202e}\n"
        );
    }

    #[test]
    fn fr_53_json_stays_the_same_value() {
        let value = serde_json::json!({ "name": ACTIVE, "b": [1] });
        let text = json(&value);
        assert!(!text.chars().any(|c| is_active(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
