//! `brms health`: for container checks and scripts.

use std::io::Write;
use std::time::Duration;

use super::client::{Call, call};
use super::{Failure, runtime};
use crate::config::HealthSettings;

const TIME_MAX: Duration = Duration::from_secs(5);

/// Asks a running server; the answer of one that listens everywhere is looked for on loopback.
pub(super) fn run(settings: &HealthSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let mut address = settings.listen;
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        address.set_ip(loopback);
    }
    let asked = Call { method: "GET", path: "/api/health", ..Call::default() };
    let answer = runtime()?.block_on(call(address, &asked, TIME_MAX))?;
    if answer.body != "\"healthy\"" {
        return Err(format!("{address} is not healthy: {} {}", answer.status, answer.body).into());
    }
    writeln!(out, "{address} is healthy")?;
    Ok(())
}
