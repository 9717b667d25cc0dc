//! What a server answers with.

use crate::app::App;
use crate::config::ProxySettings;
use crate::generated::router;
use crate::http::{Reply, Request};
use crate::testing::{self, Controls};
use crate::web::{self, Content};

/// The operations, the pages beside them and, where tests may control the server, their controls.
pub struct Site {
    /// What operations work with.
    pub app: App,
    /// What pages are made of.
    pub content: Content,
    /// The proxies in front of it.
    pub proxies: ProxySettings,
    /// What tests control this server with, if they may.
    pub testing: Option<Controls>,
}

impl Site {
    /// First the pages made by hand, then the operations of the description; a stand-in's own controls only
    /// where they were asked for, so that no other server knows a path of theirs.
    pub(super) async fn answer(&self, request: Request) -> Reply {
        if let Err(problem) = request.check_head() {
            return request.finish(None, Err(problem)).await;
        }
        match (web::find(&request), &self.testing) {
            (Some(page), _) => web::answer(&self.app, &self.content, page, request).await,
            (None, Some(controls)) => testing::answer(&self.app, controls, request).await,
            (None, None) => router::dispatch(&self.app, request).await,
        }
    }
}
