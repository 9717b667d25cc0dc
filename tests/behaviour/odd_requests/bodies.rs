//! Odd JSON.

use super::{Odd, invite, odd};

/// A body with one more field.
fn with(field: &str) -> Vec<u8> {
    invite(format!("{{\"userIds\":[],{field}}}"))
}

fn texts() -> Vec<Odd> {
    let text = "{\"userIds\":[]}";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        odd("an empty body", invite(""), "No document. The problem says so."),
        odd(
            "a byte order mark before the JSON",
            invite(format!("\u{feff}{text}")),
            "RFC 8259, 8.1: it must not be sent. The problem names it.",
        ),
        odd("UTF-16", invite(utf16), "RFC 8259, 8.1: JSON is UTF-8. The problem says what it looks like."),
        odd("bytes that are no UTF-8", invite(b"{\"userIds\":[\"\xff\"]}"), "The same; nothing is replaced."),
        odd("`\"\\ud83d\\ude00\"`, a pair of surrogates", with(r#""x":"\ud83d\ude00""#), "One character."),
        odd(
            "`{\"userIds\":[\"\\ud83d\"]}`, half of a pair",
            invite(r#"{"userIds":["\ud83d"]}"#),
            "No character, so no text.",
        ),
        odd(
            "a control character in a text",
            invite("{\"userIds\":[\"a\nb\"]}"),
            "RFC 8259, 7: it has to be written as `\\n`.",
        ),
    ]
}

fn values() -> Vec<Odd> {
    let text = "{\"userIds\":[]}";
    let deep = |levels: usize| with(&format!("\"x\":{}{}", "[".repeat(levels), "]".repeat(levels)));
    vec![
        odd(
            "a known name twice",
            with("\"owner\":true,\"owner\":false"),
            "Readers differ on which one counts.",
        ),
        odd(
            "an unknown name twice",
            with("\"x\":1,\"x\":2"),
            "Unknown fields are ignored, whatever they hold.",
        ),
        odd(
            "a name in another letter case",
            invite("{\"userids\":[]}"),
            "Another name, so the one that is needed is missing.",
        ),
        odd(
            "`null` for a field that may be absent",
            with("\"owner\":null"),
            "`null` is a value, and the description has no `nullable` there.",
        ),
        odd(
            "`\"true\"` for `true`",
            with("\"owner\":\"true\""),
            "A text is no boolean; nothing is converted.",
        ),
        odd(
            "`1e400` in an unknown field",
            with("\"x\":1e400"),
            "Ignored as well: only a field that is read has a range.",
        ),
        odd(
            "a whole number of 30 digits in an unknown field",
            with("\"x\":123456789012345678901234567890"),
            "JSON has no limit for it, and it is not kept.",
        ),
        odd("`NaN`", with("\"x\":NaN"), "Not JSON."),
        odd("a comma behind the last field", invite("{\"userIds\":[],}"), "Not JSON."),
        odd("a comment", invite("{\"userIds\":[]/* none */}"), "Not JSON."),
        odd("two documents", invite(format!("{text}{text}")), "A body is one document."),
        odd("blanks and line breaks around the JSON", invite(format!(" \r\n\t{text}\r\n")), "Part of JSON."),
        odd("an array of the values for an object", invite("[[]]"), "A model is read from an object alone."),
        odd("100 arrays inside each other in an unknown field", deep(100), "Ignored as well."),
        odd("1,000 arrays inside each other in an unknown field", deep(1_000), "Ignored as well."),
    ]
}

pub fn all() -> Vec<Odd> {
    texts().into_iter().chain(values()).collect()
}
