//! Everything that answers requests.

use super::cross_origin::CrossOrigin;
use super::metrics::{PREFLIGHT, Traffic};
use crate::app::App;
use crate::config::{ProxySettings, RequestLogSettings};
use crate::generated::router;
use crate::http::{Reply, Request};
use crate::testing::{self, Controls};
use crate::web::{self, Content, Visitor};

/// The operations, the pages beside them and, if enabled, the test controls.
pub struct Site {
    /// The state of the operations.
    pub app: App,
    /// The content of the pages.
    pub content: Content,
    /// The proxies in front of the server.
    pub proxies: ProxySettings,
    /// The test controls, if enabled.
    pub testing: Option<Controls>,
    /// Which pages of other origins may read answers.
    pub cross_origin: CrossOrigin,
    /// What the lines of requests have.
    pub request_log: RequestLogSettings,
    /// Counts requests and connections.
    pub traffic: Traffic,
}

impl Site {
    /// Tries the pages first, then the operations of the description. The test controls are reachable only if
    /// enabled; without them their paths are unknown.
    pub(super) async fn answer(&self, request: Request) -> Reply {
        let sharing = self.cross_origin.headers(&request);
        let reply = match self.cross_origin.preflight(&request) {
            Some(reply) => request.finish(Some(PREFLIGHT), Ok(reply)).await,
            None => self.answer_itself(request).await,
        };
        sharing.into_iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
    }

    async fn answer_itself(&self, request: Request) -> Reply {
        if let Err(problem) = request.check_head() {
            return request.finish(None, Err(problem)).await;
        }
        let visitor = Visitor::of(&request);
        let reply = match (web::find(&request), &self.testing) {
            (Some(page), _) => web::answer(&self.app, &self.content, page, request).await,
            (None, Some(controls)) => testing::answer(&self.app, controls, request).await,
            (None, None) => router::dispatch(&self.app, request).await,
        };
        visitor.shown(&self.content, reply)
    }
}
