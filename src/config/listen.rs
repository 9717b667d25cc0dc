//! Where a server listens: addresses, host names, ports of loopback, sockets in the file system.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// The prefix of a socket in the file system.
const UNIX: &str = "unix:";
/// A port alone is one of this host.
const LOOPBACK: &str = "127.0.0.1";
/// The permissions of sockets unless others are given.
pub(super) const LISTEN_MODE: u32 = 0o660;
/// All permissions of a file.
const MODE_MAX: u32 = 0o777;

/// The settings of listeners.
#[derive(Clone, Debug, Args)]
pub struct ListenSettings {
    /// The listen address; may be repeated. HOST:PORT with an IP address or the name of this machine, a PORT of 127.0.0.1,
    /// or unix:PATH; port 0 selects a free one.
    #[arg(
        long,
        env = "BRMS_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        value_delimiter = ','
    )]
    pub listen: Vec<ListenAddress>,
    /// The permissions of sockets in the file system, in octal: who can write to one can connect.
    #[arg(long, env = "BRMS_LISTEN_MODE", value_name = "MODE", default_value = "0660", value_parser = mode)]
    pub listen_mode: u32,
}

/// A place to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address of the network.
    Tcp {
        /// A name, or an IP address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Whether it stands for all addresses of the machine, so that links cannot have it.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        match self {
            Self::Tcp { host, .. } => {
                host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_unspecified())
            }
            Self::Unix(_) => false,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "{UNIX}{}", path.display()),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let complaint = || {
            "must be HOST:PORT such as 127.0.0.1:8080, localhost:8080 or [::1]:8080, a PORT alone, or unix:/PATH"
                .to_owned()
        };
        if let Some(path) = text.strip_prefix(UNIX) {
            return unix(path);
        }
        let (host, port) = text.rsplit_once(':').unwrap_or((LOOPBACK, text));
        if host.is_empty() {
            return Err(format!("has no host; write {LOOPBACK}{text}, or 0.0.0.0{text} for all addresses"));
        }
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number).ok_or_else(complaint)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let address = rest.strip_suffix(']').ok_or_else(complaint)?;
                address.parse::<Ipv6Addr>().map_err(|_| complaint())?.to_string()
            }
            None => super::values::host(host).map_err(|_| complaint())?,
        };
        // Without brackets it is not clear where an IPv6 address ends.
        if text.starts_with('[') || !host.contains(':') {
            Ok(Self::Tcp { host, port })
        } else {
            Err(complaint())
        }
    }
}

#[cfg(unix)]
fn unix(path: &str) -> Result<ListenAddress, String> {
    if path.is_empty() || path.starts_with("//") {
        return Err("names no socket; write unix:/run/brms/brms.sock".to_owned());
    }
    Ok(ListenAddress::Unix(path.into()))
}

#[cfg(not(unix))]
fn unix(_path: &str) -> Result<ListenAddress, String> {
    Err("there are no such sockets on this system".to_owned())
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= MODE_MAX);
    mode.filter(|_| !text.starts_with('+')).ok_or_else(|| "must be octal, such as 0660 or 0600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_75_addresses_names_ports_and_sockets_are_taken() {
        for (text, shown) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("localhost:8080", "localhost:8080"),
            ("people.example.org:80", "people.example.org:80"),
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("[::1]:8080", "[::1]:8080"),
            ("[0:0::1]:8080", "[::1]:8080"),
            ("unix:/run/brms.sock", "unix:/run/brms.sock"),
            ("unix:brms.sock", "unix:brms.sock"),
        ] {
            assert_eq!(
                text.parse::<ListenAddress>().map(|address| address.to_string()).as_deref(),
                Ok(shown)
            );
        }
    }

    #[test]
    fn fr_75_what_is_no_address_is_refused_with_the_right_form() {
        for text in [
            "",
            ":",
            "localhost",
            "a b:80",
            "127.0.0.1:",
            "127.0.0.1:+80",
            "127.0.0.1:65536",
            "::1:8080",
            "[::1]",
            "[::1:8080",
            "[localhost]:80",
            "http://localhost:80",
            "unix:",
            "unix:///run/brms.sock",
        ] {
            let refused = text.parse::<ListenAddress>();
            assert!(
                refused.as_ref().is_err_and(|error| error.contains("write") || error.contains("HOST:PORT")),
                "{text}"
            );
        }
        assert!(":8080".parse::<ListenAddress>().is_err_and(|error| error.contains("0.0.0.0:8080")));
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!((mode("0660"), mode("600"), mode("0")), (Ok(LISTEN_MODE), Ok(0o600), Ok(0)));
        for wrong in ["", "rw", "0888", "1777", "+660", "-1"] {
            assert!(mode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wildcards_are_recognised() {
        for (text, is_wildcard) in [
            ("0.0.0.0:80", true),
            ("[::]:80", true),
            ("[::ffff:0.0.0.0]:80", true),
            ("localhost:80", false),
            ("unix:/a", false),
        ] {
            assert_eq!(
                text.parse::<ListenAddress>().map(|address| address.is_wildcard()),
                Ok(is_wildcard),
                "{text}"
            );
        }
    }
}
