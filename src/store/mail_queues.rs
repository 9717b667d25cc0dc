//! How much mail waits, for the metrics.

use std::time::Duration;

use super::mails::waiting;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::problem::Problem;

/// The mails that are neither delivered nor given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailQueue {
    /// Those that could be sent now.
    pub due: u64,
    /// Those whose next attempt is later.
    pub scheduled: u64,
    /// Those that are being sent.
    pub sending: u64,
    /// How long the oldest of all has been queued.
    pub oldest_age: Duration,
}

/// How much mail waits now. Two partial indexes have just these rows.
pub fn now(tx: &Tx) -> Result<MailQueue, Problem> {
    let waiting = waiting();
    let number = |count: i64| count.unsigned_abs();
    let (due, all, oldest_waiting): (u64, u64, Option<Timestamp>) = tx.row(
        &format!(
            "SELECT count(CASE WHEN next_attempt_at <= ?1 THEN 1 END) AS due, count(*) AS number,
                    min(created_at) AS oldest
             FROM mails
             WHERE {waiting}"
        ),
        [tx.now()],
        |row| Ok((number(row.get("due")?), number(row.get("number")?), row.get("oldest")?)),
    )?;
    let (sending, oldest_sending): (u64, Option<Timestamp>) = tx.row(
        "SELECT count(*) AS number, min(created_at) AS oldest FROM mails WHERE claimed_at IS NOT NULL",
        (),
        |row| Ok((number(row.get("number")?), row.get("oldest")?)),
    )?;
    let oldest = [oldest_waiting, oldest_sending].into_iter().flatten().min();
    let age =
        |queued: Timestamp| u64::try_from(tx.now().as_millis() - queued.as_millis()).unwrap_or_default();
    Ok(MailQueue {
        due,
        scheduled: all - due,
        sending,
        oldest_age: oldest.map(age).map(Duration::from_millis).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Plans;

    #[test]
    fn only_the_rows_of_the_queue_are_read() {
        let plans = Plans::new();
        for (condition, index) in
            [(waiting(), "mails_queued"), ("claimed_at IS NOT NULL".to_owned(), "mails_claimed")]
        {
            let plan = plans.of(&format!("SELECT count(*), min(created_at) FROM mails WHERE {condition}"), 0);
            assert!(plan[0].contains(index), "{plan:?}");
        }
    }
}
