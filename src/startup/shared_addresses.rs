//! Tells the operator at each start which users of one organisation have the same mailbox.

use crate::db::Db;
use crate::failure::Failure;
use crate::store;

/// The most users that the log names; `brms check` lists all.
const NAMED_MAX: usize = 20;

/// Logs the ids of users who have the same mailbox as another one. Their addresses are in the output of `brms check`.
pub(super) fn warn(db: &Db) -> Result<(), Failure> {
    let clashing =
        db.peek(store::addresses::clashing).map_err(|cause| Failure::new("reading the database", cause))?;
    if clashing.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = clashing.iter().take(NAMED_MAX).map(|owner| owner.id.to_string()).collect();
    tracing::warn!(
        count = clashing.len(),
        users = ids.join(" "),
        "users of one organisation have the same mailbox; see `brms check`, and give them other addresses with `brms user \
         set-email`"
    );
    Ok(())
}
