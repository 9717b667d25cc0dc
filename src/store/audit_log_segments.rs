//! The audit log of an organisation, cut into segments of equal length in its order, with the number of entries of each
//! type and action. Totals and the place of any page are sums over segments; only entries that are newer than the last
//! segment are counted. A log of a million entries has 120 segments.
//!
//! Entries are never changed, so the sums stay right unless an entry is added before the end of the last segment, as
//! after a clock was set back. Such an entry takes away the segments from there on. An entry that is removed is counted
//! out of its segment by a trigger. Retention removes the oldest ones, and segments that are empty then.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::{Parameter, Tx, params};
use crate::problem::Problem;
use crate::store::columns::{Record, stored};
use crate::store::ids::{AuditLogId, OrganisationId};

/// The position of an entry in the order of the log.
pub type Position = (Timestamp, AuditLogId);

/// A part of the log: what lies behind a position, up to another. Dates are positions, too, so that a statement has one
/// lower and one upper bound: of two, the index might be searched for the one that excludes less.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) after: Option<Position>,
    pub(super) until: Option<Position>,
}

impl Span {
    /// From the first millisecond of one date to the last one of another.
    pub(super) fn dates(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        let before = |from: Timestamp| Timestamp::from_millis(from.as_millis().saturating_sub(1));
        let last_of = |moment| (moment, Uuid::max().into());
        Self { after: from.map(before).map(last_of), until: to.map(last_of) }
    }

    /// The segment with this number.
    pub(super) fn segment(ends: &[Position], number: usize) -> Self {
        Self::segments(ends, number, number)
    }

    /// The segments from one number to another, inclusive.
    pub(super) fn segments(ends: &[Position], first: usize, last: usize) -> Self {
        Self { after: first.checked_sub(1).map(|previous| ends[previous]), until: ends.get(last).copied() }
    }

    /// What lies in both.
    pub(super) fn and(self, other: Self) -> Self {
        let until = self.until.into_iter().chain(other.until).min();
        Self { after: self.after.max(other.after), until }
    }
}

/// How many entries a segment has. Migration 9 has this number, too.
pub(super) const SEGMENT_ENTRIES: i64 = 8_192;
/// One of so many new entries looks whether a segment is complete, so that the others need not.
const LOOK_EACH: u128 = 1_024;
/// How many segments one write adds at most, since each takes the writer some milliseconds. After a clock was set back
/// there can be more to add.
const ADDED_MAX: usize = 1;

/// How many segments are looked at to find those whose entries were removed: as many as a removal has rows.
const PASSED_MAX: i64 = 16;

/// How many entries of one type or action a segment has.
pub(super) struct SegmentSum {
    /// Its place in [`ends`].
    pub(super) segment: usize,
    /// The type or action; `None` if the sum is over all.
    pub(super) value: Option<String>,
    pub(super) entries: u64,
}

