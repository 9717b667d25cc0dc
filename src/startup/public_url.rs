//! The base URL of links if the operator did not configure one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::{ListenAddress, ServeSettings};
use crate::failure::Failure;

/// Rejects listen addresses that links cannot have, without a public URL: a link to 0.0.0.0 cannot be opened.
pub(super) fn refuse_unspecified(settings: &ServeSettings) -> Result<(), Failure> {
    let listen = &settings.listening.listen;
    if settings.public_url.is_some() {
        return Ok(());
    }
    let give = "give --public-url (BRMS_PUBLIC_URL), the address people reach this server at";
    if let Some(wildcard) = listen.iter().find(|address| address.is_wildcard()) {
        return Err(Failure(format!(
            "--listen {wildcard} is a wildcard address, which links cannot use: {give}"
        )));
    }
    if listen.iter().all(|address| matches!(address, ListenAddress::Unix(_))) {
        return Err(Failure(format!("--listen has only sockets, which links cannot use: {give}")));
    }
    Ok(())
}

/// The configured URL, or one made from the first listen address. Browsers treat `localhost` as a secure context, so it
/// replaces the loopback address.
pub(super) fn public_url(settings: &ServeSettings, addresses: &[SocketAddr]) -> String {
    if let Some(given) = &settings.public_url {
        return given.clone();
    }
    match addresses.first() {
        Some(address)
            if ![Ipv4Addr::LOCALHOST.into(), IpAddr::from(Ipv6Addr::LOCALHOST)].contains(&address.ip()) =>
        {
            format!("http://{address}")
        }
        // There is one, see above.
        first => format!("http://localhost:{}", first.map_or(0, SocketAddr::port)),
    }
}
