//! The entry, action and actor of the audit log, and the SQL on it.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{self, Kind, Parameter, Row, RowResult, Tx, json, json_text, params, word};
use crate::generated::models::AuditLogType;
use crate::http::words;
use crate::limits::{OrderBy, Sort};
use crate::paging::{Listed, Page};
use crate::problem::Problem;
use crate::store::ids::{AuditLogId, OrganisationId, ProjectId, UserId};

/// Who did something, and from where.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The organisation whose log it goes to.
    pub organisation_id: OrganisationId,
    /// `None`: the operator, at the command line.
    pub user_id: Option<UserId>,
    /// Where the request came from.
    pub ip_address: Option<String>,
    /// What sent it.
    pub user_agent: Option<String>,
}

impl Actor {
    /// The operator, who may open the database file.
    #[must_use]
    pub fn operator(organisation_id: OrganisationId) -> Self {
        let user_agent = Some(concat!("brms/", env!("CARGO_PKG_VERSION"), " command line").to_owned());
        Self { organisation_id, user_id: None, ip_address: None, user_agent }
    }
}

words! {
    /// What was done to a thing.
    Action {
        Created = "created",
        /// Its user was sent an invitation.
        Invited = "invited",
        /// Its user took up the invitation.
        Accepted = "accepted",
        Updated = "updated",
        Deleted = "deleted",
        Restored = "restored",
        /// Its user may call again.
        Enabled = "enabled",
        /// Its user may not call any more.
        Disabled = "disabled",
        /// Its secret was replaced.
        Regenerated = "regenerated",
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
    pub project_id: Option<ProjectId>,
    /// What changed: a JSON object.
    pub data: Value,
}

impl Change {
    /// A change of something that belongs to no project.
    #[must_use]
    pub fn new(kind: AuditLogType, action: Action, ref_id: impl Into<Uuid>, data: Value) -> Self {
        Self { kind, action, ref_id: ref_id.into(), project_id: None, data }
    }

    /// The same of something that belongs to one.
    #[must_use]
    pub fn in_project(mut self, project_id: ProjectId) -> Self {
        self.project_id = Some(project_id);
        self
    }
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Of this organisation.
    pub organisation_id: OrganisationId,
    /// Only of this project.
    pub project_id: Option<ProjectId>,
    /// Only by this user.
    pub user_id: Option<UserId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
}

/// What a list is narrowed by.
pub(crate) struct AuditLogFilter<'f> {
    pub wanted: Wanted,
    pub kind: Option<AuditLogType>,
    pub action: Option<&'f str>,
    pub order: OrderBy,
    pub sort: Sort,
    pub page: Page,
}

/// An entry as stored.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// The entry's id.
    pub id: AuditLogId,
    /// Whose log it is in.
    pub organisation_id: OrganisationId,
    /// When it happened.
    pub created_at: Timestamp,
    /// What kind of thing changed.
    pub kind: AuditLogType,
    /// What was done to it.
    pub action: String,
    /// Who did it; `None`: the operator.
    pub user_id: Option<UserId>,
    /// The project it belongs to.
    pub project_id: Option<ProjectId>,
    /// The thing that changed.
    pub ref_id: Uuid,
    /// Where the request came from.
    pub ip_address: Option<String>,
    /// What sent it.
    pub user_agent: Option<String>,
    /// What changed: a JSON object.
    pub data: Value,
}

/// Writes one row.
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
    tx.execute(
        "INSERT INTO audit_logs (id, organisation_id, created_at, type, action, user_id, project_id, ref_id,
                                 ip_address, user_agent, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            entry.id,
            entry.organisation_id,
            entry.created_at,
            entry.kind.as_str(),
            entry.action,
            entry.user_id,
            entry.project_id,
            entry.ref_id,
            entry.ip_address,
            entry.user_agent,
            json_text(&entry.data),
        ],
    )?;
    Ok(())
}

/// Every entry of the organisation, oldest first: for an export.
pub fn all(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<StoredEntry>, Problem> {
    tx.rows(
        "SELECT * FROM audit_logs WHERE organisation_id = ?1 ORDER BY created_at, id",
        [organisation_id],
        read,
    )
}

/// Gives a new organisation these entries and no others.
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
        read,
    )
}

