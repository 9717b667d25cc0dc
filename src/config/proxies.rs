//! The settings of trusted reverse proxies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use clap::{Args, ValueEnum};

/// Which proxies are trusted, and which header they set.
#[derive(Clone, Debug, Args)]
pub struct ProxySettings {
    /// A network of trusted reverse proxies, such as 10.0.0.0/8, or `unix` for what connects by a socket in the file
    /// system; may be repeated. The client address they forward is used in the audit log, the log and limits. Without it,
    /// forwarding headers are ignored.
    #[arg(long, env = "BRMS_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Vec<TrustedProxy>,
    /// The header with the client address. The other one is ignored.
    #[arg(long, env = "BRMS_TRUSTED_PROXY_HEADER", value_name = "HEADER", value_enum,
          default_value_t = ForwardedHeader::XForwardedFor)]
    pub trusted_proxy_header: ForwardedHeader,
}

impl ProxySettings {
    /// Whether an address belongs to a trusted proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxy.iter().any(|proxy| match proxy {
            TrustedProxy::Network(network) => network.holds(address),
            TrustedProxy::Sockets => false,
        })
    }

    /// Whether what connects by a socket in the file system is a trusted proxy.
    #[must_use]
    pub fn trusts_sockets(&self) -> bool {
        self.trusted_proxy.contains(&TrustedProxy::Sockets)
    }
}

/// Where trusted proxies connect from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    /// An address of the network.
    Network(Network),
    /// A socket in the file system.
    Sockets,
}

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unix" { Ok(Self::Sockets) } else { text.parse().map(Self::Network) }
    }
}

/// The headers in which proxies forward client addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForwardedHeader {
    /// Addresses separated by commas.
    XForwardedFor,
    /// RFC 7239: `for=192.0.2.7;proto=https`.
    Forwarded,
}

/// A network: all addresses with the same prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// The length of the prefix in bits.
    prefix: u32,
}

impl Network {
    /// The network of an address.
    fn around(address: IpAddr, prefix: u32) -> Self {
        let first = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(Ipv4Addr::BITS - prefix).unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & mask).into()
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(Ipv6Addr::BITS - prefix).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        };
        Self { first, prefix }
    }

    fn holds(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && Self::around(address, self.prefix) == self
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let complaint = || {
            "must be a network or an address, such as 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1, or `unix`"
                .to_owned()
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| complaint())?;
        let bits = if address.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS };
        let is_number = |prefix: &&str| prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix
            .map(|prefix| Some(prefix).filter(is_number)?.parse().ok().filter(|prefix| *prefix <= bits));
        let prefix = prefix.unwrap_or(Some(bits)).ok_or_else(complaint)?;
        let network = Self::around(address, prefix);
        // Peers and clients are compared as IPv4 addresses where possible.
        if let (IpAddr::V4(first), Some(prefix)) = (network.first.to_canonical(), mapped_prefix(network)) {
            return Err(format!("is an IPv4-mapped IPv6 network; write {first}/{prefix}"));
        }
        if network.first != address {
            return Err(format!("has bits set after its first {prefix}; write {}/{prefix}", network.first));
        }
        Ok(network)
    }
}

/// The prefix length of the IPv4 network that an IPv4-mapped IPv6 network stands for.
fn mapped_prefix(network: Network) -> Option<u32> {
    if network.first.is_ipv6() { network.prefix.checked_sub(Ipv6Addr::BITS - Ipv4Addr::BITS) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_addresses_with_its_prefix() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.0.2.128/25", "192.0.2.200", "192.0.2.1"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("0.0.0.0/0", "203.0.113.7", "::1"),
            ("::/0", "2001:db8::1", "127.0.0.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.holds(inside.parse().unwrap()), "{network:?} {inside}");
            assert!(!network.holds(outside.parse().unwrap()), "{network:?} {outside}");
        }
    }
}
