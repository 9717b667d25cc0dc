//! The base URL of links if the operator did not configure one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::ServeSettings;
use crate::failure::Failure;

/// Rejects a wildcard listen address without a public URL: a link to 0.0.0.0 cannot be opened.
pub(super) fn refuse_unspecified(settings: &ServeSettings) -> Result<(), Failure> {
    if settings.public_url.is_some() || !settings.listen.ip().to_canonical().is_unspecified() {
        return Ok(());
    }
    Err(Failure(format!(
        "--listen {} is a wildcard address, which links cannot use: give --public-url \
         (BRMS_PUBLIC_URL), the address people reach this server at",
        settings.listen
    )))
}

/// The configured URL, or one made from the listen address. Browsers treat `localhost` as a secure context, so it
/// replaces the loopback address.
pub(super) fn public_url(settings: &ServeSettings, address: SocketAddr) -> String {
    if let Some(given) = &settings.public_url {
        return given.clone();
    }
    match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => {
            format!("http://localhost:{}", address.port())
        }
        _ => format!("http://{address}"),
    }
}
