//! Rows in sets, as a page of views needs them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::problem::Problem;

/// Rows that belong to a thing, under its id and in their order.
pub(super) fn grouped<T>(rows: Vec<(Uuid, T)>) -> HashMap<Uuid, Vec<T>> {
    let mut of_id: HashMap<Uuid, Vec<T>> = HashMap::new();
    for (id, row) in rows {
        of_id.entry(id).or_default().push(row);
    }
    of_id
}

/// The row of a set that another row names. A foreign key keeps it there, so its absence is a fault, never a shorter
/// page.
pub(crate) fn named<T>(set: &HashMap<Uuid, T>, id: Uuid) -> Result<&T, Problem> {
    set.get(&id).ok_or_else(|| Problem::Internal(format!("a row names {id}, which is not in the database")))
}
