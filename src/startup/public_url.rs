//! The address that links begin with when the operator did not give one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::ServeSettings;
use crate::failure::Failure;

/// Refuses to listen everywhere without an address for links: "every address of this machine" is none to open.
pub(super) fn refuse_unspecified(settings: &ServeSettings) -> Result<(), Failure> {
    if settings.public_url.is_some() || !settings.listen.ip().to_canonical().is_unspecified() {
        return Ok(());
    }
    Err(Failure(format!(
        "--listen {} stands for every address of this machine, so links cannot begin with it: give --public-url \
         (BRMS_PUBLIC_URL), the address people reach this server at",
        settings.listen
    )))
}

/// What the operator gave, or the address listened on. A browser trusts `localhost` more than the number behind it.
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
