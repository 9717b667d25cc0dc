//! Metrics for Prometheus: what requests and connections are counted by, and a listener of its own that tells it.

mod collector;
mod exporter;
mod listener;
mod traffic;

pub use exporter::MetricsExporter;
pub use listener::serve_metrics;
pub use traffic::Traffic;
pub(super) use traffic::{NO_OPERATION, PREFLIGHT};
