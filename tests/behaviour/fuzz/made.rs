//! Objects created in addition to the seed before the random requests, since requests cannot create them.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::program::run_well;
use crate::support::seed;
use crate::support::tcp::{Tcp, request};

/// The number of projects to restore, and of people to accept.
const COUNT: usize = 6;

pub struct Made {
    /// Deleted projects: only the command line deletes them.
    pub deleted: Vec<String>,
    /// Codes of invitations, which only mails and the command line contain.
    pub codes: Vec<String>,
}

impl Made {
    pub fn new(address: &str, database: &Path) -> Self {
        let mut tcp = Tcp::to(address);
        let mut post = |path: &str, caller: &str, body: Value| {
            let headers = [("authorization", caller), ("content-type", "application/json")];
            tcp.send(request("POST", path, &headers, body.to_string().as_bytes()));
            tcp.checked_answer("POST", path).json()
        };
        let brms = |words: &[&str]| {
            run_well(&[words, &["--database", database.to_str().expect("a path of text")]].concat())
        };
        let deleted = (0..COUNT).map(|number| {
            let body = json!({ "name": "Deleted", "key": format!("deleted-{number}") });
            let project = post("/api/projects", seed::OWNER_SES, body);
            let id = project["project"]["id"].as_str().expect("an id").to_owned();
            brms(&["project", "delete", &id]);
            id
        });
        let deleted = deleted.collect();
        let emails: Vec<String> = (0..COUNT).map(|number| format!("accepts{number}@example.test")).collect();
        let invitations = post("/api/users", seed::OWNER_SES, json!({ "emails": emails }));
        let codes = invitations.as_array().expect("invitations").iter().map(|invitation| {
            let link = brms(&["invitation", "link", invitation["id"].as_str().expect("an id")]);
            let (_, code) = link.lines().next().and_then(|link| link.split_once('#')).expect("a code");
            code.to_owned()
        });
        Self { deleted, codes: codes.collect() }
    }
}
