//! Pages of the audit log. The number of entries is known for each segment of the log, and for each type or action if
//! those are the order of the list, so a page is read from the segments that it lies in, however far it is from the
//! first.

use std::collections::BTreeMap;
use std::ops::Range;

use super::audit_log_segments::{self as segments, Position, Span, Sums};
use super::audit_logs::{FilterClause, StoredEntry, Wanted};
use super::columns::Record;
use crate::db::{Parameter, Tx};
use crate::generated::models::AuditLogType;
use crate::limits::{OrderBy, Sort};
use crate::paging::{Listed, Page, SIZE_MAX};
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
    /// Whether the sums of segments tell how many entries there are, except at the first and the last date.
    fn is_summed(&self) -> bool {
        self.wanted.user_id.is_none()
    }

    /// The column that the list is ordered by, if it has few values.
    fn column(&self) -> Option<&'static str> {
        match self.order {
            OrderBy::CreatedAt => None,
            OrderBy::Type => Some("type"),
            OrderBy::Action => Some("action"),
        }
    }

    /// The filters but the dates.
    fn clause(&self) -> FilterClause<'_> {
        let mut clause = FilterClause::to(&self.wanted);
        clause.and("type =", self.kind.as_ref());
        clause.and("action =", self.action.as_ref());
        clause
    }
}

/// One page of entries, without their data.
pub(crate) fn list(tx: &Tx, filter: &AuditLogFilter) -> Result<Listed<StoredEntry>, Problem> {
    let ends =
        if filter.is_summed() { segments::ends(tx, filter.wanted.organisation_id)? } else { Vec::new() };
    let shares = shares(tx, filter, &ends)?;
    let total = shares.values().flatten().sum();
    if filter.page.is_past(total) {
        return Ok(Listed { rows: Vec::new(), total });
    }
    let pieces = pieces(&shares, filter, &ends);
    let (text, parameters) = page_statement(filter, &pieces);
    let mut rows = tx.rows(&text, parameters.as_slice(), StoredEntry::read)?;
    sort(&mut rows, filter);
    Ok(Listed { rows, total })
}

/// How many entries each segment has, and after the last one the newest entries: of each value of the column that the
/// list is ordered by, or of all together.
type Shares = BTreeMap<Option<String>, Vec<u64>>;

fn shares(tx: &Tx, filter: &AuditLogFilter, ends: &[Position]) -> Result<Shares, Problem> {
    let mut shares = Shares::new();
    let mut note = |value, segment: usize, entries| {
        shares.entry(value).or_insert_with(|| vec![0; ends.len() + 1])[segment] += entries;
    };
    let (whole, counted) = segments_of(&filter.wanted, ends);
    if !whole.is_empty() {
        let clause = filter.clause();
        let table = filter.wanted.project_id.map_or(Sums::OfAll, |_| Sums::OfProject);
        let sums = segments::sums(tx, &table, &clause.condition, &clause.parameters, filter.column())?;
        for sum in sums.into_iter().filter(|sum| whole.contains(&sum.segment)) {
            note(sum.value, sum.segment, sum.entries);
        }
    }
    let (text, parameters) = count_statement(filter, &counted);
    let found = tx.rows(&text, parameters.as_slice(), |row| {
        let segment = usize::try_from(row.get::<u32>("segment")?).unwrap_or(usize::MAX);
        Ok((row.get("value")?, segment, row.get::<i64>("entries")?.unsigned_abs()))
    })?;
    for (value, segment, entries) in found {
        note(value, segment, entries);
    }
    Ok(shares)
}

/// A part of a segment that has to be counted, with the number of the segment.
type Counted = (i64, Span);

/// The segments that lie within the dates completely, and the parts of others that do.
fn segments_of(wanted: &Wanted, ends: &[Position]) -> (Range<usize>, Vec<Counted>) {
    let first = wanted.from.map(|from| ends.partition_point(|(at, _)| *at < from));
    let last = wanted.to.map_or(ends.len(), |to| ends.partition_point(|(at, _)| *at <= to));
    let counted = |segment: usize| {
        let span = wanted.span().and(Span::segment(ends, segment));
        (i64::try_from(segment).unwrap_or(i64::MAX), span)
    };
    let in_part = first.filter(|first| *first < last).into_iter().chain([last]);
    (first.map_or(0, |first| first + 1)..last, in_part.map(counted).collect())
}

