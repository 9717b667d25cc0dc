//! The settings of the test controls, and of a server that a test runner starts.

use clap::Args;

use super::values::Hidden;

/// The settings of the test controls, and of a server that a test runner starts.
#[derive(Clone, Debug, Args)]
pub struct TestSettings {
    /// Enable the test controls under /_test: reset, clock, mailbox, faults. Not for production data.
    #[arg(long, env = "BRMS_TEST_API")]
    pub test_api: bool,
    /// The token for /_test: `brms_tst_` and 32 to 200 letters, digits, '-' or '_'. Default: generated at start,
    /// shown on a terminal and written to the ready file.
    #[arg(long, env = "BRMS_TEST_API_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub test_api_token: Option<Hidden>,
    /// Allow the test controls on a server with an SMTP relay, where tests can send real mail.
    #[arg(long, env = "BRMS_ALLOW_TEST_API_WITH_SMTP")]
    pub allow_test_api_with_smtp: bool,
    /// Stop when standard input ends: a pipe from the program that started the server ends with that program, however
    /// it ends.
    #[arg(long, env = "BRMS_EXIT_WITH_STDIN")]
    pub exit_with_stdin: bool,
}