/// One page of entries. Only the conditions that are asked for stand in the statement, so that each
/// combination is read by its index; the parts are fixed texts, and every value is a parameter.
pub(crate) fn list(tx: &Tx, filter: &AuditLogFilter) -> Result<Listed<StoredEntry>, Problem> {
    let total = if filter.is_counted() { counted(tx, filter)? } else { count(tx, filter)? };
    if filter.page.is_past(total) {
        return Ok(Listed { rows: Vec::new(), total });
    }
    let (mut narrowed, limit, offset) = (Narrowed::by(filter), filter.page.limit(), filter.page.offset());
    let statement = narrowed.page_statement(filter);
    narrowed.parameters.extend(params![limit, offset]);
    let rows = tx.rows(&statement, narrowed.parameters.as_slice(), read)?;
    Ok(Listed { rows, total })
}

impl AuditLogFilter<'_> {
    /// Whether the total is among those that are kept.
    fn is_counted(&self) -> bool {
        let Wanted { project_id, user_id, from, to, .. } = &self.wanted;
        from.is_none() && to.is_none() && project_id.is_none() && user_id.is_none()
    }
}

/// What is asked of the entries, as a condition and the values of its parameters.
pub(super) struct Narrowed<'f> {
    pub(super) condition: String,
    pub(super) parameters: Vec<&'f dyn Parameter>,
}

impl<'f> Narrowed<'f> {
    fn by(filter: &'f AuditLogFilter) -> Self {
        let mut narrowed = Self::to(&filter.wanted);
        narrowed.and("type =", filter.kind.as_ref());
        narrowed.and("action =", filter.action.as_ref());
        narrowed
    }

    pub(super) fn to(wanted: &'f Wanted) -> Self {
        let organisation_id = &wanted.organisation_id;
        let mut narrowed =
            Self { condition: "organisation_id = ?1".to_owned(), parameters: vec![organisation_id] };
        narrowed.and("created_at >=", wanted.from.as_ref());
        narrowed.and("created_at <=", wanted.to.as_ref());
        narrowed.and("project_id =", wanted.project_id.as_ref());
        narrowed.and("user_id =", wanted.user_id.as_ref());
        narrowed
    }

    /// Compares the position of an entry in the order of the log.
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

impl Parameter for AuditLogType {
    fn kind() -> Kind {
        Kind::Text
    }

    fn value(&self) -> db::Value<'_> {
        db::Value::Text(self.as_str())
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

/// The total from the counts that are kept.
fn counted(tx: &Tx, filter: &AuditLogFilter) -> Result<u64, Problem> {
    tx.count(
        "SELECT CAST(coalesce(sum(entries), 0) AS bigint)
         FROM audit_log_counts
         WHERE organisation_id = ?1 AND (?2 IS NULL OR type = ?2) AND (?3 IS NULL OR action = ?3)",
        params![filter.wanted.organisation_id, filter.kind, filter.action],
    )
}

fn count(tx: &Tx, filter: &AuditLogFilter) -> Result<u64, Problem> {
    let narrowed = Narrowed::by(filter);
    let statement = format!("SELECT count(*) FROM audit_logs WHERE {}", narrowed.condition);
    tx.count(&statement, narrowed.parameters.as_slice())
}

pub(super) fn read(row: &Row) -> RowResult<StoredEntry> {
    Ok(StoredEntry {
        id: row.get("id")?,
        organisation_id: row.get("organisation_id")?,
        created_at: row.get("created_at")?,
        kind: word(row, "type")?,
        action: row.get("action")?,
        user_id: row.get("user_id")?,
        project_id: row.get("project_id")?,
        ref_id: row.get("ref_id")?,
        ip_address: row.get("ip_address")?,
        user_agent: row.get("user_agent")?,
        data: json(row, "data")?.unwrap_or(Value::Null),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

    /// The filter that asks for what the bits say.
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
    fn every_combination_is_read_by_an_index_and_sorted_by_one_where_nothing_narrows_it() {
        let plans = Plans::new();
        for order in OrderBy::ALL.iter().copied() {
            for (bits, sort) in (0..64).flat_map(|bits| Sort::ALL.iter().map(move |sort| (bits, *sort))) {
                let filter = filter(bits, order, sort);
                let narrowed = Narrowed::by(&filter);
                let statement = narrowed.page_statement(&filter);
                let plan = plans.of(&statement, narrowed.parameters.len() + 2);
                assert!(!plan.iter().any(|step| step.starts_with("SCAN audit_logs")), "{plan:?} {statement}");
                let is_sorted_apart = plan.iter().any(|step| step.contains("TEMP B-TREE"));
                assert!(bits != 0 || !is_sorted_apart, "{plan:?} {statement}");
            }
        }
    }
}
