//! `docs/addresses.md`: which mail addresses are taken, which are the same, and which are refused why. The table here is
//! what is expected, and the document is made from it.

use std::fmt::Write;

use brms::address::EmailAddress;

use crate::repository::{read, root};
use crate::settings::difference;

const PATH: &str = "docs/addresses.md";

const INTRODUCTION: &str = "# Mail addresses

<!-- Written by tests/documents/addresses.rs: DOCUMENTS=write cargo test --test documents -->

An address is stored and shown as it was typed, and compared by its folded form: two addresses with the same folded
form are one user of an organisation. Folding changes only what no mail server tells apart:

- The whole address is brought into Unicode Normalization Form C.
- The domain is brought into its ASCII form (`xn--…`) by UTS 46, which also makes full-width letters and ideographic
  full stops ordinary ones.
- Letters become lower case, each by itself.
- Quotes that the part before the `@` does not need are dropped.
- An IPv6 address in brackets is written in its short form, without `IPv6:`. Mail has it as `[IPv6:…]` (RFC 5321).

A character that only looks like an ASCII one stays different from it in the part before the `@`. Invisible and
unassigned characters are refused. Mail goes to the address as typed, with the domain in its ASCII form.

In these tables a character that cannot be seen, or is easily taken for another one, is written as `\\u{…}`.
";

enum Outcome {
    /// The folded form.
    Taken(&'static str),
    /// The end of the error.
    Refused(&'static str),
}
use Outcome::{Refused, Taken};

type Rows = &'static [(&'static str, Outcome)];

const LOCAL: &str = "the part before the @ is not valid";
const DOMAIN: &str = "the domain is not valid";

