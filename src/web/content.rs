//! What the endpoints show, loaded once at start.

use std::sync::OnceLock;

use bytes::Bytes;

use super::home::Home;
use super::pages::Pages;
use crate::openapi;
use crate::problem::Problem;

/// The content of the pages, loaded once at start.
pub struct Content {
    /// The page templates.
    pub pages: Pages,
    /// Where they are served.
    pub home: Home,
    /// The served description.
    pub description: Description,
}

/// The served description, made when it is first asked for: most starts, above all of stand-ins, are for other requests,
/// and it takes a tenth of the time of a start.
pub struct Description {
    public_url: String,
    json: OnceLock<Bytes>,
}

impl Description {
    /// The description with this URL of the server.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self { public_url: public_url.to_owned(), json: OnceLock::new() }
    }

    pub(super) fn json(&self) -> Result<Bytes, Problem> {
        if let Some(json) = self.json.get() {
            return Ok(json.clone());
        }
        let served = openapi::served(&self.public_url).and_then(|served| serde_json::to_vec(&served));
        let json = served.map_err(|cause| Problem::internal("the served description", cause))?;
        Ok(self.json.get_or_init(|| json.into()).clone())
    }
}
