//! Sockets: accepting connections, limits and time-outs, and graceful shutdown.
//!
//! This module does not interpret requests; `request` passes them to the pages or to the generated router.

mod activity;
mod client_address;
mod connections;
mod cross_origin;
mod log_line;
mod metrics;
mod pace;
mod refusal;
mod request;
mod site;
mod stream;
mod to_the_end;
mod trace;

pub use connections::{ServerLimits, serve};
pub use cross_origin::CrossOrigin;
pub use metrics::{MetricsExporter, Traffic, serve_metrics};
pub use site::Site;
pub use stream::ClientListener;
