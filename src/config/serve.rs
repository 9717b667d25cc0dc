//! The settings of `serve`, and those that other commands share with it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::mail::{DeliverySettings, MailSettings};
use super::proxies::ProxySettings;
use super::testing::TestSettings;
use super::values::{email, name, positive_time, public_url};

/// Where the data lies.
#[derive(Clone, Debug, Args)]
pub struct DatabaseSettings {
    /// The one file of data.
    #[arg(long, env = "BRMS_DATABASE", value_name = "FILE", default_value = "brms.db")]
    pub database: PathBuf,
}

/// How long an invitation lives and how often it may be sent.
#[derive(Clone, Copy, Debug, Args)]
pub struct InvitationSettings {
    /// How long the link of an invitation works.
    #[arg(long, env = "BRMS_INVITATION_TTL", value_name = "TIME", default_value = "7d", value_parser = positive_time)]
    pub invitation_ttl: Duration,
    /// How many mails an invitation may cause within --invitation-send-window.
    #[arg(long, env = "BRMS_INVITATION_SENDS_MAX", value_name = "COUNT", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub invitation_sends_max: u32,
    /// See --invitation-sends-max.
    #[arg(long, env = "BRMS_INVITATION_SEND_WINDOW", value_name = "TIME", default_value = "10m", value_parser = positive_time)]
    pub invitation_send_window: Duration,
    /// How many invitations one user may send within --inviter-send-window, first ones and repeated ones.
    #[arg(long, env = "BRMS_INVITER_SENDS_MAX", value_name = "COUNT", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub inviter_sends_max: u32,
    /// See --inviter-sends-max.
    #[arg(long, env = "BRMS_INVITER_SEND_WINDOW", value_name = "TIME", default_value = "1h", value_parser = positive_time)]
    pub inviter_send_window: Duration,
}

/// Settings of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeSettings {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "BRMS_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where the data lies.
    #[command(flatten)]
    pub data: DatabaseSettings,
    /// Keep the data in a temporary file that is gone when the server ends.
    #[arg(long, env = "BRMS_EPHEMERAL")]
    pub ephemeral: bool,
    /// The address people reach this server at; links in mails begin with it. Default: the one listened on, which must
    /// not be 0.0.0.0 or :: then.
    #[arg(long, env = "BRMS_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Life and throttle of invitations.
    #[command(flatten)]
    pub invitations: InvitationSettings,
    /// Who mail is from, and how it leaves.
    #[command(flatten)]
    pub mail: MailSettings,
    /// How the outbox is worked on.
    #[command(flatten)]
    pub delivery: DeliverySettings,
    /// Seed an empty database from this file; skipped when there are people in the database.
    #[arg(long, env = "BRMS_SEED", value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Where the first start puts the owner's credentials when they cannot be shown on a terminal, with
    /// mode 0600. Default: beside the database, as FILE.credentials.
    #[arg(long, env = "BRMS_CREDENTIALS_FILE", value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// The owner's address, for the first start.
    #[arg(long, env = "BRMS_OWNER_EMAIL", value_name = "EMAIL", default_value = "owner@localhost", value_parser = email)]
    pub owner_email: String,
    /// The organisation's name, for the first start.
    #[arg(long, env = "BRMS_ORGANISATION", value_name = "NAME", default_value = "My organisation", value_parser = name)]
    pub organisation: String,
    /// Written once the server answers, removed at exit: JSON with `url`, the address really listened on.
    #[arg(long, env = "BRMS_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Listen beyond loopback although the secrets of a seed file open this database.
    #[arg(long, env = "BRMS_ALLOW_SEEDED_SECRETS")]
    pub allow_seeded_secrets: bool,
    /// The most bytes the database may grow to; beyond it writes are answered 503. Default: no limit.
    #[arg(long, env = "BRMS_DATABASE_SIZE_MAX", value_name = "BYTES")]
    pub database_size_max: Option<u64>,
    /// The most connections served at once; further ones wait.
    #[arg(long, env = "BRMS_CONNECTIONS_MAX", value_name = "COUNT", default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub connections_max: u32,
    /// How long a client may take to send the head of a request, or read nothing of an answer.
    #[arg(long, env = "BRMS_HEADER_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = positive_time)]
    pub header_timeout: Duration,
    /// How long a connection is kept between two requests. Longer than a load balancer keeps it, or that sends requests
    /// into connections that are just being closed.
    #[arg(long, env = "BRMS_KEEP_ALIVE_TIMEOUT", value_name = "TIME", default_value = "75s", value_parser = positive_time)]
    pub keep_alive_timeout: Duration,
    /// How long a request may take until its write begins.
    #[arg(long, env = "BRMS_REQUEST_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = positive_time)]
    pub request_timeout: Duration,
    /// How long requests may still run after the server was told to stop. Connections without a request are closed
    /// at once.
    #[arg(long, env = "BRMS_STOP_TIMEOUT", value_name = "TIME", default_value = "8s", value_parser = positive_time)]
    pub stop_timeout: Duration,
    /// The proxies in front of this server.
    #[command(flatten)]
    pub proxies: ProxySettings,
    /// Whether and how tests control this server.
    #[command(flatten)]
    pub testing: TestSettings,
    /// What is logged, such as `info` or `brms=debug,warn`.
    #[arg(long, env = "BRMS_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}
