//! Parsers of single values and their error messages.

use std::time::Duration;

use crate::address::EmailAddress;
use crate::clock::{CENTURY, DAY};
use crate::generated::models::Permission;

/// A positive duration: `90s`, `10m`, `7d`.
pub(crate) fn positive_time(text: &str) -> Result<Duration, String> {
    let time =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write it as 90s, 10m or 7d"))?;
    if time.is_zero() || time > CENTURY {
        return Err("must be between 1ms and 100y".to_owned());
    }
    Ok(time)
}

/// How long rows are kept. A minute is `m` and a month `M`: what is removed in error cannot be brought back.
pub(super) fn keep_time(text: &str) -> Result<Duration, String> {
    let time = positive_time(text)?;
    if time < DAY {
        return Err("must be at least 1d; a minute is written m, a month M".to_owned());
    }
    Ok(time)
}

pub(super) fn public_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |rest: &str| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest.chars().all(|letter| {
                letter.is_ascii_graphic() && !matches!(letter, '?' | '#' | '"' | '<' | '>' | '@')
            })
    };
    match rest {
        Some(rest) if plain(rest) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("must be http://HOST or https://HOST, optionally with a path, without ? or #".to_owned()),
    }
}

pub(super) fn email(text: &str) -> Result<String, String> {
    EmailAddress::parse(text).map(|address| address.as_typed().to_owned())
}

/// A sender address, with its domain in ASCII, as in Message-IDs.
pub(super) fn sender(text: &str) -> Result<String, String> {
    EmailAddress::parse(text).map(|address| address.for_mail())
}

/// A host name, as used in EHLO.
pub(super) fn domain(text: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    if text.len() <= 253 && text.split('.').all(is_label) {
        Ok(text.to_owned())
    } else {
        Err("must be a host name, such as people.example.org".to_owned())
    }
}

/// A host to connect to: a name or an IP address only. Unlike in mail addresses, names may contain `_` (containers
/// have such names) and end in a dot.
pub(super) fn host(text: &str) -> Result<String, String> {
    let is_address = text.parse::<std::net::IpAddr>().is_ok();
    let name = text.strip_suffix('.').unwrap_or(text).replace('_', "-");
    if is_address || domain(&name).is_ok() {
        return Ok(text.to_owned());
    }
    let way_out = if text.is_empty() {
        "; leave the setting out to keep mail in the local mailbox"
    } else if !text.is_ascii() {
        "; write other characters in their ASCII form, which begins with xn--"
    } else if text.contains([':', '/', '[']) {
        ", without scheme, port or brackets: the port is --smtp-port, the encryption --smtp-tls"
    } else {
        ""
    };
    Err(format!("must be a host name or IP address, such as smtp.example.org{way_out}"))
}

/// A secret in the settings. It has no `Debug` or `Display` output that reveals it.
#[derive(Clone)]
pub struct Hidden(String);

impl Hidden {
    /// The secret as text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("(hidden)")
    }
}

pub(super) fn name(text: &str) -> Result<String, String> {
    unless(crate::limits::name_complaint(text), text)
}

/// A note, by the rule of the API: it need not have a visible character.
pub(super) fn note(text: &str) -> Result<String, String> {
    unless(crate::limits::text_complaint(text), text)
}

fn unless(complaint: Option<String>, text: &str) -> Result<String, String> {
    complaint.map_or_else(|| Ok(text.to_owned()), Err)
}

pub(super) fn permission(text: &str) -> Result<Permission, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked() {
        for wrong in
            ["", "localhost", "ftp://a", "https://", "https:///x", "https://a?b", "https://a#b", "http://a b"]
        {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            public_url("https://people.example.org/brms/").as_deref(),
            Ok("https://people.example.org/brms")
        );
        let ascii = Ok("brms@xn--bcher-kva.example".to_owned());
        assert_eq!(
            (sender("brms@bücher.example"), sender("brms@xn--bcher-kva.example")),
            (ascii.clone(), ascii)
        );
        assert!(domain("a b").is_err() && domain("").is_err() && domain("mail.example.org").is_ok());
        for wrong in
            ["", " ", ".", "a b", "a..b", "relay:587", "smtp://relay", "[::1]", "bücher.example", "a/b"]
        {
            assert!(host(wrong).is_err(), "{wrong}");
        }
        for right in ["relay", "smtp.example.org", "smtp.example.org.", "mail_relay", "127.0.0.1", "::1"] {
            assert_eq!(host(right).as_deref(), Ok(right));
        }
        assert!(!format!("{:?}", Hidden::from("hunter2".to_owned())).contains("hunter"));
        for wrong in ["0s", "", "7", "-1d", "200years"] {
            assert!(positive_time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(positive_time("7d"), Ok(Duration::from_hours(7 * 24)));
        assert!(
            keep_time("90m").is_err_and(|error| error.contains("a month M")) && keep_time("23h").is_err()
        );
        assert_eq!(keep_time("90d"), Ok(90 * DAY));
        assert!(permission("project:manage").is_ok() && permission("everything").is_err());
    }
}