/// A statement and its parameters. It only has the conditions of the filters in use, so that each combination uses an
/// index; its parts are fixed texts, and every value is a parameter.
type Statement<'p> = (String, Vec<&'p dyn Parameter>);

/// Counts the entries of parts of segments.
fn count_statement<'p>(filter: &'p AuditLogFilter, counted: &'p [Counted]) -> Statement<'p> {
    let mut clause = filter.clause();
    let (common, mut texts) = (clause.condition.clone(), Vec::new());
    let value = filter.column().unwrap_or("CAST(NULL AS text)");
    let group = filter.column().map(|column| format!(" GROUP BY {column}")).unwrap_or_default();
    for (segment, span) in counted {
        clause.condition.clone_from(&common);
        clause.within(span);
        clause.parameters.push(segment);
        let (condition, segment) = (&clause.condition, clause.parameters.len());
        texts.push(format!(
            "SELECT CAST(?{segment} AS bigint) AS segment, {value} AS value, count(*) AS entries
             FROM audit_logs WHERE {condition}{group}"
        ));
    }
    (texts.join(" UNION ALL "), clause.parameters)
}

/// A part of a page: entries that follow each other in the order of the list and have one value.
struct Piece<'s> {
    value: Option<&'s str>,
    span: Span,
    limit: i64,
    offset: i64,
}

/// The parts of a page, each within as few segments as possible. A type with few entries has many segments between them,
/// which are left out: they would be read only to find nothing.
fn pieces<'s>(shares: &'s Shares, filter: &AuditLogFilter, ends: &[Position]) -> Vec<Piece<'s>> {
    let mut runs: Vec<Run> =
        shares.iter().flat_map(|(value, entries)| Run::all(value.as_deref(), entries)).collect();
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
            pieces.push(run.piece(first, taken, filter, ends));
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

/// The entries of one value have at most so many gaps that are left out.
const GAPS_MAX: usize = 64;
/// Each part of a page has an entry, and SQLite takes 500 parts in a statement.
const _: () = assert!(SIZE_MAX <= 500);

impl<'s> Run<'s> {
    fn all(value: Option<&'s str>, entries: &'s [u64]) -> Vec<Self> {
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
            runs.push(Self { value, first: next, entries: &entries[next..=segment] });
        }
        runs
    }

    /// The part with the entries from number `first`, counted from the oldest one.
    fn piece(&self, first: u64, taken: u64, filter: &AuditLogFilter, ends: &[Position]) -> Piece<'s> {
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
        let offset = match filter.sort {
            Sort::Ascending => first - before,
            Sort::Descending => through - first - taken,
        };
        Piece {
            value: self.value,
            span: filter.wanted.span().and(Span::segments(ends, self.first + low, self.first + high)),
            limit: taken.cast_signed(),
            offset: offset.cast_signed(),
        }
    }
}

/// The columns of an entry in a list, which does not show the data: that of a page may be many megabytes.
const LISTED: &str = "audit_logs.id, audit_logs.organisation_id, audit_logs.created_at, audit_logs.type,
                      audit_logs.action, audit_logs.user_id, audit_logs.project_id, audit_logs.ref_id,
                      audit_logs.ip_address, audit_logs.user_agent, '{}' AS data";

/// Reads the parts of a page.
fn page_statement<'p>(filter: &'p AuditLogFilter, pieces: &'p [Piece]) -> Statement<'p> {
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
        clause.within(&piece.span);
        clause.parameters.extend([&piece.limit as &dyn Parameter, &piece.offset]);
        let (condition, offset) = (&clause.condition, clause.parameters.len());
        let limit = offset - 1;
        texts.push(format!(
            "SELECT listed FROM (SELECT id AS listed FROM audit_logs WHERE {condition}
             ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}) AS piece"
        ));
    }
    let pieces = texts.join(" UNION ALL ");
    let text =
        format!("SELECT {LISTED} FROM ({pieces}) AS page JOIN audit_logs ON audit_logs.id = page.listed");
    (text, clause.parameters)
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
