//! Audit log entries: the record types and their SQL.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Parameter, Tx, params};
use crate::generated::models::AuditLogType;
use crate::http::words;
use crate::limits::{OrderBy, Sort};
use crate::paging::{Listed, Page};
use crate::problem::Problem;
use crate::store::columns::{Record, insert, stored};
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

/// The filters, order and page of a list.
pub(crate) struct AuditLogFilter<'f> {
    pub wanted: Wanted,
    pub kind: Option<AuditLogType>,
    pub action: Option<&'f str>,
    pub order: OrderBy,
    pub sort: Sort,
    pub page: Page,
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

/// Writes one entry.
pub fn record(tx: &Tx, actor: &Actor, change: &Change) -> Result<(), Problem> {
    add(
        tx,
        &StoredEntry {
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
            data: change.data.clone(),
        },
    )
}

fn add(tx: &Tx, entry: &StoredEntry) -> Result<(), Problem> {
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
    entries.iter().try_for_each(|entry| add(tx, entry))
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

/// One page of entries. The statement only has the conditions of the filters in use, so that each combination uses an
/// index; its parts are fixed texts, and every value is a parameter.
pub(crate) fn list(tx: &Tx, filter: &AuditLogFilter) -> Result<Listed<StoredEntry>, Problem> {
    let total = count(tx, filter)?;
    if filter.page.is_past(total) {
        return Ok(Listed { rows: Vec::new(), total });
    }
    let (mut clause, limit, offset) = (FilterClause::by(filter), filter.page.limit(), filter.page.offset());
    let statement = clause.page_statement(filter);
    clause.parameters.extend(params![limit, offset]);
    let rows = tx.rows(&statement, clause.parameters.as_slice(), StoredEntry::read)?;
    Ok(Listed { rows, total })
}

impl AuditLogFilter<'_> {
    /// Whether the total can be read from the counter table.
    fn is_counted(&self) -> bool {
        let Wanted { project_id, user_id, from, to, .. } = &self.wanted;
        from.is_none() && to.is_none() && project_id.is_none() && user_id.is_none()
    }
}

/// A condition with the values of its parameters.
pub(super) struct FilterClause<'f> {
    pub(super) condition: String,
    pub(super) parameters: Vec<&'f dyn Parameter>,
}

impl<'f> FilterClause<'f> {
    fn by(filter: &'f AuditLogFilter) -> Self {
        let mut clause = Self::to(&filter.wanted);
        clause.and("type =", filter.kind.as_ref());
        clause.and("action =", filter.action.as_ref());
        clause
    }

    pub(super) fn to(wanted: &'f Wanted) -> Self {
        let organisation_id = &wanted.organisation_id;
        let mut clause =
            Self { condition: "organisation_id = ?1".to_owned(), parameters: vec![organisation_id] };
        clause.and("created_at >=", wanted.from.as_ref());
        clause.and("created_at <=", wanted.to.as_ref());
        clause.and("project_id =", wanted.project_id.as_ref());
        clause.and("user_id =", wanted.user_id.as_ref());
        clause
    }

    /// Adds a condition on the position in the order of the log.
    pub(super) fn and_position(&mut self, comparison: &str, position: &'f (Timestamp, AuditLogId)) {
        self.parameters.extend([&position.0 as &dyn Parameter, &position.1]);
        let last = self.parameters.len();
        let first = last - 1;
        self.condition = format!("{} AND (created_at, id) {comparison} (?{first}, ?{last})", self.condition);
    }

    pub(super) fn and(&mut self, comparison: &str, value: Option<&'f impl Parameter>) {
        if let Some(value) = value {
            self.parameters.push(value);
            let number = self.parameters.len();
            self.condition = format!("{} AND {comparison} ?{number}", self.condition);
        }
    }

    fn page_statement(&self, filter: &AuditLogFilter) -> String {
        let (condition, order, limit) = (&self.condition, order(filter), self.parameters.len() + 1);
        let offset = limit + 1;
        format!("SELECT * FROM audit_logs WHERE {condition} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}")
    }
}

fn order(filter: &AuditLogFilter) -> &'static str {
    match (filter.order, filter.sort) {
        (OrderBy::CreatedAt, Sort::Ascending) => "created_at, id",
        (OrderBy::CreatedAt, Sort::Descending) => "created_at DESC, id DESC",
        (OrderBy::Type, Sort::Ascending) => "type, created_at, id",
        (OrderBy::Type, Sort::Descending) => "type DESC, created_at DESC, id DESC",
        (OrderBy::Action, Sort::Ascending) => "action, created_at, id",
        (OrderBy::Action, Sort::Descending) => "action DESC, created_at DESC, id DESC",
    }
}

/// The total, from the counter table if its columns are enough for the filter.
fn count(tx: &Tx, filter: &AuditLogFilter) -> Result<u64, Problem> {
    let clause = FilterClause::by(filter);
    let count = if filter.is_counted() {
        "CAST(coalesce(sum(entries), 0) AS bigint) FROM audit_log_counts"
    } else {
        "count(*) FROM audit_logs"
    };
    let statement = format!("SELECT {count} WHERE {}", clause.condition);
    tx.count(&statement, clause.parameters.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Word;
    use crate::store::tests::Plans;

    /// The filter for a bit set.
    fn filter(bits: u8, order: OrderBy, sort: Sort) -> AuditLogFilter<'static> {
        let asked = |bit: u8| bits & (1 << bit) != 0;
        let moment = Timestamp::from_millis(1);
        AuditLogFilter {
            wanted: Wanted {
                organisation_id: Uuid::nil().into(),
                project_id: asked(0).then(|| Uuid::nil().into()),
                user_id: asked(1).then(|| Uuid::nil().into()),
                from: asked(4).then_some(moment),
                to: asked(5).then_some(moment),
            },
            kind: asked(2).then_some(AuditLogType::User),
            action: asked(3).then_some("created"),
            order,
            sort,
            page: Page::new(1, 10),
        }
    }

    #[test]
    fn every_combination_uses_an_index_which_also_sorts_it_without_filters() {
        let plans = Plans::new();
        for order in OrderBy::ALL.iter().copied() {
            for (bits, sort) in (0..64).flat_map(|bits| Sort::ALL.iter().map(move |sort| (bits, *sort))) {
                let filter = filter(bits, order, sort);
                let clause = FilterClause::by(&filter);
                let statement = clause.page_statement(&filter);
                let plan = plans.of(&statement, clause.parameters.len() + 2);
                assert!(!plan.iter().any(|step| step.starts_with("SCAN audit_logs")), "{plan:?} {statement}");
                let is_sorted_apart = plan.iter().any(|step| step.contains("TEMP B-TREE"));
                assert!(bits != 0 || !is_sorted_apart, "{plan:?} {statement}");
            }
        }
    }
}
