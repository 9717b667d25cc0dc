//! Pages of the audit log. The number of entries is known for each segment of the log, and for each type or action if
//! those are the order of the list, so a page is read from the segments that it lies in, however far it is from the
//! first.

use std::collections::BTreeMap;

use super::audit_log_segments::{self as segments, Position};
use super::audit_logs::{FilterClause, StoredEntry, Wanted};
use super::columns::Record;
use crate::db::{Parameter, Tx};
use crate::generated::models::AuditLogType;
use crate::limits::{OrderBy, Sort};
use crate::paging::{Listed, Page};
use crate::problem::Problem;

/// The filters, order and page of a list.
pub(crate) struct AuditLogFilter<'f> {
    pub wanted: Wanted,
    pub kind: Option<AuditLogType>,
    pub action: Option<&'f str>,
    pub order: OrderBy,
    pub sort: Sort,
    pub page: Page,
}

impl AuditLogFilter<'_> {
    /// Whether the sums of segments answer how many entries there are.
    fn is_summed(&self) -> bool {
        let Wanted { project_id, user_id, from, to, .. } = &self.wanted;
        from.is_none() && to.is_none() && project_id.is_none() && user_id.is_none()
    }

    /// The column that the list is ordered by, if it has few values.
    fn column(&self) -> Option<&'static str> {
        match self.order {
            OrderBy::CreatedAt => None,
            OrderBy::Type => Some("type"),
            OrderBy::Action => Some("action"),
        }
    }

    fn clause(&self) -> FilterClause<'_> {
        let mut clause = FilterClause::to(&self.wanted);
        clause.and("type =", self.kind.as_ref());
        clause.and("action =", self.action.as_ref());
        clause
    }
}

/// One page of entries.
pub(crate) fn list(tx: &Tx, filter: &AuditLogFilter) -> Result<Listed<StoredEntry>, Problem> {
    let ends =
        if filter.is_summed() { segments::ends(tx, filter.wanted.organisation_id)? } else { Vec::new() };
    let shares = shares(tx, filter, &ends)?;
    let total = shares.values().flatten().sum();
    if filter.page.is_past(total) {
        return Ok(Listed { rows: Vec::new(), total });
    }
    let pieces = pieces(&shares, filter, &ends);
    let PageStatement { text, parameters } = PageStatement::new(filter, &pieces);
    let mut rows = tx.rows(&text, parameters.as_slice(), StoredEntry::read)?;
    sort(&mut rows, filter);
    Ok(Listed { rows, total })
}

/// How many entries each segment has, and after the last one the newest entries: of each value of the column that the
/// list is ordered by, or of all together.
type Shares = BTreeMap<Option<String>, Vec<u64>>;

fn shares(tx: &Tx, filter: &AuditLogFilter, ends: &[Position]) -> Result<Shares, Problem> {
    let (mut shares, mut clause) = (Shares::new(), filter.clause());
    let mut note = |value, segment: usize, entries| {
        let of_value = shares.entry(value).or_insert_with(|| vec![0; ends.len() + 1]);
        of_value[segment.min(ends.len())] += entries;
    };
    if let Some(end) = ends.last() {
        for sum in segments::sums(tx, &clause.condition, &clause.parameters, filter.column())? {
            note(sum.value, sum.segment, sum.entries);
        }
        clause.and_position(">", end);
    }
    let newest = tx.rows(&count_statement(filter, &clause), clause.parameters.as_slice(), |row| {
        Ok((row.get("value")?, row.get::<i64>("entries")?.unsigned_abs()))
    })?;
    newest.into_iter().for_each(|(value, entries)| note(value, ends.len(), entries));
    Ok(shares)
}

fn count_statement(filter: &AuditLogFilter, clause: &FilterClause) -> String {
    let (condition, value) = (&clause.condition, filter.column().unwrap_or("CAST(NULL AS text)"));
    let group = filter.column().map(|column| format!(" GROUP BY {column}")).unwrap_or_default();
    format!("SELECT {value} AS value, count(*) AS entries FROM audit_logs WHERE {condition}{group}")
}

/// A part of a page: entries that follow each other in the order of the list and have one value.
struct Piece<'s> {
    value: Option<&'s str>,
    /// The entries are behind this one.
    after: Option<&'s Position>,
    /// The last entry that it can have.
    until: Option<&'s Position>,
    limit: i64,
    offset: i64,
}

