//! Reads the whole audit log page by page (keyset pagination by the last entry's position), so that no transaction
//! stays open between two pages.

pub use super::audit_log_segments::Position;
use super::audit_log_segments::Span;
use super::audit_logs::{FilterClause, StoredEntry, Wanted};
use super::columns::Record;
use super::ids::OrganisationId;
use crate::db::{Enough, Tx, params};
use crate::problem::Problem;
use serde_json::Value;

/// The most entries of a page.
pub(crate) const PAGE_ENTRIES_MAX: u32 = 1_000;
/// A page ends with the entry that reaches this length.
pub(crate) const PAGE_BYTES: usize = 256 * 1024;

/// The position of the newest entry; later ones are not part of this export.
pub(crate) fn newest(tx: &Tx, organisation_id: OrganisationId) -> Result<Option<Position>, Problem> {
    tx.optional(
        "SELECT created_at, id FROM audit_logs WHERE organisation_id = ?1 ORDER BY created_at DESC, id DESC LIMIT 1",
        [organisation_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Whether an entry is still there.
pub(crate) fn is_there(tx: &Tx, (created_at, id): Position) -> Result<bool, Problem> {
    tx.exists("SELECT 1 FROM audit_logs WHERE id = ?1 AND created_at = ?2", params![id, created_at])
}

/// The entries after a position, oldest first, up to `newest`: so many, or fewer if they are long.
pub(crate) fn following(
    tx: &Tx,
    wanted: &Wanted,
    position: Option<Position>,
    newest: Position,
    entries_max: u32,
) -> Result<Vec<StoredEntry>, Problem> {
    let span = wanted.span().and(Span { after: position, until: Some(newest) });
    let mut clause = FilterClause::to(wanted);
    clause.within(&span);
    let statement = statement(&clause);
    clause.parameters.push(&entries_max);
    let mut bytes = 0;
    tx.rows_until(&statement, clause.parameters.as_slice(), StoredEntry::read, |entry| {
        bytes += text_bytes(&entry.data);
        if bytes < PAGE_BYTES { Enough::No } else { Enough::Yes }
    })
}

/// The bytes of all texts in a value.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(text_bytes).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + text_bytes(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn statement(clause: &FilterClause) -> String {
    let (condition, limit) = (&clause.condition, clause.parameters.len() + 1);
    format!("SELECT * FROM audit_logs WHERE {condition} ORDER BY created_at, id LIMIT ?{limit}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Timestamp;
    use crate::store::tests::Plans;

    #[test]
    fn a_page_is_found_and_sorted_by_an_index_for_every_filter() {
        let plans = Plans::new();
        let (id, moment) = (Uuid::nil(), Timestamp::from_millis(1));
        let position = (moment, id.into());
        for bits in 0..32_u8 {
            let asked = |bit: u8| bits & (1 << bit) != 0;
            let wanted = Wanted {
                organisation_id: id.into(),
                project_id: asked(0).then(|| id.into()),
                user_id: asked(1).then(|| id.into()),
                from: asked(2).then_some(moment),
                to: asked(3).then_some(moment),
            };
            let span = wanted.span().and(Span { after: asked(4).then_some(position), until: Some(position) });
            let mut clause = FilterClause::to(&wanted);
            clause.within(&span);
            let plan = plans.of(&statement(&clause), clause.parameters.len() + 1);
            assert!(plan.len() == 1 && plan[0].starts_with("SEARCH "), "{plan:?} {}", clause.condition);
        }
    }
}
