//! Retention: removes what is older than the settings say, and idempotency keys and sign-ins that have expired, in small batches that
//! leave the writer to requests.
//!
//! What to remove is found by reading; only removing it takes the writer. A batch ends after `BATCH_TIME_MAX` and is
//! followed by a pause, so a pass over a large backlog takes minutes and delays no request by more than a batch. Ages are
//! those of the server's clock, which a test can move. Of several instances one runs a pass at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::clock::Timestamp;
use crate::config::RetentionSettings;
use crate::db::{Db, Party, Tx};
use crate::lifeline::Ending;
use crate::problem::Problem;
use crate::store::idempotency_keys;
use crate::store::removals::{self, ROWS_MAX, Walked};
use crate::store::sign_ins;

/// How often old rows are looked for, by the server's clock.
const PASS_INTERVAL: Duration = Duration::from_hours(1);
/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How long to wait after a pass that failed.
const RETRY_AFTER: Duration = Duration::from_mins(1);
/// After this time a batch takes no more rows. With the rows begun and its share of the commit it stays below 20 ms.
const BATCH_TIME_MAX: Duration = Duration::from_millis(5);
/// The pause after a batch: so many times as long as the batch, and at least [`PAUSE_MIN`].
const PAUSE_FACTOR: u32 = 4;
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// The deadline for one database transaction.
const DATABASE_TIME_MAX: Duration = Duration::from_secs(30);

/// How long requests for sign-in codes are kept: the longest time that a limit looks back.
const SIGN_INS_COUNTED: Duration = Duration::from_hours(1);

/// The background task that removes old rows.
pub struct Retention {
    /// The database.
    pub db: Db,
    /// What is removed when.
    pub settings: RetentionSettings,
    /// The longest time that a limit of sending looks back: the sends in it are counted by their secrets.
    pub send_window: Duration,
}

/// What a pass has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries of audit logs.
    pub audit_logs: usize,
    /// Mails.
    pub mails: usize,
    /// Secrets of invitations.
    pub secrets: usize,
    /// Idempotency keys.
    pub idempotency_keys: usize,
    /// Requests for sign-in codes, devices and links that are over.
    pub sign_ins: usize,
    /// The number of writes that it took.
    pub batches: usize,
    /// How long the longest of them had the writer, without the commit.
    pub longest: Duration,
}

impl Removed {
    fn rows(&self) -> usize {
        self.audit_logs + self.mails + self.secrets + self.idempotency_keys + self.sign_ins
    }
}

/// What one call of a batch did.
enum RemovalStep {
    /// Removed rows, and there may be more.
    Removed(usize),
    /// Removed the last ones.
    Last(usize),
}

impl RemovalStep {
    /// Of a statement that removes as many as there are, up to [`ROWS_MAX`].
    fn of(removed: usize) -> Self {
        if removed < ROWS_MAX { Self::Last(removed) } else { Self::Removed(removed) }
    }
}

/// What a batch did.
struct RemovalBatch {
    rows: usize,
    steps: usize,
    is_last: bool,
    took: Duration,
}