/// The parts of a page, each within as few segments as possible. A type with few entries has many segments between them,
/// which are left out: they would be read only to find nothing.
fn pieces<'s>(shares: &'s Shares, filter: &AuditLogFilter, ends: &'s [Position]) -> Vec<Piece<'s>> {
    let mut runs: Vec<Run> = shares.iter().flat_map(|(value, entries)| Run::all(value, entries)).collect();
    if filter.sort == Sort::Descending {
        runs.reverse();
    }
    let (mut skipped, mut left) = (filter.page.skipped(), filter.page.size());
    let mut pieces = Vec::new();
    for run in runs {
        let entries = run.entries.iter().sum::<u64>();
        let (skip, taken) = (skipped.min(entries), left.min(entries - skipped.min(entries)));
        (skipped, left) = (skipped - skip, left - taken);
        if taken > 0 {
            let first = match filter.sort {
                Sort::Ascending => skip,
                Sort::Descending => entries - skip - taken,
            };
            pieces.push(run.piece(first, taken, filter.sort, ends));
        }
    }
    pieces
}

/// Segments that follow each other and have entries of one value, with some between them that have none.
struct Run<'s> {
    value: Option<&'s str>,
    first: usize,
    entries: &'s [u64],
}

/// A log has at most so many gaps that are left out, so that a page has no more parts than SQLite takes in a statement.
const GAPS_MAX: usize = 64;

impl<'s> Run<'s> {
    fn all(value: &'s Option<String>, entries: &'s [u64]) -> Vec<Self> {
        let gap_min = entries.len() / GAPS_MAX + 1;
        let mut runs: Vec<Self> = Vec::new();
        for segment in (0..entries.len()).filter(|segment| entries[*segment] > 0) {
            let next = match runs.last() {
                Some(last) if segment - (last.first + last.entries.len()) < gap_min => {
                    let first = last.first;
                    runs.pop();
                    first
                }
                _ => segment,
            };
            runs.push(Self { value: value.as_deref(), first: next, entries: &entries[next..=segment] });
        }
        runs
    }

    /// The part with the entries from number `first`, counted from the oldest one.
    fn piece(&self, first: u64, taken: u64, sort: Sort, ends: &'s [Position]) -> Piece<'s> {
        let (mut low, mut before) = (0, 0);
        while before + self.entries[low] <= first {
            before += self.entries[low];
            low += 1;
        }
        let (mut high, mut through) = (low, before + self.entries[low]);
        while through < first + taken {
            high += 1;
            through += self.entries[high];
        }
        let offset = match sort {
            Sort::Ascending => first - before,
            Sort::Descending => through - first - taken,
        };
        Piece {
            value: self.value,
            after: (self.first + low).checked_sub(1).map(|segment| &ends[segment]),
            until: ends.get(self.first + high),
            limit: taken.cast_signed(),
            offset: offset.cast_signed(),
        }
    }
}

/// The statement that reads the parts of a page. It only has the conditions of the filters in use, so that each
/// combination uses an index; its parts are fixed texts, and every value is a parameter.
struct PageStatement<'p> {
    text: String,
    parameters: Vec<&'p dyn Parameter>,
}

impl<'p> PageStatement<'p> {
    fn new(filter: &'p AuditLogFilter, pieces: &'p [Piece]) -> Self {
        let mut clause = filter.clause();
        let (common, mut texts) = (clause.condition.clone(), Vec::new());
        let order = match filter.sort {
            Sort::Ascending => "created_at, id",
            Sort::Descending => "created_at DESC, id DESC",
        };
        for piece in pieces {
            clause.condition.clone_from(&common);
            let condition = filter.column().map(|column| format!("{column} ="));
            clause.and(condition.as_deref().unwrap_or_default(), piece.value.as_ref());
            piece.after.into_iter().for_each(|position| clause.and_position(">", position));
            piece.until.into_iter().for_each(|position| clause.and_position("<=", position));
            clause.parameters.extend([&piece.limit as &dyn Parameter, &piece.offset]);
            let (condition, offset) = (&clause.condition, clause.parameters.len());
            let limit = offset - 1;
            texts.push(format!(
                "SELECT listed FROM (SELECT id AS listed FROM audit_logs WHERE {condition}
                 ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}) AS piece"
            ));
        }
        let pieces = texts.join(" UNION ALL ");
        let text = format!(
            "SELECT audit_logs.* FROM ({pieces}) AS page JOIN audit_logs ON audit_logs.id = page.listed"
        );
        Self { text, parameters: clause.parameters }
    }
}

/// Sorts the rows of a page: what a statement combines has no order.
fn sort(rows: &mut [StoredEntry], filter: &AuditLogFilter) {
    rows.sort_by(|one, other| {
        let words = match filter.order {
            OrderBy::CreatedAt => std::cmp::Ordering::Equal,
            OrderBy::Type => one.kind.as_str().cmp(other.kind.as_str()),
            OrderBy::Action => one.action.cmp(&other.action),
        };
        words.then((one.created_at, one.id).cmp(&(other.created_at, other.id)))
    });
    if filter.sort == Sort::Descending {
        rows.reverse();
    }
}

#[cfg(test)]
#[path = "audit_log_lists_tests.rs"]
mod tests;
