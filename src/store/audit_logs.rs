//! Audit log entries: the record types and their SQL.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Parameter, Tx, params};
use crate::generated::models::AuditLogType;
use crate::http::words;
use crate::problem::Problem;
use crate::store::audit_log_segments::{self, Position, Span};
use crate::store::columns::{Record, insert, insert_all, stored};
use crate::store::ids::{AuditLogId, OrganisationId, ProjectId, UserId};

/// The actor of a change, with the client's address.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The organisation that the entry belongs to.
    pub organisation_id: OrganisationId,
    /// `None` for the operator at the command line.
    pub user_id: Option<UserId>,
    /// The client's address.
    pub ip_address: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

impl Actor {
    /// The operator, who has access to the database file.
    #[must_use]
    pub fn operator(organisation_id: OrganisationId) -> Self {
        let user_agent = Some(concat!("brms/", env!("CARGO_PKG_VERSION"), " command line").to_owned());
        Self { organisation_id, user_id: None, ip_address: None, user_agent }
    }
}

words! {
    /// What was done to an object.
    Action {
        Created = "created",
        /// The user was sent an invitation.
        Invited = "invited",
        /// The user accepted the invitation.
        Accepted = "accepted",
        Updated = "updated",
        Deleted = "deleted",
        Restored = "restored",
        /// The user was enabled.
        Enabled = "enabled",
        /// The user was disabled.
        Disabled = "disabled",
        /// The secret was replaced.
        Regenerated = "regenerated",
        /// The user signed in.
        SignedIn = "signedIn",
        /// The user signed out.
        SignedOut = "signedOut",
        /// The user ended another session of their own.
        SessionEnded = "sessionEnded",
    }
}

/// A change to one object.
pub struct Change {
    /// The type of the object, as in the description.
    pub kind: AuditLogType,
    /// What was done to it.
    pub action: Action,
    /// Its id.
    pub ref_id: Uuid,
    /// Its project, if it belongs to one.
    pub project_id: Option<ProjectId>,
    /// The details of the change: a JSON object.
    pub data: Value,
}

impl Change {
    /// A change of an object that belongs to no project.
    #[must_use]
    pub fn new(kind: AuditLogType, action: Action, ref_id: impl Into<Uuid>, data: Value) -> Self {
        Self { kind, action, ref_id: ref_id.into(), project_id: None, data }
    }

    /// The same change, in a project.
    #[must_use]
    pub fn in_project(mut self, project_id: ProjectId) -> Self {
        self.project_id = Some(project_id);
        self
    }
}

/// The common filters of lists and exports.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The organisation.
    pub organisation_id: OrganisationId,
    /// Only this project.
    pub project_id: Option<ProjectId>,
    /// Only this user's changes.
    pub user_id: Option<UserId>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Not after this time.
    pub to: Option<Timestamp>,
}

impl Wanted {
    /// The part of the log between the dates.
    pub(super) fn span(&self) -> Span {
        Span::dates(self.from, self.to)
    }
}

stored! {
    /// An entry as stored.
    #[derive(Clone, Debug)]
    pub struct StoredEntry {
        /// The entry's id.
        id: AuditLogId,
        /// The organisation it belongs to.
        organisation_id: OrganisationId,
        /// When the change happened.
        created_at: Timestamp,
        /// The type of the object.
        kind: AuditLogType = "type",
        /// What was done to it.
        action: String,
        /// The user who made the change; `None` for the operator.
        user_id: Option<UserId>,
        /// The object's project, if it belongs to one.
        project_id: Option<ProjectId>,
        /// The object's id.
        ref_id: Uuid,
        /// The client's address.
        ip_address: Option<String>,
        /// The client's `User-Agent`.
        user_agent: Option<String>,
        /// The details of the change: a JSON object.
        data: Value,
    }
}

/// Writes one entry. Entries do not count toward the budget of a call.
pub fn record(tx: &Tx, actor: &Actor, change: Change) -> Result<(), Problem> {
    let entry = entry(tx, actor, change);
    tx.uncounted(|| {
        add(tx, &entry)?;
        audit_log_segments::note(tx, entry.organisation_id, &[(entry.created_at, entry.id)])
    })
}

