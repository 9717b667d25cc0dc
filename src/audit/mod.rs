//! The audit log: one row for each thing changed, in the transaction that changes it, never a secret.

mod read;
mod store;
mod wire;

use serde_json::Value;
use uuid::Uuid;

use crate::generated::models::AuditLogType;

pub use read::{get, list};
pub use store::{StoredEntry, all, record, replace_all};

/// Who did something, and from where.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The organisation whose log it goes to.
    pub organisation_id: Uuid,
    /// `None`: the operator, at the command line.
    pub user_id: Option<Uuid>,
    /// Where the request came from.
    pub ip_address: Option<String>,
    /// What sent it.
    pub user_agent: Option<String>,
}

impl Actor {
    /// Whoever may open the database file.
    #[must_use]
    pub fn operator(organisation_id: Uuid) -> Self {
        let user_agent = Some(concat!("brms/", env!("CARGO_PKG_VERSION"), " command line").to_owned());
        Self { organisation_id, user_id: None, ip_address: None, user_agent }
    }
}

/// What was done to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was made.
    Created,
    /// Its user was sent an invitation.
    Invited,
    /// Its user took up the invitation.
    Accepted,
    /// It is different now.
    Updated,
    /// It was taken away.
    Deleted,
    /// It was brought back.
    Restored,
    /// Its user may call again.
    Enabled,
    /// Its user may not call any more.
    Disabled,
    /// Its secret was replaced.
    Regenerated,
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Invited => "invited",
            Self::Accepted => "accepted",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Regenerated => "regenerated",
        }
    }
}

/// One thing that changed.
pub struct Change {
    /// What kind of thing, in the description's words.
    pub kind: AuditLogType,
    /// What was done to it.
    pub action: Action,
    /// Which one.
    pub ref_id: Uuid,
    /// The project it belongs to, if to one.
    pub project_id: Option<Uuid>,
    /// What changed: a JSON object.
    pub data: Value,
}

impl Change {
    /// A change of something that belongs to no project.
    #[must_use]
    pub fn new(kind: AuditLogType, action: Action, ref_id: Uuid, data: Value) -> Self {
        Self { kind, action, ref_id, project_id: None, data }
    }

    /// The same of something that belongs to one.
    #[must_use]
    pub fn in_project(mut self, project_id: Uuid) -> Self {
        self.project_id = Some(project_id);
        self
    }
}