const SECTIONS: &[(&str, Rows)] = &[
    (
        "Letters and signs",
        &[
            ("ann@acme.test", Taken("ann@acme.test")),
            ("Ann@ACME.Test", Taken("ann@acme.test")),
            ("ANN+Tag@acme.test", Taken("ann+tag@acme.test")),
            ("ann.o'neil@acme.test", Taken("ann.o'neil@acme.test")),
            ("a@b", Taken("a@b")),
            ("owner@localhost", Taken("owner@localhost")),
            ("ann@a-b.c1.test", Taken("ann@a-b.c1.test")),
            ("ann@127.0.0.1", Taken("ann@127.0.0.1")),
            ("ann@[127.0.0.1]", Taken("ann@[127.0.0.1]")),
            ("ann@[::0001]", Taken("ann@[::1]")),
            ("ann@[IPv6:::1]", Taken("ann@[::1]")),
            ("ann@[ipv6:2001:DB8::1]", Taken("ann@[2001:db8::1]")),
            ("!#$%&'*+-/=?^_`{|}~@acme.test", Taken("!#$%&'*+-/=?^_`{|}~@acme.test")),
            ("1@acme.test", Taken("1@acme.test")),
            ("-@acme.test", Taken("-@acme.test")),
        ],
    ),
    (
        "Quotes",
        &[
            ("\"ann\"@acme.test", Taken("ann@acme.test")),
            ("\"Ann.B\"@acme.test", Taken("ann.b@acme.test")),
            ("\"a\\nn\"@acme.test", Taken("ann@acme.test")),
            ("\"a n\"@acme.test", Taken("\"a n\"@acme.test")),
            ("\"A N\"@acme.test", Taken("\"a n\"@acme.test")),
            ("\"a@b\"@acme.test", Taken("\"a@b\"@acme.test")),
            ("\"a\\\"b\"@acme.test", Taken("\"a\\\"b\"@acme.test")),
            ("\"a\\\\b\"@acme.test", Taken("\"a\\\\b\"@acme.test")),
            ("\"a..b\"@acme.test", Taken("\"a..b\"@acme.test")),
            ("\".a\"@acme.test", Taken("\".a\"@acme.test")),
            ("\"\"@acme.test", Refused(LOCAL)),
            ("\"ann@acme.test", Refused(LOCAL)),
            ("\"a\"b@acme.test", Refused(LOCAL)),
            ("\"a\"b\"@acme.test", Refused(LOCAL)),
            ("\"a\\\"@acme.test", Refused(LOCAL)),
        ],
    ),
    (
        "Domains beyond ASCII",
        &[
            ("ann@bücher.example", Taken("ann@xn--bcher-kva.example")),
            ("ann@BÜCHER.example", Taken("ann@xn--bcher-kva.example")),
            ("ann@xn--bcher-kva.example", Taken("ann@xn--bcher-kva.example")),
            ("ann@XN--BCHER-KVA.example", Taken("ann@xn--bcher-kva.example")),
            ("ann@bu\u{308}cher.example", Taken("ann@xn--bcher-kva.example")),
            ("ann@bücher\u{3002}example", Taken("ann@xn--bcher-kva.example")),
            ("ann@bücher\u{ff0e}example", Taken("ann@xn--bcher-kva.example")),
            ("ann@\u{ff41}\u{ff43}\u{ff4d}\u{ff45}.test", Taken("ann@acme.test")),
            ("ann@\u{212a}elvin.test", Taken("ann@kelvin.test")),
            ("ann@straße.example", Taken("ann@xn--strae-oqa.example")),
            ("ann@strasse.example", Taken("ann@strasse.example")),
            ("ann@\u{430}cme.test", Taken("ann@xn--cme-5cd.test")),
            ("ann@例え.テスト", Taken("ann@xn--r8jz45g.xn--zckzah")),
            ("ann@παράδειγμα.δοκιμή", Taken("ann@xn--hxajbheg2az3al.xn--jxalpdlp")),
            ("ann@مثال.إختبار", Taken("ann@xn--mgbh0fb.xn--kgbechtv")),
            ("ann@उदाहरण.परीक्षा", Taken("ann@xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g")),
            ("ann@xn--a.example", Refused(DOMAIN)),
            ("ann@xn--acme.example", Refused(DOMAIN)),
            ("ann@\u{301}acme.test", Refused(DOMAIN)),
            ("ann@a\u{fffd}.test", Refused(DOMAIN)),
        ],
    ),
    (
        "Before the @, beyond ASCII",
        &[
            ("jürgen@acme.test", Taken("jürgen@acme.test")),
            ("JÜRGEN@acme.test", Taken("jürgen@acme.test")),
            ("ju\u{308}rgen@acme.test", Taken("jürgen@acme.test")),
            ("Νίκος@acme.test", Taken("νίκοσ@acme.test")),
            ("ΝΊΚΟΣ@acme.test", Taken("νίκοσ@acme.test")),
            ("straße@acme.test", Taken("straße@acme.test")),
            ("STRAẞE@acme.test", Taken("straße@acme.test")),
            ("strasse@acme.test", Taken("strasse@acme.test")),
            ("İnci@acme.test", Taken("i\u{307}nci@acme.test")),
            ("ırmak@acme.test", Taken("ırmak@acme.test")),
            ("ईमेल्@acme.test", Taken("ईमेल्@acme.test")),
            ("邮箱@acme.test", Taken("邮箱@acme.test")),
            ("💌@acme.test", Taken("💌@acme.test")),
            ("\"ü b\"@acme.test", Taken("\"ü b\"@acme.test")),
        ],
    ),
    (
        "Look-alikes",
        &[
            ("karl@acme.test", Taken("karl@acme.test")),
            ("\u{212a}arl@acme.test", Taken("\u{212a}arl@acme.test")),
            ("\u{430}nn@acme.test", Taken("\u{430}nn@acme.test")),
            ("\u{ff41}nn@acme.test", Taken("\u{ff41}nn@acme.test")),
            ("a\u{37e}b@acme.test", Taken("a\u{37e}b@acme.test")),
            ("a\u{1fef}b@acme.test", Taken("a\u{1fef}b@acme.test")),
            ("\u{17f}am@acme.test", Taken("\u{17f}am@acme.test")),
            ("\u{212b}sa@acme.test", Taken("åsa@acme.test")),
            ("ann\u{ff20}acme.test", Refused("like ann@example.org")),
        ],
    ),
    (
        "What cannot be seen",
        &[
            ("ann@acme.test\u{200b}", Refused("U+200B at character 14 is invisible; remove it")),
            ("\u{feff}ann@acme.test", Refused("U+FEFF at character 1 is invisible; remove it")),
            ("a\u{ad}nn@acme.test", Refused("U+00AD at character 2 is invisible; remove it")),
            ("ann@ac\u{ad}me.test", Refused("U+00AD at character 7 is invisible; remove it")),
            ("a\u{200d}nn@acme.test", Refused("U+200D at character 2 is invisible; remove it")),
            ("ann\u{202e}@acme.test", Refused("U+202E at character 4 is invisible; remove it")),
            ("ann\u{a0}@acme.test", Refused("U+00A0 at character 4 is invisible; remove it")),
            ("\u{3164}@acme.test", Refused("U+3164 at character 1 is invisible; remove it")),
            ("ann\u{fe0f}@acme.test", Refused("U+FE0F at character 4 is invisible; remove it")),
            ("ann\t@acme.test", Refused("U+0009 at character 4 is invisible; remove it")),
            ("ann@acme.test\r\nBcc: x@y.test", Refused("U+000D at character 14 is invisible; remove it")),
            ("ann\u{0}@acme.test", Refused("U+0000 at character 4 is invisible; remove it")),
            ("a\u{378}nn@acme.test", Refused("U+0378 at character 2 is not assigned by Unicode; remove it")),
            ("a\u{e000}nn@acme.test", Refused("U+E000 at character 2 is not assigned by Unicode; remove it")),
        ],
    ),
    (
        "Other errors",
        &[
            ("", Refused("like ann@example.org")),
            ("ann", Refused("like ann@example.org")),
            ("@acme.test", Refused(LOCAL)),
            ("ann@", Refused(DOMAIN)),
            (" ann@acme.test", Refused(LOCAL)),
            ("ann@acme.test ", Refused(DOMAIN)),
            ("a b@acme.test", Refused(LOCAL)),
            ("Ann <ann@acme.test>", Refused(LOCAL)),
            ("a@b@acme.test", Refused(LOCAL)),
            ("a@acme.test, b@acme.test", Refused(LOCAL)),
            (".ann@acme.test", Refused(LOCAL)),
            ("ann.@acme.test", Refused(LOCAL)),
            ("a..b@acme.test", Refused(LOCAL)),
            ("ann@acme..test", Refused(DOMAIN)),
            ("ann@.acme.test", Refused(DOMAIN)),
            ("ann@acme.test.", Refused(DOMAIN)),
            ("ann@-acme.test", Refused(DOMAIN)),
            ("ann@acme-.test", Refused(DOMAIN)),
            ("ann@a_b.test", Refused(DOMAIN)),
            ("ann@acme.test:25", Refused(DOMAIN)),
            ("ann@::1", Refused(DOMAIN)),
            ("ann@[acme.test]", Refused(DOMAIN)),
            ("ann@[127.0.0.1", Refused(DOMAIN)),
            ("ann@[IPv6:127.0.0.1]", Refused(DOMAIN)),
            ("ann@[IPv4:127.0.0.1]", Refused(DOMAIN)),
            ("ann@IPv6:::1", Refused(DOMAIN)),
            (LONG_LOCAL, Refused("the part before the @ has more than 64 bytes")),
        ],
    ),
];

