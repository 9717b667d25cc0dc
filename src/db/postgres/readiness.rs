//! The readiness check: whether a write would succeed.

use super::migrations;
use crate::db::tx::Tx;
use crate::problem::{Problem, Unavailable};

/// Runs in a transaction that may write, which a standby refuses.
pub(super) fn probe(tx: &Tx) -> Result<(), Problem> {
    let is_read_only = tx.exists("SELECT 1 WHERE current_setting('transaction_read_only') = 'on'", ())?;
    if is_read_only {
        return Err(Problem::Unavailable(Unavailable::ReadOnly));
    }
    if !migrations::is_usable(tx)? {
        return Err(Problem::Unavailable(Unavailable::OtherSchema));
    }
    Ok(())
}
