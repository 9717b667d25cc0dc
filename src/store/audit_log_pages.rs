//! The audit log read from one end to the other, a page at a time, by the position of the last entry and not by its number:
//! no transaction has to stay open between two pages.

use super::audit_logs::{Narrowed, StoredEntry, Wanted, read};
use super::ids::{AuditLogId, OrganisationId};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::problem::Problem;

/// How many entries are read at once.
const PAGE_ENTRIES: u32 = 1_000;

/// Where an entry stands in the order of the log.
pub type Position = (Timestamp, AuditLogId);

/// The position of the newest entry: what comes later is not of this reading.
pub(crate) fn newest(tx: &Tx, organisation_id: OrganisationId) -> Result<Option<Position>, Problem> {
    tx.optional(
        "SELECT created_at, id FROM audit_logs WHERE organisation_id = ?1 ORDER BY created_at DESC, id DESC LIMIT 1",
        [organisation_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The entries that follow a position, oldest first, up to the newest one of this reading.
pub(crate) fn following(
    tx: &Tx,
    wanted: &Wanted,
    position: Option<Position>,
    newest: Position,
) -> Result<Vec<StoredEntry>, Problem> {
    let mut narrowed = narrowed(wanted, position.as_ref(), &newest);
    let statement = statement(&narrowed);
    narrowed.parameters.push(&PAGE_ENTRIES);
    tx.rows(&statement, narrowed.parameters.as_slice(), read)
}

fn narrowed<'w>(wanted: &'w Wanted, position: Option<&'w Position>, newest: &'w Position) -> Narrowed<'w> {
    let mut narrowed = Narrowed::to(wanted);
    narrowed.and_position("<=", newest);
    if let Some(position) = position {
        narrowed.and_position(">", position);
    }
    narrowed
}

fn statement(narrowed: &Narrowed) -> String {
    let (condition, limit) = (&narrowed.condition, narrowed.parameters.len() + 1);
    format!("SELECT * FROM audit_logs WHERE {condition} ORDER BY created_at, id LIMIT ?{limit}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::store::tests::Plans;

    #[test]
    fn a_page_is_found_and_sorted_by_an_index_whatever_is_asked_for() {
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
            let narrowed = narrowed(&wanted, asked(4).then_some(&position), &position);
            let plan = plans.of(&statement(&narrowed), narrowed.parameters.len() + 1);
            assert!(plan.len() == 1 && plan[0].starts_with("SEARCH "), "{plan:?} {}", narrowed.condition);
        }
    }
}
