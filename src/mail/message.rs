//! Builds the MIME message of a rendered mail, ready for a mailbox or an SMTP server.
//!
//! Everything is passed in: this module reads no clock, creates no ids and knows no templates. The same input gives
//! the same bytes, so every delivery attempt of a mail sends the same message.
//!
//! `Precedence` and `List-Unsubscribe` are deliberately absent: they are for bulk mail. This is one mail to one
//! person, and some filters follow unsubscribe links by themselves.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::{
    Address, Message, address,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

use super::render::{Rendered, clean_name};
use super::transport::Outgoing;
use crate::address::EmailAddress;
use crate::failure::Failure;

/// The headers around the rendered mail.
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    /// `left@right`, without angle brackets. The same on every delivery attempt.
    pub message_id: &'a str,
    /// The name beside the sender's address, from the configuration. May be empty.
    pub from_name: &'a str,
    /// The sender's address, from the configuration: never the inviter's, whose domain has not authorised this server
    /// to send for it (SPF).
    pub from_address: &'a str,
    /// Name and address that replies go to: the inviter's.
    pub reply_to: Option<(Option<&'a str>, &'a str)>,
    /// The one recipient.
    pub to_address: &'a str,
    /// When the mail was written.
    pub date: SystemTime,
}

/// The subject of every error here. Errors name a header, never its value.
const MESSAGE: &str = "mail message";

/// 31 December 9999: lettre panics on later dates, which a header cannot express.
const DATE_SECONDS_MAX: u64 = 253_402_300_799;

/// The most bytes of one encoded word: with the name of the header a line has at most 78 characters.
const ENCODED_BYTES_MAX: usize = 42;

/// The longest boundary that RFC 2046 allows.
const BOUNDARY_CHARS_MAX: usize = 70;

/// The whole message: headers, then text and HTML as alternatives, text first.
pub fn build(envelope: &Envelope, rendered: &Rendered) -> Result<Outgoing, Failure> {
    let from = mailbox("From", Some(envelope.from_name), envelope.from_address)?;
    let to = mailbox("To", None, envelope.to_address)?;
    let to_address = to.email.clone();
    // Passed explicitly: lettre would otherwise parse it back from the headers, which fails for addresses that it
    // accepts elsewhere: `"a b"@c.example`, `a@[127.0.0.1]`.
    let route = address::Envelope::new(Some(from.email.clone()), vec![to.email.clone()])
        .map_err(|cause| Failure::new(MESSAGE, cause))?;
    let encoded_from = encoded_name("From", envelope.from_name, &from.email);
    let mut builder = Message::builder()
        .envelope(route.clone())
        .message_id(Some(message_id(envelope.message_id)?))
        .date(date(envelope.date)?)
        .from(from)
        .to(to)
        .subject(rendered.subject.as_str())
        // RFC 3834, and Exchange's equivalent: suppress out-of-office replies.
        .raw_header(fixed_header("Auto-Submitted", "auto-generated"))
        .raw_header(fixed_header("X-Auto-Response-Suppress", "All"));
    if let Some(header) = encoded_from {
        builder = builder.raw_header(header);
    }
    if let Some(subject) = encoded_words(&rendered.subject) {
        builder = builder.raw_header(encoded_header("Subject", rendered.subject.clone(), subject));
    }
    if let Some((name, reply_to)) = reply_to(envelope, &to_address) {
        builder = match encoded_name("Reply-To", name, &reply_to.email) {
            Some(header) => builder.raw_header(header),
            None => builder.reply_to(reply_to),
        };
    }
    let parts = MultiPart::alternative()
        .boundary(boundary(envelope.message_id))
        .singlepart(SinglePart::plain(rendered.text.clone()))
        .singlepart(SinglePart::html(rendered.html.clone()));
    let message = builder.multipart(parts).map_err(|cause| Failure::new(MESSAGE, cause))?;
    Ok(Outgoing { envelope: route, message: message.formatted() })
}

/// The name and mailbox that replies go to. An address that is not ASCII makes a mail undeliverable for relays and
/// recipients without SMTPUTF8, so it is used only for a recipient who needs that anyway. An address from before there
/// were rules may not be valid.
fn reply_to<'e>(envelope: &Envelope<'e>, to: &Address) -> Option<(&'e str, Mailbox)> {
    let (name, address) = envelope.reply_to?;
    let reply_to = mailbox("Reply-To", name, address).ok()?;
    let is_deliverable = reply_to.email.user().is_ascii() || !to.user().is_ascii();
    is_deliverable.then(|| (name.unwrap_or_default(), reply_to))
}

/// A name and an address whose domain is ASCII. lettre panics on a name with CR, LF or NUL, which would also end the
/// delivery of every other mail; a cleaned name contains none.
fn mailbox(header: &str, name: Option<&str>, address: &str) -> Result<Mailbox, Failure> {
    let address = EmailAddress::parse(address)
        .map_err(|complaint| Failure::new(MESSAGE, format_args!("{header}: {complaint}")))?;
    // It was checked here: lettre's own check refuses combining characters.
    let address = Address::new_dangerous(address.local(), address.domain());
    Ok(Mailbox::new(name.and_then(clean_name), address))
}

