//! What one call of the API may do in its transaction: the rows that it changes, the bytes of their texts, and the time
//! until it is done. A transaction of the operator's commands has no budget.
//!
//! Every statement counts. An operation that can multiply its request asks before its first write
//! ([`Tx::ask_for`](super::tx::Tx::ask_for)), so that a refusal has nothing to take back: undoing a write costs those
//! that share its transaction a second run.

use std::borrow::Cow;
use std::cell::Cell;

use tokio::time::Instant;

use super::values::{Parameter, Value};
use crate::limits::{CALL_BYTES, CALL_ROWS};
use crate::problem::Problem;

/// Rows, and the bytes of the texts in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// The rows.
    pub rows: usize,
    /// The bytes.
    pub bytes: usize,
}

impl Demand {
    /// Rows whose texts are too short to count.
    #[must_use]
    pub fn rows(rows: usize) -> Self {
        Self { rows, bytes: 0 }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { rows: self.rows.saturating_add(other.rows), bytes: self.bytes.saturating_add(other.bytes) }
    }

    fn check(self) -> Result<(), Problem> {
        CALL_ROWS.check(self.rows)?;
        CALL_BYTES.check(self.bytes)
    }
}

/// The budget of a call, and what is used of it.
pub(super) struct Budget {
    until: Instant,
    used: Cell<Demand>,
    /// How many pieces of work that do not count are going on.
    paused: Cell<u32>,
}

impl Budget {
    pub(super) fn until(until: Instant) -> Self {
        Self { until, used: Cell::default(), paused: Cell::default() }
    }

    /// Fails if there is no time left (504).
    pub(super) fn check_time(&self) -> Result<(), Problem> {
        if Instant::now() < self.until { Ok(()) } else { Err(Problem::TimedOut) }
    }

    /// Fails if there is no room for this beside what is used (409).
    pub(super) fn check_room(&self, more: Demand) -> Result<(), Problem> {
        self.used.get().and(more).check()
    }

    /// Counts what a statement has written. Fails above the limit (409).
    pub(super) fn count(&self, rows: usize, parameters: &[&dyn Parameter]) -> Result<(), Problem> {
        if self.paused.get() > 0 {
            return Ok(());
        }
        let bytes = parameters.iter().map(|parameter| text_bytes(&parameter.value())).sum();
        self.used.set(self.used.get().and(Demand { rows, bytes }));
        self.used.get().check()
    }

    /// Runs work that does not count.
    pub(super) fn pause<T>(&self, work: impl FnOnce() -> T) -> T {
        self.paused.set(self.paused.get() + 1);
        let outcome = work();
        self.paused.set(self.paused.get() - 1);
        outcome
    }
}

fn text_bytes(value: &Value<'_>) -> usize {
    match value {
        Value::Text(Cow::Borrowed(text)) => text.len(),
        Value::Text(Cow::Owned(text)) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn budget() -> Budget {
        Budget::until(Instant::now() + Duration::from_mins(1))
    }

    #[test]
    fn the_last_row_and_the_last_byte_are_within_the_budget_and_one_more_is_not() {
        let rows = budget();
        assert!(rows.count(CALL_ROWS.count - 1, &[]).is_ok());
        assert!(rows.check_room(Demand::rows(1)).is_ok() && rows.check_room(Demand::rows(2)).is_err());
        assert!(rows.count(1, &[]).is_ok() && rows.count(1, &[]).is_err());
        let (bytes, text) = (budget(), "x".repeat(CALL_BYTES.count / 2));
        let half: &[&dyn Parameter] = &[&text.as_str()];
        assert!(bytes.count(1, half).is_ok() && bytes.count(1, half).is_ok());
        assert!(bytes.count(1, &[&7_i64]).is_ok() && bytes.count(1, &[&"x"]).is_err());
    }

    #[test]
    fn what_does_not_count_leaves_the_budget_as_it_was() {
        let budget = budget();
        assert!(budget.pause(|| budget.count(CALL_ROWS.count + 1, &[])).is_ok());
        assert!(budget.count(CALL_ROWS.count, &[]).is_ok());
    }

    #[test]
    fn a_budget_ends_with_its_time() {
        assert!(budget().check_time().is_ok());
        assert!(matches!(Budget::until(Instant::now()).check_time(), Err(Problem::TimedOut)));
    }
}
