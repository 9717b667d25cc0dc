//! What every operation works with, put together once at start.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::db::Db;
use crate::invitations;
use crate::mail::delivery::{Sender, Transport};
use crate::mail::render::Renderer;
use crate::web::pages::Pages;

/// The application: its data and its rules. It knows nothing of sockets.
pub struct App {
    /// The file of data; it carries the clock.
    pub db: Db,
    /// How long links live and how often they are sent.
    pub invitation_rules: invitations::Rules,
    /// Rung when a mail was queued.
    pub mail_waiting: Arc<Notify>,
    /// The mail templates.
    pub renderer: Renderer,
    /// Who mails are from.
    pub sender: Sender,
    /// Where mails go.
    pub transport: Transport,
    /// The page templates.
    pub pages: Pages,
}
