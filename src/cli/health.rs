//! `brms health`: for container health checks and scripts.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use super::client::{Answer, Call, call, call_by_socket};
use crate::config::{HealthSettings, ListenAddress};
use crate::failure::Failure;
use crate::terminal::line;

const TIME_MAX: Duration = Duration::from_secs(5);

/// Where a server may be asked.
enum AskedPlace {
    Address(SocketAddr),
    Socket(PathBuf),
}

impl std::fmt::Display for AskedPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(formatter),
            Self::Socket(path) => formatter.write_str(&line(&format!("unix:{}", path.display()))),
        }
    }
}

/// Asks a running server whether it is ready, at the first place where one answers.
pub(super) fn run(settings: &HealthSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let asked = Call { method: "GET", path: "/readyz", ..Call::default() };
    // A single-threaded runtime: this runs often, also where threads are scarce.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut failures = Vec::new();
    for place in settings.listen.iter().flat_map(places) {
        let answered = place.and_then(|place| {
            let answer = runtime.block_on(ask(&place, &asked))?;
            Ok((place, answer))
        });
        match answered {
            Ok((place, answer)) if answer.status == 200 => {
                writeln!(out, "{place} is healthy")?;
                return Ok(());
            }
            Ok((place, answer)) => {
                return Err(
                    format!("{place} is not healthy: {} {}", answer.status, line(&answer.body)).into()
                );
            }
            Err(failure) => failures.push(failure.to_string()),
        }
    }
    Err(failures.join("; ").into())
}

async fn ask(place: &AskedPlace, asked: &Call<'_>) -> Result<Answer, Failure> {
    match place {
        AskedPlace::Address(address) => call(*address, asked, TIME_MAX).await,
        AskedPlace::Socket(path) => call_by_socket(path, asked, TIME_MAX).await,
    }
}

/// Where a server that listens there is asked.
fn places(listen: &ListenAddress) -> Vec<Result<AskedPlace, Failure>> {
    let (host, port) = match listen {
        ListenAddress::Unix(path) => return vec![Ok(AskedPlace::Socket(path.clone()))],
        ListenAddress::Tcp { host, port } => (host.as_str(), *port),
    };
    match (host, port).to_socket_addrs() {
        Ok(found) => found.flat_map(addresses).map(|address| Ok(AskedPlace::Address(address))).collect(),
        Err(cause) => vec![Err(Failure::new(&format!("no address of {host}"), cause))],
    }
}

/// If it listens on a wildcard address, both loopback addresses are tried, since IPv6 may be disabled.
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