/// 65 letters before the `@`.
const LONG_LOCAL: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@acme.test";

/// Letters of other scripts that look like ASCII ones, in the table.
const LOOK_ALIKES: &str = "\u{430}\u{ff41}\u{ff43}\u{ff4d}\u{ff45}\u{37e}\u{1fef}\u{17f}\u{212a}\u{212b}\u{ff20}\u{ff0e}\u{3002}\u{fffd}";

/// A text as code in a table, with the characters spelled out that a reader could not tell.
fn code(text: &str) -> String {
    let spelled = |letter: char| match letter {
        '|' => "\\|".to_owned(),
        ' ' => " ".to_owned(),
        '\u{301}' | '\u{307}' | '\u{308}' => letter.escape_unicode().to_string(),
        _ if LOOK_ALIKES.contains(letter) || brms::characters::unseen(letter).is_some() => {
            letter.escape_unicode().to_string()
        }
        _ => letter.to_string(),
    };
    let text: String = text.chars().map(spelled).collect();
    if text.contains('`') || text.starts_with(' ') || text.ends_with(' ') {
        format!("`` {text} ``")
    } else if text.is_empty() {
        "(nothing)".to_owned()
    } else {
        format!("`{text}`")
    }
}

fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (title, rows) in SECTIONS {
        writeln!(text, "\n## {title}\n\n| typed | taken as, or why not |\n|---|---|")
            .expect("a text takes it");
        for (typed, outcome) in *rows {
            let outcome = match outcome {
                Taken(folded) => code(folded),
                Refused(_) => {
                    format!("refused: {}", EmailAddress::parse(typed).expect_err("it is refused"))
                }
            };
            writeln!(text, "| {} | {outcome} |", code(typed)).expect("a text takes it");
        }
    }
    text
}

#[test]
fn fr_50_each_address_of_the_table_is_taken_or_refused_as_it_says() {
    let mut wrong = Vec::new();
    for (typed, outcome) in SECTIONS.iter().flat_map(|(_, rows)| *rows) {
        let found = EmailAddress::parse(typed).map(|address| address.folded());
        let is_right = match (outcome, &found) {
            (Taken(folded), Ok(found)) => folded == found,
            (Refused(why), Err(found)) => found.ends_with(why),
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{typed:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(SECTIONS.iter().map(|(_, rows)| rows.len()).sum::<usize>() >= 80);
}

#[test]
fn fr_50_the_document_of_addresses_is_what_the_table_says() {
    let right = document();
    if std::env::var_os("DOCUMENTS").is_some_and(|value| value == "write") {
        std::fs::write(root().join(PATH), right).expect("it is written");
        return;
    }
    let difference = difference(&read(PATH), &right);
    assert_eq!(difference, None, "{PATH}; DOCUMENTS=write cargo test --test documents writes it anew");
}
