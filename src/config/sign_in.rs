//! The settings of signing in.

use std::time::Duration;

use clap::Args;

use super::values::positive_time;

/// How people sign in.
#[derive(Clone, Copy, Debug, Args)]
pub struct SignInSettings {
    /// How long a person who signed in stays signed in at most.
    #[arg(long, env = "BRMS_SESSION_TTL", value_name = "TIME", default_value = "12h", value_parser = positive_time)]
    pub session_ttl: Duration,
    /// How long a person who signed in may do nothing and still be signed in.
    #[arg(long, env = "BRMS_SESSION_IDLE", value_name = "TIME", default_value = "2h", value_parser = positive_time)]
    pub session_idle: Duration,
    /// The most sign-in codes that the whole server sends within a minute. Browsers that have signed in before have as
    /// many for themselves.
    #[arg(long, env = "BRMS_SIGN_IN_CODES_MAX", value_name = "COUNT", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub sign_in_codes_max: u32,
    /// Let people sign in over plain HTTP also from other machines, where others can read along. Needed if the public URL
    /// begins with http:// and is not one of this machine.
    #[arg(long, env = "BRMS_INSECURE_HTTP")]
    pub insecure_http: bool,
}
