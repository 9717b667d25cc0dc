//! The settings of metrics.

use std::net::SocketAddr;

use clap::Args;

/// Where metrics are served.
#[derive(Clone, Debug, Args)]
pub struct MetricsSettings {
    /// Serve metrics for Prometheus on this address of their own, at `/metrics`; port 0 selects a free one. Default: none
    /// are served.
    #[arg(long, env = "BRMS_METRICS", value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
    /// Serve metrics on more than loopback. They need no credentials; they have no names, addresses or ids, and tell how
    /// much the server is used.
    #[arg(long, env = "BRMS_METRICS_PUBLIC")]
    pub metrics_public: bool,
}