/// The header of an address with a name that needs [`encoded_words`], or has a full stop where RFC 5322 has none even in
/// its obsolete form: lettre sends such a name without quotes, and Python's parser fails on it.
fn encoded_name(header: &'static str, name: &str, address: &Address) -> Option<HeaderValue> {
    let name = clean_name(name)?;
    let has_stray_stop = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    let encoded = if has_stray_stop { in_encoded_words(&name) } else { encoded_words(&name)? };
    // lettre checks the first value only, and sends the second one.
    Some(encoded_header(header, format!("<{address}>"), format!("{encoded}\r\n <{address}>")))
}

/// A text with `=?` in encoded words (RFC 2047), so that it shows as typed: lettre sends ASCII as it is, and a reader
/// would decode what looks like an encoded word. `None` for any other text.
fn encoded_words(text: &str) -> Option<String> {
    text.contains("=?").then(|| in_encoded_words(text))
}

fn in_encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > ENCODED_BYTES_MAX {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words = words.iter().map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word)));
    words.collect::<Vec<_>>().join("\r\n ")
}

fn encoded_header(name: &'static str, value: String, encoded: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value, encoded)
}

fn message_id(id: &str) -> Result<String, Failure> {
    let is_allowed = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
    if id.matches('@').count() != 1 || !id.chars().all(is_allowed) {
        return Err(Failure::new(MESSAGE, "Message-ID: not of the form left@right"));
    }
    Ok(format!("<{id}>"))
}

fn date(date: SystemTime) -> Result<SystemTime, Failure> {
    match date.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since <= Duration::from_secs(DATE_SECONDS_MAX) => Ok(date),
        _ => Err(Failure::new(MESSAGE, "Date: before 1970 or after 9999")),
    }
}