impl Retention {
    /// Removes old rows again and again until shutdown is signalled.
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        let pulse = self.db.lifeline().pulse(Ending::Retention);
        let mut last_pass: Option<Timestamp> = None;
        while !*stopped.borrow() {
            let now = self.db.clock().now();
            // Also after the clock was set back.
            let passed = |last: Timestamp| now.as_millis().abs_diff(last.as_millis());
            let mut wait = TICK;
            if last_pass.is_none_or(|last| u128::from(passed(last)) >= PASS_INTERVAL.as_millis()) {
                last_pass = Some(now);
                if let Err(problem) = self.pass_of_one(&stopped).await {
                    tracing::warn!(%problem, "old rows could not be removed; retrying");
                    (last_pass, wait) = (None, RETRY_AFTER);
                }
            }
            // Stops as well if the sender of the shutdown signal is gone.
            if let Ok(Err(_)) = timeout(wait, stopped.changed()).await {
                break;
            }
        }
        pulse.finish();
    }

    /// Runs a pass, unless another instance is running one.
    async fn pass_of_one(&self, stopped: &watch::Receiver<bool>) -> Result<(), Problem> {
        let db = Arc::clone(&self.db);
        let turn = tokio::task::spawn_blocking(move || db.take_turn_of_retention()).await;
        let turn = turn.map_err(|cause| Problem::internal("taking the turn of retention", cause))??;
        let Some(turn) = turn else { return Ok(()) };
        let outcome = self.pass(stopped).await;
        // Ending a connection blocks.
        let _ = tokio::task::spawn_blocking(move || drop(turn)).await;
        let removed = outcome?;
        if removed.rows() > 0 {
            tracing::info!(
                audit_logs = removed.audit_logs,
                mails = removed.mails,
                secrets = removed.secrets,
                idempotency_keys = removed.idempotency_keys,
                sign_ins = removed.sign_ins,
                batches = removed.batches,
                longest_batch_us = removed.longest.as_micros(),
                "old rows were removed"
            );
        }
        Ok(())
    }

    /// Removes everything that is old by now, once, unless shutdown is signalled.
    pub async fn pass(&self, stopped: &watch::Receiver<bool>) -> Result<Removed, Problem> {
        let mut removed = Removed::default();
        if self.db.look(deadline(), idempotency_keys::any_expired).await? {
            let rows_max = u32::try_from(ROWS_MAX).unwrap_or(u32::MAX);
            let step = move |tx: &Tx, _| idempotency_keys::remove_expired(tx, rows_max).map(RemovalStep::of);
            removed.idempotency_keys = self.work(&mut removed, stopped, step).await?;
        }
        let now = self.db.clock().now();
        let sign_ins_before = now.minus(SIGN_INS_COUNTED);
        if self.db.look(deadline(), move |tx| sign_ins::any_over(tx, sign_ins_before)).await? {
            let rows_max = u32::try_from(ROWS_MAX).unwrap_or(u32::MAX);
            let step =
                move |tx: &Tx, _| sign_ins::remove_over(tx, sign_ins_before, rows_max).map(RemovalStep::of);
            removed.sign_ins = self.work(&mut removed, stopped, step).await?;
        }
        if let Some(keep) = self.settings.audit_keep {
            removed.audit_logs = self.remove_entries(&mut removed, stopped, now.minus(keep)).await?;
        }
        if let Some(keep) = self.settings.mail_keep {
            removed.mails = self.remove_mails(&mut removed, stopped, now.minus(keep)).await?;
        }
        if let Some(keep) = self.settings.secret_keep {
            removed.secrets = self.remove_secrets(&mut removed, stopped, now, keep).await?;
        }
        Ok(removed)
    }

    async fn remove_entries(
        &self,
        removed: &mut Removed,
        stopped: &watch::Receiver<bool>,
        before: Timestamp,
    ) -> Result<usize, Problem> {
        let look = move |tx: &Tx| {
            let Some(stays) = removals::newest_entry(tx)? else { return Ok(None) };
            Ok(Some((stays, removals::with_old_entries(tx, before, stays)?)))
        };
        let Some((stays, organisations)) = self.db.read(Party::Server, deadline(), look).await? else {
            return Ok(0);
        };
        let mut rows = 0;
        for organisation_id in organisations {
            let step = move |tx: &Tx, _| {
                removals::remove_entries(tx, organisation_id, before, stays).map(RemovalStep::of)
            };
            rows += self.work(removed, stopped, step).await?;
        }
        Ok(rows)
    }

    async fn remove_mails(
        &self,
        removed: &mut Removed,
        stopped: &watch::Receiver<bool>,
        before: Timestamp,
    ) -> Result<usize, Problem> {
        let (mut rows, mut place) = (0, None);
        loop {
            let look = move |tx: &Tx| removals::old_mails(tx, place, before);
            let Walked { removable, next } = self.db.read(Party::Server, deadline(), look).await?;
            rows += self.remove_each(removed, stopped, removable, removals::remove_mail).await?;
            if next.is_none() || *stopped.borrow() {
                return Ok(rows);
            }
            place = next;
        }
    }

    async fn remove_secrets(
        &self,
        removed: &mut Removed,
        stopped: &watch::Receiver<bool>,
        now: Timestamp,
        keep: Duration,
    ) -> Result<usize, Problem> {
        let (before, sent_before) = (now.minus(keep), now.minus(keep.max(self.send_window)));
        let (mut rows, mut place) = (0, None);
        loop {
            let look = move |tx: &Tx| removals::dead_secrets(tx, place, before, sent_before);
            let Walked { removable, next } = self.db.read(Party::Server, deadline(), look).await?;
            rows += self.remove_each(removed, stopped, removable, removals::remove_secret).await?;
            if next.is_none() || *stopped.borrow() {
                return Ok(rows);
            }
            place = next;
        }
    }

    /// Removes the rows with these keys.
    async fn remove_each<Key: Copy + Send + Sync + 'static>(
        &self,
        removed: &mut Removed,
        stopped: &watch::Receiver<bool>,
        keys: Vec<Key>,
        remove: fn(&Tx, Key) -> Result<usize, Problem>,
    ) -> Result<usize, Problem> {
        if keys.is_empty() {
            return Ok(0);
        }
        let keys: Arc<[Key]> = keys.into();
        let step = move |tx: &Tx, number: usize| {
            let mut rows = 0;
            for key in keys.chunks(ROWS_MAX).nth(number).unwrap_or_default() {
                rows += remove(tx, *key)?;
            }
            let is_last = (number + 1) * ROWS_MAX >= keys.len();
            Ok(if is_last { RemovalStep::Last(rows) } else { RemovalStep::Removed(rows) })
        };
        self.work(removed, stopped, step).await
    }

    /// Takes steps, which are numbered from 0, until the last one, each batch of them in a write of its own. Returns the
    /// number of removed rows.
    async fn work<F>(
        &self,
        removed: &mut Removed,
        stopped: &watch::Receiver<bool>,
        step: F,
    ) -> Result<usize, Problem>
    where
        F: Fn(&Tx, usize) -> Result<RemovalStep, Problem> + Clone + Send + 'static,
    {
        let (mut stopped, mut rows, mut first) = (stopped.clone(), 0, 0);
        while !*stopped.borrow() {
            let step = step.clone();
            let batch =
                self.db.write(Party::Server, deadline(), move |tx| run_batch(tx, first, &step)).await?;
            rows += batch.rows;
            first += batch.steps;
            removed.batches += 1;
            removed.longest = removed.longest.max(batch.took);
            if batch.is_last {
                break;
            }
            let pause = (batch.took * PAUSE_FACTOR).max(PAUSE_MIN);
            let _ = timeout(pause, stopped.changed()).await;
        }
        Ok(rows)
    }
}

/// Takes steps for a short time.
fn run_batch(
    tx: &Tx,
    first: usize,
    step: &impl Fn(&Tx, usize) -> Result<RemovalStep, Problem>,
) -> Result<RemovalBatch, Problem> {
    let begun = Instant::now();
    let mut batch = RemovalBatch { rows: 0, steps: 0, is_last: false, took: Duration::ZERO };
    while !batch.is_last && batch.took < BATCH_TIME_MAX {
        match step(tx, first + batch.steps)? {
            RemovalStep::Removed(rows) => batch.rows += rows,
            RemovalStep::Last(rows) => (batch.rows, batch.is_last) = (batch.rows + rows, true),
        }
        batch.steps += 1;
        batch.took = begun.elapsed();
    }
    Ok(batch)
}

fn deadline() -> Instant {
    Instant::now() + DATABASE_TIME_MAX
}
