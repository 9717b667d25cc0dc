//! The settings of the request log.

use std::time::Duration;

use clap::Args;

use super::values::positive_time;

/// What the lines of requests have, and which of them warn.
#[derive(Clone, Copy, Debug, Args)]
pub struct RequestLogSettings {
    /// A request that takes longer than this is logged as a warning, with what it waited for.
    #[arg(long, env = "BRMS_SLOW_REQUEST", value_name = "TIME", default_value = "1s", value_parser = positive_time)]
    pub slow_request: Duration,
    /// Leave the address of the client and the id of the user out of the lines of requests.
    #[arg(long, env = "BRMS_LOG_WITHOUT_CLIENTS")]
    pub log_without_clients: bool,
}