fn fixed_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// The boundary between the parts, derived from the Message-ID instead of lettre's random one so that the bytes are
/// reproducible. A name is chosen before the id exists, so it cannot contain the boundary.
fn boundary(message_id: &str) -> String {
    let id = message_id.chars().filter(char::is_ascii_alphanumeric);
    "=_".chars().chain(id).take(BOUNDARY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use mail_parser::{Addr, MessageParser, MimeHeaders};

    use super::*;

    const HOSTILE: &str = "\u{202e}O'Neil, \"Söhne\"\r\nBcc: x@evil.example\0 <b>";
    const CLEANED: &str = "O'Neil, \"Söhne\" Bcc: x@evil. example <b>";

    fn rendered() -> Rendered {
        Rendered {
            subject: "You are invited to join Söhne & Töchter".to_owned(),
            text: "Grüße\nhttps://b.example/invitations/accept#a_b=\n".to_owned(),
            html: format!("<p>Grüße</p>\n<p>{}</p>\n", "long ".repeat(500)),
        }
    }

    fn envelope() -> Envelope<'static> {
        Envelope {
            message_id: "0198-1@b.example",
            from_name: "BRMS",
            from_address: "brms@b.example",
            reply_to: Some((Some("Anna Ash"), "anna@b.example")),
            to_address: "new@c.example",
            date: SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_425_109),
        }
    }

    fn built(envelope: &Envelope, rendered: &Rendered) -> Vec<u8> {
        build(envelope, rendered).unwrap_or_else(|error| panic!("{error}")).message
    }

    fn only(address: Option<&mail_parser::Address>) -> (Option<String>, Option<String>) {
        let list = address.unwrap().as_list().unwrap();
        let [Addr { name, address }] = list else { panic!("one address, not {list:?}") };
        (name.as_deref().map(str::to_owned), address.as_deref().map(str::to_owned))
    }

    #[test]
    fn a_built_message_parses_back_to_its_input() {
        let bytes = built(&envelope(), &rendered());
        let mail = MessageParser::new().parse(&bytes).unwrap();
        assert_eq!(mail.message_id(), Some("0198-1@b.example"));
        assert_eq!(mail.date().unwrap().to_rfc3339(), "2025-11-29T14:05:09Z");
        assert_eq!(mail.subject(), Some("You are invited to join Söhne & Töchter"));
        assert_eq!(only(mail.from()), (Some("BRMS".into()), Some("brms@b.example".into())));
        assert_eq!(only(mail.to()), (None, Some("new@c.example".into())));
        assert_eq!(only(mail.reply_to()), (Some("Anna Ash".into()), Some("anna@b.example".into())));
        for (name, value) in [
            ("Auto-Submitted", Some("auto-generated")),
            ("X-Auto-Response-Suppress", Some("All")),
            ("MIME-Version", Some("1.0")),
            ("Precedence", None),
            ("List-Unsubscribe", None),
            ("Bcc", None),
        ] {
            assert_eq!(mail.header_raw(name).map(str::trim), value, "{name}");
        }
    }

    #[test]
    fn has_two_parts_with_the_text_first() {
        let bytes = built(&envelope(), &rendered());
        let mail = MessageParser::new().parse(&bytes).unwrap();
        assert_eq!(mail.content_type().unwrap().subtype(), Some("alternative"));
        let part = |at: usize| (&mail.parts[at], mail.parts[at].content_type().unwrap());
        assert_eq!((mail.parts.len(), &mail.parts[0].body.len()), (3, &0));
        let (text, kind) = part(1);
        assert_eq!((kind.subtype(), kind.attribute("charset")), (Some("plain"), Some("utf-8")));
        assert_eq!(text.text_contents().unwrap().replace("\r\n", "\n"), rendered().text);
        let (html, kind) = part(2);
        assert_eq!((kind.subtype(), kind.attribute("charset")), (Some("html"), Some("utf-8")));
        assert_eq!(html.text_contents().unwrap().replace("\r\n", "\n"), rendered().html);
        assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 998));
    }

    #[test]
    fn hostile_names_are_cleaned_and_cannot_add_headers() {
        let given =
            Envelope { from_name: HOSTILE, reply_to: Some((Some(HOSTILE), "anna@b.example")), ..envelope() };
        let bytes = built(&given, &rendered());
        let mail = MessageParser::new().parse(&bytes).unwrap();
        assert_eq!(only(mail.from()).0.as_deref(), Some(CLEANED));
        assert_eq!(only(mail.reply_to()).0.as_deref(), Some(CLEANED));
        assert!(mail.bcc().is_none());
        for name in ["", "\0", "\r\n", "=?utf-8?q?x?=", &"ä\r\n".repeat(10_000)] {
            let given = Envelope { from_name: name, reply_to: Some((Some(name), "a@b")), ..envelope() };
            assert!(build(&given, &rendered()).is_ok(), "{name:?}");
        }
        let subject = Rendered { subject: HOSTILE.to_owned(), ..rendered() };
        let bytes = built(&envelope(), &subject);
        assert!(MessageParser::new().parse(&bytes).unwrap().bcc().is_none());
    }

    #[test]
    fn fr_53_a_name_with_a_stray_full_stop_is_encoded() {
        for name in [".a", ".", "..", "a.", "a..b"] {
            let bytes = built(&Envelope { from_name: name, ..envelope() }, &rendered());
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains("From: =?utf-8?b?"), "{name}: {text}");
            let mail = MessageParser::new().parse(&bytes).unwrap();
            assert_eq!(only(mail.from()).0.as_deref(), Some(name));
        }
    }

    #[test]
    fn invalid_values_are_errors_and_never_panic() {
        let refused = |envelope: Envelope| build(&envelope, &rendered()).err().unwrap().to_string();
        for bad in ["", "a", "a@", "@b", "a@b\r\nBcc: x@y", "a@b, c@d", "<a@b>", "a\0@b", "a b@c"] {
            assert!(refused(Envelope { to_address: bad, ..envelope() }).contains("To"), "{bad:?}");
            assert!(refused(Envelope { from_address: bad, ..envelope() }).contains("From"));
            let bytes = built(&Envelope { reply_to: Some((None, bad)), ..envelope() }, &rendered());
            assert!(MessageParser::new().parse(&bytes).unwrap().reply_to().is_none(), "{bad:?}");
        }
        for message_id in ["", "a", "a@b>\r\nX: y", "<a@b>", "a@b@c", "ä@b"] {
            assert!(refused(Envelope { message_id, ..envelope() }).contains("Message-ID"));
        }
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let after = SystemTime::UNIX_EPOCH + Duration::from_secs(DATE_SECONDS_MAX + 1);
        for date in [before, after] {
            assert!(refused(Envelope { date, ..envelope() }).contains("Date"));
        }
    }

    #[test]
    fn fr_52_reply_to_is_ascii_unless_the_recipient_is_not() {
        let reply_to = |to_address, address| {
            let given = Envelope { to_address, reply_to: Some((Some("Jürgen"), address)), ..envelope() };
            let bytes = built(&given, &rendered());
            let mail = MessageParser::new().parse(&bytes).unwrap();
            (mail.reply_to().map(|address| only(Some(address)).1.unwrap()), bytes.is_ascii())
        };
        let unicode = "jürgen@xn--bcher-kva.example";
        for (to, from, wanted, is_ascii) in [
            ("new@c.example", "ann@bücher.example", Some("ann@xn--bcher-kva.example"), true),
            ("new@bücher.example", "ann@bücher.example", Some("ann@xn--bcher-kva.example"), true),
            ("new@bücher.example", "jürgen@bücher.example", None, true),
            ("jürg@c.example", "jürgen@bücher.example", Some(unicode), false),
        ] {
            assert_eq!(reply_to(to, from), (wanted.map(str::to_owned), is_ascii), "{from} to {to}");
        }
    }

    #[test]
    fn international_addresses_do_not_panic() {
        for to_address in ["jürgen@b.example", "a@müller.example", "\"a b\"@c.example", "a@[127.0.0.1]"] {
            let bytes = built(&Envelope { to_address, ..envelope() }, &rendered());
            assert!(MessageParser::new().parse(&bytes).is_some(), "{to_address}");
        }
    }

    #[test]
    fn the_same_input_makes_the_same_bytes() {
        let once = built(&envelope(), &rendered());
        assert_eq!(once, built(&envelope(), &rendered()));
    }
}
