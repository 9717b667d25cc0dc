//! What every operation works with, put together once at start.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::db::Db;
use crate::health::Readiness;
use crate::testing::Controls;
use crate::web::pages::Pages;

/// The application: its data and its rules. It knows nothing of sockets.
pub struct App {
    /// The file of data; it carries the clock.
    pub db: Db,
    /// How long links live and how often they are sent.
    pub invitation_rules: InvitationRules,
    /// Rung when a mail was queued, for whoever delivers.
    pub mail_waiting: Arc<Notify>,
    /// The last answer to whether requests can be served.
    pub readiness: Readiness,
    /// The page templates.
    pub pages: Pages,
    /// The served description, as JSON.
    pub description: Bytes,
    /// What tests control this server with, if they may.
    pub testing: Option<Controls>,
}

/// How invitations behave here.
#[derive(Clone, Copy, Debug)]
pub struct InvitationRules {
    /// How long a link lives.
    pub lifetime: Duration,
    /// How many mails an invitation may cause within [`InvitationRules::send_window`].
    pub sends_max: u32,
    /// See [`InvitationRules::sends_max`].
    pub send_window: Duration,
    /// How many invitations one user may send within [`InvitationRules::inviter_send_window`].
    pub inviter_sends_max: u32,
    /// See [`InvitationRules::inviter_sends_max`].
    pub inviter_send_window: Duration,
}