/// The position of the last entry of each segment, from the oldest one that is left.
pub(super) fn ends(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<Position>, Problem> {
    tx.rows(
        "SELECT last_created_at, last_id FROM audit_log_segments WHERE organisation_id = ?1 ORDER BY number",
        [organisation_id],
        |row| Ok((row.get("last_created_at")?, row.get("last_id")?)),
    )
}

/// The tables of sums: those of the entries of a project, and those of all.
pub(super) enum Sums {
    OfProject,
    OfAll,
}

/// The entries of each segment that meet a condition on the organisation (`?1`) and more, for each value of a column or
/// all together.
pub(super) fn sums(
    tx: &Tx,
    sums: &Sums,
    condition: &str,
    parameters: &[&dyn Parameter],
    column: Option<&str>,
) -> Result<Vec<SegmentSum>, Problem> {
    let table = match sums {
        Sums::OfProject => "audit_log_project_sums",
        Sums::OfAll => "audit_log_sums",
    };
    let value = column.unwrap_or("CAST(NULL AS text)");
    let group = column.map(|column| format!(", {column}")).unwrap_or_default();
    let statement = format!(
        "SELECT segment - (SELECT min(number) FROM audit_log_segments WHERE organisation_id = ?1) AS place,
                {value} AS value, CAST(sum(entries) AS bigint) AS entries
         FROM {table} WHERE {condition} GROUP BY segment{group}"
    );
    tx.rows(&statement, parameters, |row| {
        let segment = usize::try_from(row.get::<u32>("place")?).unwrap_or(usize::MAX);
        Ok(SegmentSum {
            segment,
            value: row.get("value")?,
            entries: row.get::<i64>("entries")?.unsigned_abs(),
        })
    })
}

/// Keeps the segments right after entries were added, in their order, and adds one now and then.
pub(super) fn note(tx: &Tx, organisation_id: OrganisationId, added: &[Position]) -> Result<(), Problem> {
    let Some(first) = added.first() else { return Ok(()) };
    remove_from(tx, organisation_id, *first)?;
    if added.iter().any(|(_, id)| Uuid::from(*id).as_u128().is_multiple_of(LOOK_EACH)) {
        add(tx, organisation_id, SEGMENT_ENTRIES, ADDED_MAX)?;
    }
    Ok(())
}

/// Makes the segments of an organisation anew, after its log was replaced.
pub fn remake(tx: &Tx, organisation_id: OrganisationId) -> Result<(), Problem> {
    remove_from(tx, organisation_id, beginning())?;
    add(tx, organisation_id, SEGMENT_ENTRIES, usize::MAX)
}

/// A position before every entry.
fn beginning() -> Position {
    (Timestamp::from_millis(i64::MIN), Uuid::nil().into())
}

/// The number and the end of the last segment.
fn last(tx: &Tx, organisation_id: OrganisationId) -> Result<Option<(i64, Position)>, Problem> {
    tx.optional(
        "SELECT number, last_created_at, last_id FROM audit_log_segments
         WHERE organisation_id = ?1 ORDER BY number DESC LIMIT 1",
        [organisation_id],
        |row| Ok((row.get("number")?, (row.get("last_created_at")?, row.get("last_id")?))),
    )
}

/// Removes the segments that end at a position or later. The last one tells whether there are any: nearly always there
/// are none, and a write would empty the memory of the batch.
pub(super) fn remove_from(
    tx: &Tx,
    organisation_id: OrganisationId,
    position: Position,
) -> Result<(), Problem> {
    let key = [b"segment".as_slice(), Uuid::from(organisation_id).as_bytes()].concat();
    let Some((_, end)) = tx.find_once(&key, || last(tx, organisation_id))? else { return Ok(()) };
    if end < position {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM audit_log_segments WHERE organisation_id = ?1 AND (last_created_at, last_id) >= (?2, ?3)",
        params![organisation_id, position.0, position.1],
    )
    .map(drop)
}

/// Removes the oldest segments if they end at a position or before: their entries were removed. One with an entry that
/// stays, or behind such a one, is kept: the first segment has everything up to its end. It looks at a few only, since
/// few entries are removed at once.
pub(super) fn remove_passed(
    tx: &Tx,
    organisation_id: OrganisationId,
    (at, id): Position,
) -> Result<(), Problem> {
    tx.execute(
        "DELETE FROM audit_log_segments
         WHERE organisation_id = ?1 AND (last_created_at, last_id) <= (?2, ?3)
           AND number < ?4 + (SELECT min(number) FROM audit_log_segments WHERE organisation_id = ?1)
           AND NOT EXISTS (SELECT 1
                           FROM audit_logs
                           WHERE audit_logs.organisation_id = ?1
                             AND (audit_logs.created_at, audit_logs.id)
                                 <= (audit_log_segments.last_created_at, audit_log_segments.last_id))",
        params![organisation_id, at, id, PASSED_MAX],
    )
    .map(drop)
}

/// Adds the segments that are missing, but leaves the newest entries alone: at least a segment of them, so that a clock
/// that is a little behind removes none, and all that a clock which was ahead has dated later than now.
pub(super) fn add(
    tx: &Tx,
    organisation_id: OrganisationId,
    length: i64,
    added_max: usize,
) -> Result<(), Problem> {
    let last = last(tx, organisation_id)?;
    let (mut number, mut from) = last.map_or((0, beginning()), |(number, end)| (number + 1, end));
    for _ in 0..added_max {
        if nth_after(tx, organisation_id, from, 2 * length)?.is_none() {
            break;
        }
        let end = nth_after(tx, organisation_id, from, length)?;
        let Some(end) = end.filter(|(at, _)| *at <= tx.now()) else { break };
        insert(tx, organisation_id, number, [from, end])?;
        (number, from) = (number + 1, end);
    }
    Ok(())
}

/// The position of an entry, counted from 1 behind another position.
fn nth_after(
    tx: &Tx,
    organisation_id: OrganisationId,
    (at, id): Position,
    number: i64,
) -> Result<Option<Position>, Problem> {
    tx.optional(
        "SELECT created_at, id FROM audit_logs
         WHERE organisation_id = ?1 AND (created_at, id) > (?2, ?3)
         ORDER BY created_at, id LIMIT 1 OFFSET ?4",
        params![organisation_id, at, id, number - 1],
        |row| Ok((row.get("created_at")?, row.get("id")?)),
    )
}

/// Adds the segment of the entries behind one position up to another.
fn insert(
    tx: &Tx,
    organisation_id: OrganisationId,
    number: i64,
    [from, end]: [Position; 2],
) -> Result<(), Problem> {
    tx.execute(
        "INSERT INTO audit_log_segments (organisation_id, number, last_created_at, last_id)
         VALUES (?1, ?2, ?3, ?4)",
        params![organisation_id, number, end.0, end.1],
    )?;
    tx.forget_found();
    let counted = |table: &str, column: &str, condition: &str| {
        let statement = format!(
            "INSERT INTO {table} (organisation_id, segment{column}, type, action, entries)
             SELECT organisation_id, ?2{column}, type, action, count(*)
             FROM audit_logs
             WHERE organisation_id = ?1 AND (created_at, id) > (?3, ?4) AND (created_at, id) <= (?5, ?6){condition}
             GROUP BY organisation_id{column}, type, action"
        );
        tx.execute(&statement, params![organisation_id, number, from.0, from.1, end.0, end.1]).map(drop)
    };
    counted("audit_log_sums", "", "")?;
    counted("audit_log_project_sums", ", project_id", " AND project_id IS NOT NULL")
}

stored! {
    /// A segment with sums that are not those of its entries.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct WrongSegment {
        /// The organisation.
        organisation_id: OrganisationId,
        /// The number of the segment.
        segment: i64,
    }
}

