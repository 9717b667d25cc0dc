//! Helpers for reading related rows as sets.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use crate::problem::Problem;

/// Groups rows by id, keeping their order.
pub(super) fn grouped<I: Eq + Hash, T>(rows: Vec<(I, T)>) -> HashMap<I, Vec<T>> {
    let mut of_id: HashMap<I, Vec<T>> = HashMap::new();
    for (id, row) in rows {
        of_id.entry(id).or_default().push(row);
    }
    of_id
}

/// The row that another row refers to. A foreign key guarantees it, so a missing one is an internal error.
pub(crate) fn named<I: Copy + Display + Eq + Hash, T>(set: &HashMap<I, T>, id: I) -> Result<&T, Problem> {
    set.get(&id).ok_or_else(|| Problem::Internal(format!("a row names {id}, which is not in the database")))
}
