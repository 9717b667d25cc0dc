//! The settings of `serve`, and those that other commands share with it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::cross_origin::CrossOriginSettings;
use super::database::DatabaseSettings;
use super::listen::ListenSettings;
use super::mail::{DeliverySettings, MailSettings};
use super::metrics::MetricsSettings;
use super::proxies::ProxySettings;
use super::request_log::RequestLogSettings;
use super::retention::RetentionSettings;
use super::sign_in::SignInSettings;
use super::testing::TestSettings;
use super::values::{email, name, positive_time, public_url};

// The headings of the help. clap passes that of a flattened struct on to the arguments after it, so each one names its
// own.
const SERVER: &str = "Server";
const DATABASE: &str = "Database";
const INVITATIONS: &str = "Invitations";
const MAIL: &str = "Mail";
const RETENTION: &str = "Retention";
const FIRST_START: &str = "First start";
const LIMITS: &str = "Limits";
const PROXIES: &str = "Proxies and pages of other origins";
const METRICS: &str = "Metrics";
const TESTING: &str = "Testing";
const LOG: &str = "Log";

/// Lifetime and sending limits of invitations.
#[derive(Clone, Copy, Debug, Args)]
pub struct InvitationSettings {
    /// How long an invitation is valid after sending.
    #[arg(long, env = "BRMS_INVITATION_TTL", value_name = "TIME", default_value = "7d", value_parser = positive_time)]
    pub invitation_ttl: Duration,
    /// The most mails per invitation within --invitation-send-window.
    #[arg(long, env = "BRMS_INVITATION_SENDS_MAX", value_name = "COUNT", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub invitation_sends_max: u32,
    /// The time window of --invitation-sends-max.
    #[arg(long, env = "BRMS_INVITATION_SEND_WINDOW", value_name = "TIME", default_value = "10m", value_parser = positive_time)]
    pub invitation_send_window: Duration,
    /// The most invitations one user may send within --inviter-send-window, counting repeated ones.
    #[arg(long, env = "BRMS_INVITER_SENDS_MAX", value_name = "COUNT", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub inviter_sends_max: u32,
    /// The time window of --inviter-sends-max.
    #[arg(long, env = "BRMS_INVITER_SEND_WINDOW", value_name = "TIME", default_value = "1h", value_parser = positive_time)]
    pub inviter_send_window: Duration,
}