/// Every segment with sums that are not those of its entries.
pub fn wrong(tx: &Tx) -> Result<Vec<WrongSegment>, Problem> {
    let of_all = wrong_in(tx, "audit_log_sums", "", "")?;
    let of_projects =
        wrong_in(tx, "audit_log_project_sums", ", project_id", " AND entry.project_id IS NOT NULL")?;
    Ok([of_all, of_projects].concat())
}

fn wrong_in(tx: &Tx, table: &str, column: &str, condition: &str) -> Result<Vec<WrongSegment>, Problem> {
    let statement = format!(
        "SELECT DISTINCT organisation_id, segment
         FROM (SELECT organisation_id, segment{column}, type, action, entries FROM {table}
               UNION ALL
               SELECT segment.organisation_id, segment.number{column}, type, action, -count(*)
               FROM audit_log_segments AS segment
               LEFT JOIN audit_log_segments AS previous
                   ON previous.organisation_id = segment.organisation_id AND previous.number = segment.number - 1
               JOIN audit_logs AS entry
                   ON entry.organisation_id = segment.organisation_id
                   AND (entry.created_at, entry.id) <= (segment.last_created_at, segment.last_id)
                   AND (entry.created_at, entry.id)
                       > (coalesce(previous.last_created_at, ?1), coalesce(previous.last_id, ?2)){condition}
               GROUP BY segment.organisation_id, segment.number{column}, type, action) AS counted
         GROUP BY organisation_id, segment{column}, type, action
         HAVING sum(entries) <> 0
         ORDER BY organisation_id, segment"
    );
    let (at, id) = beginning();
    tx.rows(&statement, params![at, id], WrongSegment::read)
}
