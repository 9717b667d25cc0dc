//! The settings of cross-origin resource sharing.

use std::net::Ipv6Addr;
use std::str::FromStr;

use clap::Args;

/// Which pages of other origins may call the server.
#[derive(Clone, Debug, Args)]
pub struct CrossOriginSettings {
    /// An origin whose pages may call this server from a browser, such as `https://portal.example.org`; may be
    /// repeated. With --test-api also `http://localhost`, `127.0.0.1` and `[::1]`, of any port. Default: none.
    #[arg(long, env = "BRMS_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub cors_origin: Vec<Origin>,
}

/// An origin as browsers write it: scheme, host, and the port unless it is the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The text of the header `Origin`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let complaint =
            "must be http://HOST or https://HOST, optionally with a port, in lower case and without a path";
        let (scheme, host) = text.split_once("://").ok_or(complaint)?;
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, Some(port)),
            _ => (host, None),
        };
        let is_letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
        let is_name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address),
            None => !name.is_empty() && name.bytes().all(is_letter),
        };
        if !["http", "https"].contains(&scheme) || !is_name || !port.is_none_or(is_port) {
            return Err(complaint.to_owned());
        }
        let own_port = if scheme == "http" { "80" } else { "443" };
        if port == Some(own_port) {
            return Err(format!(
                "has the port of its scheme, which browsers leave out; write {scheme}://{name}"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_32_an_origin_is_written_as_browsers_send_it() {
        for right in
            ["https://portal.example.org", "http://localhost:3000", "http://[::1]:8080", "http://[::1]"]
        {
            assert_eq!(right.parse::<Origin>().map(|origin| origin.0), Ok(right.to_owned()));
        }
        for wrong in [
            "*",
            "null",
            "",
            "portal.example.org",
            "https://",
            "https://Portal.example.org",
            "https://portal.example.org/",
            "https://portal.example.org/path",
            "https://*.example.org",
            "https://portal.example.org:443",
            "http://portal.example.org:080",
            "http://portal.example.org:99999",
            "file://home",
            "https://a@portal.example.org",
            "https://a:b:8080",
            "http://::1",
            "http://[0:0:0:0:0:0:0:1]:3000",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
