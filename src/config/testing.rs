//! The settings of a stand-in: whether and how tests control a server.

use clap::Args;

use super::values::Hidden;

/// Whether and how tests control a server.
#[derive(Clone, Debug, Args)]
pub struct TestSettings {
    /// Let tests control this server under /_test: reset, clock, mailbox, faults. Not for people's data.
    #[arg(long, env = "BRMS_TEST_API")]
    pub test_api: bool,
    /// What opens /_test: `brms_tst_` and 32 to 200 letters, digits, '-' or '_'. Default: made at start,
    /// shown on a terminal and written into the ready file.
    #[arg(long, env = "BRMS_TEST_API_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub test_api_token: Option<Hidden>,
    /// Let tests control a server that sends real mail by SMTP. They could make it send to anybody.
    #[arg(long, env = "BRMS_ALLOW_TEST_API_WITH_SMTP")]
    pub allow_test_api_with_smtp: bool,
}
