//! `brms health`: for container health checks and scripts.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::client::{Call, call};
use crate::config::HealthSettings;
use crate::failure::Failure;
use crate::terminal::line;

const TIME_MAX: Duration = Duration::from_secs(5);

/// Asks a running server whether it is ready. If it listens on a wildcard address, both loopback addresses are tried,
/// since IPv6 may be disabled.
pub(super) fn run(settings: &HealthSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let asked = Call { method: "GET", path: "/readyz", ..Call::default() };
    // A single-threaded runtime: this runs often, also where threads are scarce.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut failures = Vec::new();
    for address in addresses(settings.listen) {
        match runtime.block_on(call(address, &asked, TIME_MAX)) {
            Ok(answer) if answer.status == 200 => {
                writeln!(out, "{address} is healthy")?;
                return Ok(());
            }
            Ok(answer) => {
                return Err(
                    format!("{address} is not healthy: {} {}", answer.status, line(&answer.body)).into()
                );
            }
            Err(failure) => failures.push(failure.to_string()),
        }
    }
    Err(failures.join("; ").into())
}

fn addresses(listen: SocketAddr) -> Vec<SocketAddr> {
    let at = |ip: IpAddr| SocketAddr::new(ip, listen.port());
    let (four, six) = (at(Ipv4Addr::LOCALHOST.into()), at(Ipv6Addr::LOCALHOST.into()));
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => vec![four],
        IpAddr::V6(ip) if ip.is_unspecified() => vec![six, four],
        _ => vec![listen],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_15_a_wildcard_listener_is_checked_on_loopback() {
        for (listen, wanted) in [
            ("[::]:7", &["[::1]:7", "127.0.0.1:7"][..]),
            ("0.0.0.0:7", &["127.0.0.1:7"]),
            ("192.0.2.1:7", &["192.0.2.1:7"]),
        ] {
            let asked: Vec<String> =
                addresses(listen.parse().unwrap()).iter().map(ToString::to_string).collect();
            assert_eq!(asked, wanted, "{listen}");
        }
    }
}
