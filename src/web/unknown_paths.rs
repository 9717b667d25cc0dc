//! The page that a browser gets for a path that does not exist, such as a damaged link of a mail. API clients get
//! problem+json.

use super::content::Content;
use super::pages::PagePlace;
use super::security::shown;
use crate::http::{Reply, Request};
use crate::problem::Problem;

/// What the reply depends on, read before the request is answered.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    is_browser: bool,
    place: PagePlace,
}

impl Visitor {
    /// A person follows links and types addresses, so only GET and HEAD count.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let reads = matches!(request.method(), "GET" | "HEAD");
        let is_browser = reads && request.header("accept").is_some_and(prefers_page);
        Self { is_browser, place: PagePlace::of(request.path()) }
    }

    /// The reply, as a page if it says to a browser that the path does not exist.
    #[must_use]
    pub fn shown(self, content: &Content, reply: Reply) -> Reply {
        if !matches!(reply.problem, Some(Problem::UnknownPath | Problem::MisspeltPath { .. })) {
            return reply;
        }
        let page = content.pages.unknown_path(self.place);
        let page = if self.is_browser { shown(reply.status, page).ok() } else { None };
        let shown = match page {
            None => reply,
            Some(mut page) => {
                (page.operation, page.close, page.is_cut) = (reply.operation, reply.close, reply.is_cut);
                page.problem = reply.problem;
                page
            }
        };
        shown.with_header("vary", "accept")
    }
}

/// Whether an `Accept` header ranks HTML above JSON.
fn prefers_page(accept: &str) -> bool {
    let quality = |names: &[&str]| {
        let of = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            if !names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) {
                return 0.0;
            }
            let given = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            given.map_or(1.0, |given| given.trim().parse::<f32>().unwrap_or_default())
        };
        accept.split(',').map(of).fold(0.0, f32::max)
    };
    let page = quality(&["text/html", "application/xhtml+xml"]);
    page > 0.0 && page > quality(&["application/json", "application/problem+json"])
}
