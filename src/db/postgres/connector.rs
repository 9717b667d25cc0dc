//! Opens connections.

use std::time::Duration;

use postgres::config::{SslMode, TargetSessionAttrs};
use postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::described;
use super::options::PostgresOptions;
use super::session::PostgresSession;
use super::tls;
use crate::failure::Failure;

/// How long a connection attempt to one host may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// When a peer that does not answer is given up: a host that lost its network sends nothing.
const SILENCE_MAX: Duration = Duration::from_secs(8);

/// Applies to every connection. Sequential scans are avoided for small tables, too: a serializable transaction that has
/// scanned a table conflicts with every write into it. No statement is compiled: the cost that stands for an unwanted scan
/// is above the one from which PostgreSQL compiles, which takes half a second. The limits end what a stopped client or a
/// lost peer would hold for ever; no statement of the store comes near them. A commit is answered when it is on disk,
/// whatever the server's default.
const SETTINGS: &str = "
    SET enable_seqscan = off;
    SET jit = off;
    SET statement_timeout = '25s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '10s';
    SET client_min_messages = 'warning';
    SET DateStyle = 'ISO';
    SELECT set_config('synchronous_commit', 'on', false) FROM pg_settings
    WHERE name = 'synchronous_commit' AND setting = 'off';
    SELECT CASE WHEN pg_is_in_recovery() THEN ''
                ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";

/// Opens connections with the options of this process.
pub(super) struct PostgresConnector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl PostgresConnector {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self, Failure> {
        let mut config = options.config.clone();
        config.connect_timeout(CONNECT_TIME_MAX).tcp_user_timeout(SILENCE_MAX);
        config.keepalives_idle(SILENCE_MAX).keepalives_interval(Duration::from_secs(2)).keepalives_retries(3);
        if config.get_application_name().is_none() {
            config.application_name("brms");
        }
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(tls::connector(options.verification, options.ca_file.as_deref())?),
        };
        Ok(Self { config, tls })
    }

    /// A new connection. It must be opened, used and closed outside of a runtime.
    pub(super) fn connect(&self) -> Result<PostgresSession, postgres::Error> {
        let client = match &self.tls {
            None => self.config.connect(NoTls),
            Some(tls) => self.config.connect(tls.clone()),
        };
        let mut client = client?;
        let mut timeline = String::new();
        for message in client.simple_query(SETTINGS)? {
            if let postgres::SimpleQueryMessage::Row(row) = message {
                row.get(0).unwrap_or_default().clone_into(&mut timeline);
            }
        }
        Ok(PostgresSession::new(client, timeline))
    }

    /// [`PostgresConnector::connect`] for a start or a command, with an error for a person.
    pub(super) fn first(&self) -> Result<PostgresSession, Failure> {
        self.connect().map_err(|cause| {
            Failure(format!(
                "the database {} cannot be opened: {}",
                super::options::shown(&self.config),
                described(&cause)
            ))
        })
    }
}
