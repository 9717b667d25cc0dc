//! What every operation works with, put together once at start.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::db::Db;
use crate::health::Readiness;
use crate::invitations::InvitationRules;
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
