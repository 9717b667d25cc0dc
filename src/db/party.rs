//! On whose behalf the database is used. Parties take turns, so that none of them stops the others.

use std::net::IpAddr;

use uuid::Uuid;

/// Those who take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The server itself: delivery of mail, retention, health checks, the start.
    Server,
    /// An organisation, with all of its users and tokens.
    Organisation(Uuid),
    /// Callers without credentials: an IPv4 address, or the /64 network of an IPv6 address.
    Network([u8; 8]),
}

impl Party {
    /// The party of a client without credentials. Those who come by a socket of the file system have no address, and are one.
    #[must_use]
    pub fn of_client(address: Option<IpAddr>) -> Self {
        let Some(address) = address else { return Self::Network([0; 8]) };
        let octets = match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        // What distinguishes the addresses of IPv4 is at the end of the mapped form.
        let from = if address.to_canonical().is_ipv4() { 8 } else { 0 };
        let mut network = [0; 8];
        network.copy_from_slice(&octets[from..from + 8]);
        Self::Network(network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_and_an_address_of_ipv4_are_one_party_each() {
        let party = |text: &str| Party::of_client(Some(text.parse().unwrap()));
        assert_eq!(party("2001:db8::1"), party("2001:db8::ffff:2"));
        assert_ne!(party("2001:db8::1"), party("2001:db8:0:1::1"));
        assert_eq!(party("192.0.2.1"), party("::ffff:192.0.2.1"));
        assert_ne!(party("192.0.2.1"), party("192.0.2.2"));
    }
}
