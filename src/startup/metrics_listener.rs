//! The listener of the metrics.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::config::MetricsSettings;
use crate::failure::Failure;

/// The listener, if metrics are asked for, and its address.
pub(super) async fn bind(settings: &MetricsSettings) -> Result<Option<(TcpListener, SocketAddr)>, Failure> {
    let Some(address) = settings.metrics else { return Ok(None) };
    if !address.ip().to_canonical().is_loopback() && !settings.metrics_public {
        return Err(Failure(format!(
            "--metrics {address} can be read by everyone who reaches it: listen on 127.0.0.1, or give --metrics-public \
             (BRMS_METRICS_PUBLIC)"
        )));
    }
    let failed = |cause| Failure::new(&format!("cannot listen on {address} for --metrics"), cause);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Some((listener, address)))
}