/// Writes the entries of changes of one kind.
pub(super) fn record_all(tx: &Tx, actor: &Actor, changes: Vec<Change>) -> Result<(), Problem> {
    let entries: Vec<StoredEntry> = changes.into_iter().map(|change| entry(tx, actor, change)).collect();
    let positions: Vec<Position> = entries.iter().map(|entry| (entry.created_at, entry.id)).collect();
    tx.uncounted(|| {
        insert_all(tx, "audit_logs", &entries, StoredEntry::columns, |entry| add(tx, entry))?;
        audit_log_segments::note(tx, actor.organisation_id, &positions)
    })
}

fn entry(tx: &Tx, actor: &Actor, change: Change) -> StoredEntry {
    StoredEntry {
        id: tx.new_id(),
        organisation_id: actor.organisation_id,
        created_at: tx.now(),
        kind: change.kind,
        action: change.action.to_string(),
        user_id: actor.user_id,
        project_id: change.project_id,
        ref_id: change.ref_id,
        ip_address: actor.ip_address.clone(),
        user_agent: actor.user_agent.clone(),
        data: change.data,
    }
}

pub(super) fn add(tx: &Tx, entry: &StoredEntry) -> Result<(), Problem> {
    insert(tx, "audit_logs", entry, &[])
}

/// Every entry of the organisation, oldest first, for an export.
pub fn all(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<StoredEntry>, Problem> {
    tx.rows(
        "SELECT * FROM audit_logs WHERE organisation_id = ?1 ORDER BY created_at, id",
        [organisation_id],
        StoredEntry::read,
    )
}

/// Replaces all entries of an organisation.
pub fn replace_all(tx: &Tx, organisation_id: OrganisationId, entries: &[StoredEntry]) -> Result<(), Problem> {
    tx.execute("DELETE FROM audit_logs WHERE organisation_id = ?1", [organisation_id])?;
    entries.iter().try_for_each(|entry| add(tx, entry))?;
    audit_log_segments::remake(tx, organisation_id)
}

/// One entry of the organisation.
pub(crate) fn find(
    tx: &Tx,
    organisation_id: OrganisationId,
    entry_id: AuditLogId,
) -> Result<Option<StoredEntry>, Problem> {
    tx.optional(
        "SELECT * FROM audit_logs WHERE id = ?1 AND organisation_id = ?2",
        params![entry_id, organisation_id],
        StoredEntry::read,
    )
}

/// A condition with the values of its parameters.
pub(super) struct FilterClause<'f> {
    pub(super) condition: String,
    pub(super) parameters: Vec<&'f dyn Parameter>,
}

impl<'f> FilterClause<'f> {
    /// The filters but the dates, for which there is [`FilterClause::within`].
    pub(super) fn to(wanted: &'f Wanted) -> Self {
        let organisation_id = &wanted.organisation_id;
        let mut clause =
            Self { condition: "organisation_id = ?1".to_owned(), parameters: vec![organisation_id] };
        clause.and("project_id =", wanted.project_id.as_ref());
        clause.and("user_id =", wanted.user_id.as_ref());
        clause
    }

    /// Adds the condition that entries lie in a span.
    pub(super) fn within(&mut self, span: &'f Span) {
        self.and_position(">", span.after.as_ref());
        self.and_position("<=", span.until.as_ref());
    }

    fn and_position(&mut self, comparison: &str, position: Option<&'f Position>) {
        if let Some((at, id)) = position {
            self.parameters.extend([at as &dyn Parameter, id]);
            let last = self.parameters.len();
            let first = last - 1;
            self.condition =
                format!("{} AND (created_at, id) {comparison} (?{first}, ?{last})", self.condition);
        }
    }

    pub(super) fn and(&mut self, comparison: &str, value: Option<&'f impl Parameter>) {
        if let Some(value) = value {
            self.parameters.push(value);
            let number = self.parameters.len();
            self.condition = format!("{} AND {comparison} ?{number}", self.condition);
        }
    }
}