/// Settings of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeSettings {
    /// Where the server listens.
    #[command(flatten, next_help_heading = SERVER)]
    pub listening: ListenSettings,
    /// The database.
    #[command(flatten, next_help_heading = DATABASE)]
    pub data: DatabaseSettings,
    /// Keep the data in a temporary file that is removed when the server ends.
    #[arg(long, help_heading = DATABASE, env = "BRMS_EPHEMERAL")]
    pub ephemeral: bool,
    /// The URL at which people reach this server, used in the links of mails. Default: the listen address, which must
    /// not be 0.0.0.0 or :: in that case.
    #[arg(long, help_heading = SERVER, env = "BRMS_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Lifetime and sending limits of invitations.
    #[command(flatten, next_help_heading = INVITATIONS)]
    pub invitations: InvitationSettings,
    /// How people sign in.
    #[command(flatten)]
    pub sign_in: SignInSettings,
    /// The sender of mails, and how they are sent.
    #[command(flatten, next_help_heading = MAIL)]
    pub mail: MailSettings,
    /// The settings of mail delivery.
    #[command(flatten, next_help_heading = MAIL)]
    pub delivery: DeliverySettings,
    /// What is removed in time.
    #[command(flatten, next_help_heading = RETENTION)]
    pub retention: RetentionSettings,
    /// Seed an empty database from this file; ignored if the database is not empty.
    #[arg(long, help_heading = FIRST_START, env = "BRMS_SEED", value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// The file for the owner's credentials at the first start if they cannot be shown on a terminal; mode 0600.
    /// Default: next to the database, as FILE.credentials.
    #[arg(long, help_heading = FIRST_START, env = "BRMS_CREDENTIALS_FILE", value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// The owner's address, for the first start.
    #[arg(long, help_heading = FIRST_START, env = "BRMS_OWNER_EMAIL", value_name = "EMAIL", default_value = "owner@localhost", value_parser = email)]
    pub owner_email: String,
    /// The organisation's name, for the first start.
    #[arg(long, help_heading = FIRST_START, env = "BRMS_ORGANISATION", value_name = "NAME", default_value = "My organisation", value_parser = name)]
    pub organisation: String,
    /// A file that is written once the server accepts requests and removed at exit: JSON with `url`, the actual
    /// listen address, with `urls` if there are several, and with `metricsUrl` if metrics are served.
    #[arg(long, help_heading = SERVER, env = "BRMS_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Listen on more than loopback although the database accepts credentials from a seed file.
    #[arg(long, help_heading = FIRST_START, env = "BRMS_ALLOW_SEEDED_SECRETS")]
    pub allow_seeded_secrets: bool,
    /// The most bytes the database may grow to; beyond that, writes get status 503. Default: no limit.
    #[arg(long, help_heading = DATABASE, env = "BRMS_DATABASE_SIZE_MAX", value_name = "BYTES")]
    pub database_size_max: Option<u64>,
    /// The number of connections to PostgreSQL that write; five more only read.
    #[arg(long, help_heading = DATABASE, env = "BRMS_DATABASE_CONNECTIONS", value_name = "COUNT", default_value_t = 8,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub database_connections: u32,
    /// Be the only instance on a PostgreSQL database: refuse to start while another one uses it, and keep others out.
    #[arg(long, help_heading = DATABASE, env = "BRMS_SINGLE_INSTANCE")]
    pub single_instance: bool,
    /// The most concurrent connections; further ones wait.
    #[arg(long, help_heading = LIMITS, env = "BRMS_CONNECTIONS_MAX", value_name = "COUNT", default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub connections_max: u32,
    /// How long a client may take to send a request head, stall while receiving a response, or take to receive 64 KiB of
    /// an export (on average).
    #[arg(long, help_heading = LIMITS, env = "BRMS_HEADER_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = positive_time)]
    pub header_timeout: Duration,
    /// How long an idle connection is kept open between two requests. Must be longer than the load balancer's idle
    /// time-out, or the load balancer sends requests on connections that are just being closed.
    #[arg(long, help_heading = LIMITS, env = "BRMS_KEEP_ALIVE_TIMEOUT", value_name = "TIME", default_value = "75s", value_parser = positive_time)]
    pub keep_alive_timeout: Duration,
    /// The deadline of a request. A write that is not done by then is undone, or not begun.
    #[arg(long, help_heading = LIMITS, env = "BRMS_REQUEST_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = positive_time)]
    pub request_timeout: Duration,
    /// How long a graceful shutdown waits for requests in progress. Idle connections are closed at once.
    #[arg(long, help_heading = LIMITS, env = "BRMS_STOP_TIMEOUT", value_name = "TIME", default_value = "8s", value_parser = positive_time)]
    pub stop_timeout: Duration,
    /// The trusted proxies.
    #[command(flatten, next_help_heading = PROXIES)]
    pub proxies: ProxySettings,
    /// Which pages of other origins may call the server.
    #[command(flatten, next_help_heading = PROXIES)]
    pub cross_origin: CrossOriginSettings,
    /// Where metrics are served.
    #[command(flatten, next_help_heading = METRICS)]
    pub metrics: MetricsSettings,
    /// The test controls.
    #[command(flatten, next_help_heading = TESTING)]
    pub testing: TestSettings,
    /// The name of this instance in each line of its log. Default: with a PostgreSQL database the host and the process id,
    /// otherwise none.
    #[arg(long, help_heading = LOG, env = "BRMS_INSTANCE_NAME", value_name = "NAME", value_parser = name)]
    pub instance_name: Option<String>,
    /// What the lines of requests have.
    #[command(flatten, next_help_heading = LOG)]
    pub request_log: RequestLogSettings,
    /// The log filter, such as `info` or `brms=debug,warn`.
    #[arg(long, help_heading = LOG, env = "BRMS_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}
