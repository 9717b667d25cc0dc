//! Mail delivery: claims the mails that are due, renders and sends them, and records the outcome. Claiming and
//! recording are short transactions of their own; nothing is rendered or sent inside a transaction.
//!
//! Delivery is at least once: a mail without a recorded outcome (a crash, a shutdown, a broken connection, a
//! time-out) is sent again although the relay may have it, with the same Message-ID and the same bytes. A mail that
//! cannot be built or sent, even one that makes a library panic, fails alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::mailer::Mailer;
use super::transport::{SendError, Sent};
use crate::clock::Timestamp;
use crate::db::{Db, Party, Tx};
use crate::lifeline::Ending;
use crate::problem::{Problem, Unavailable};
use crate::store::ids::{InstanceId, MailId};
use crate::store::mail_claims::{self, Interrupted, MailClaim, QueuedMail};
use crate::store::mails::{self, ListedMail};

/// How often the outbox is polled without a notification, and how often if other servers fill it, too.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(15);
const LOOK_AGAIN_SHARED_AFTER: Duration = Duration::from_secs(1);
/// How old the claims get before they are renewed.
const RENEW_AFTER: Duration = Duration::from_secs(10);
/// The deadline for one database transaction.
const DATABASE_TIME_MAX: Duration = Duration::from_secs(30);
/// The delay before a failed database transaction is retried.
const DATABASE_RETRY_AFTER: Duration = Duration::from_millis(500);
/// The delay after the first failure; it doubles with each further one, up to [`mails::WAIT_MAX`].
const RETRY_AFTER_MIN: Duration = Duration::from_secs(5);
/// How long a graceful shutdown waits for mails in progress. The next start takes over the unfinished ones.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// Recorded in place of the relay's reply if the server ended before it received one.
const SERVER_ENDED: &str = "the server ended before the relay replied";

/// The background task that delivers the outbox.
pub struct Delivery {
    /// The server whose claims these are.
    pub instance_id: InstanceId,
    /// The database with the outbox.
    pub db: Db,
    /// Builds and sends messages.
    pub mailer: Arc<Mailer>,
    /// The most mails that are sent in parallel.
    pub workers: usize,
    /// How long after its creation a mail is retried.
    pub give_up_after: Duration,
}

impl Delivery {
    /// Delivers until shutdown is signalled, then waits for the mails in progress.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let pulse = self.db.lifeline().pulse(Ending::Delivery);
        let this = Arc::new(self);
        let mut in_hand = JoinSet::new();
        // A file is served by one server only, so at its start every claim is from a server that has ended. On a shared
        // database a server that has ended no longer renews its claims.
        let mut to_take_over = Some(if this.db.is_shared() {
            Interrupted::Lapsed(this.instance_id)
        } else {
            Interrupted::OfOthers(this.instance_id)
        });
        let mut renewed_at = Instant::now();
        while !*stop.borrow() {
            let looked = async {
                if in_hand.is_empty() {
                    renewed_at = Instant::now();
                } else if renewed_at.elapsed() >= RENEW_AFTER {
                    this.renew_claims().await?;
                    renewed_at = Instant::now();
                }
                if let Some(interrupted) = to_take_over {
                    this.take_over(interrupted).await?;
                }
                this.claim(this.workers - in_hand.len()).await
            };
            let pause = match looked.await {
                Ok(claimed) => {
                    if !this.db.is_shared() {
                        to_take_over = None;
                    }
                    for mail in claimed {
                        in_hand.spawn(Arc::clone(&this).deliver(mail));
                    }
                    this.until_next_due().await
                }
                Err(problem) => {
                    tracing::error!(%problem, "the outbox could not be processed; retrying");
                    retry_after(&problem)
                }
            };
            let has_room = in_hand.len() < this.workers;
            let is_idle = in_hand.is_empty();
            tokio::select! {
                // Stops as well if the sender of the shutdown signal is gone.
                told = stop.changed() => if told.is_err() { break },
                Some(ended) = in_hand.join_next() => {
                    expect_recorded(ended);
                    while let Some(ended) = in_hand.try_join_next() { expect_recorded(ended); }
                }
                () = this.db.mail_queued().notified(), if has_room => {}
                () = tokio::time::sleep(pause), if has_room => if is_idle { this.mailer.close_idle().await },
                () = tokio::time::sleep_until(renewed_at + RENEW_AFTER), if !is_idle => {}
            }
        }
        this.finish(in_hand).await;
        this.mailer.close_idle().await;
        pulse.finish();
    }

    /// Waits for the mails in progress, but not for long.
    async fn finish(&self, mut in_hand: JoinSet<()>) {
        let finish = async {
            while let Some(ended) = in_hand.join_next().await {
                expect_recorded(ended);
            }
        };
        if timeout(STOP_TIME_MAX, finish).await.is_err() {
            tracing::warn!(
                mails = in_hand.len(),
                "stopped while mails were being sent; they will be retried"
            );
            in_hand.shutdown().await;
            // If this fails, another server takes them over: the next one on a file, any other on PostgreSQL.
            let _ = self.release(Interrupted::Own(self.instance_id)).await;
        }
    }

    /// Delivers one mail and records the outcome.
    async fn deliver(self: Arc<Self>, mail: QueuedMail) {
        let (id, attempts) = (mail.id, mail.attempts);
        let claim = MailClaim { mail_id: id, owner: self.instance_id };
        let created_at = mail.created_at;
        // A task of its own, so that a panic in a library stays inside it.
        let mailer = Arc::clone(&self.mailer);
        let now = self.db.clock().now();
        let sending = AbortOnDrop(tokio::spawn(async move { mailer.send(mail, now).await }));
        match sending.outcome().await {
            Ok(sent) => {
                self.record(id, move |tx| {
                    mail_claims::mark_delivered(tx, claim, sent.answer.as_deref(), sent.kept.as_deref())
                })
                .await;
                tracing::info!(mail.id = %id, mail.attempts = attempts, "mail delivered");
            }
            Err(SendError::Transient(answer))
                if may_retry(created_at, self.db.clock().now(), self.give_up_after) =>
            {
                let wait = retry_delay(attempts, id);
                tracing::warn!(mail.id = %id, mail.attempts = attempts, wait_seconds = wait.as_secs(),
                               "mail not accepted; it will be retried (brms mail show has the reply)");
                self.record(id, move |tx| mail_claims::mark_tried(tx, claim, &answer, tx.now().plus(wait)))
                    .await;
            }
            Err(SendError::Transient(answer) | SendError::Permanent(answer)) => {
                tracing::error!(mail.id = %id, mail.attempts = attempts,
                                "mail given up (brms mail show has the reply)");
                self.record(id, move |tx| mail_claims::mark_failed(tx, claim, &answer)).await;
            }
        }
    }

    /// Takes over the mails of servers that have ended.
    async fn take_over(&self, interrupted: Interrupted) -> Result<(), Problem> {
        let is_any = move |tx: &Tx| Ok(!mail_claims::interrupted(tx, interrupted)?.is_empty());
        if self.db.look(deadline(), is_any).await? { self.release(interrupted).await } else { Ok(()) }
    }

    async fn renew_claims(&self) -> Result<(), Problem> {
        let own = self.instance_id;
        self.db
            .write(Party::Server, deadline(), move |tx| mail_claims::renew_claims(tx, own))
            .await
            .map(|_| ())
    }

    /// Makes interrupted mails due again.
    async fn release(&self, interrupted: Interrupted) -> Result<(), Problem> {
        let give_up_after = self.give_up_after;
        let release_all = move |tx: &Tx| {
            let claimed = mail_claims::interrupted(tx, interrupted)?;
            claimed.iter().map(|mail| release(tx, mail, give_up_after)).collect::<Result<Vec<_>, _>>()
        };
        let released = self.db.write(Party::Server, deadline(), release_all).await?;
        for (id, next) in &released {
            if let Some(wait) = next {
                tracing::warn!(mail.id = %id, wait_seconds = wait.as_secs(),
                               "a server ended while sending this mail; it will be retried");
            } else {
                tracing::error!(mail.id = %id, "a server ended while sending this mail; it is given up");
            }
        }
        Ok(())
    }

    /// Claims mails that are due, as many as there are free workers. Reads first, since the outbox is usually empty.
    async fn claim(&self, count_max: usize) -> Result<Vec<QueuedMail>, Problem> {
        let own = self.instance_id;
        if count_max == 0 || !self.db.look(deadline(), mails::any_due).await? {
            return Ok(Vec::new());
        }
        self.db.write(Party::Server, deadline(), move |tx| mail_claims::claim(tx, own, count_max)).await
    }

    /// How long until the next retry is due; no notification is sent for retries.
    async fn until_next_due(&self) -> Duration {
        let next = self.db.look(deadline(), mails::next_due).await.ok().flatten();
        let longest = if self.db.is_shared() { LOOK_AGAIN_SHARED_AFTER } else { LOOK_AGAIN_AFTER };
        let Some(next) = next else { return longest };
        let millis = next.as_millis().saturating_sub(self.db.clock().now().as_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or_default().max(1)).min(longest)
    }

    /// Records the outcome of a mail. Retries until it succeeds: the relay has answered, and a lost outcome would
    /// mean that the mail is sent twice.
    async fn record(&self, id: MailId, note: impl Fn(&Tx) -> Result<bool, Problem> + Clone + Send + 'static) {
        loop {
            match self.db.write(Party::Server, deadline(), note.clone()).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(mail.id = %id, "this server stood still while sending the mail, and another one has taken it \
                                                   over: it may have been sent twice, with the same Message-ID");
                    return;
                }
                Err(problem) => {
                    tracing::error!(%problem, "the outcome of a mail could not be recorded; retrying");
                    tokio::time::sleep(retry_after(&problem)).await;
                }
            }
        }
    }
}

/// A lasting problem is retried, and logged, less often.
fn retry_after(problem: &Problem) -> Duration {
    match problem {
        Problem::Unavailable(Unavailable::Damaged | Unavailable::FileGone) => LOOK_AGAIN_AFTER,
        _ => DATABASE_RETRY_AFTER,
    }
}

/// A mail that was sent but whose outcome is not recorded stays claimed while this server runs. If recording it
/// panicked, delivery ends too, and with it the server; the next start releases the claim.
fn expect_recorded(ended: Result<(), JoinError>) {
    if let Err(cause) = ended
        && let Ok(panic) = cause.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

/// Releases a mail that was claimed when a server ended. Returns the delay before the retry, or `None` if the mail
/// was given up. The mail may be what crashes the server, so this counts as a failed attempt. A first attempt is more
/// likely to have been interrupted by a kill or a power cut while a person waits for the mail, so it is retried at
/// once.
fn release(
    tx: &Tx,
    mail: &ListedMail,
    give_up_after: Duration,
) -> Result<(MailId, Option<Duration>), Problem> {
    let wait = if mail.attempts > 1 { retry_delay(mail.attempts, mail.id) } else { Duration::ZERO };
    if mail.attempts > 1 && !may_retry(mail.created_at, tx.now(), give_up_after) {
        mail_claims::give_up_interrupted(tx, mail.id, SERVER_ENDED)?;
        return Ok((mail.id, None));
    }
    mail_claims::release(tx, mail.id, SERVER_ENDED, tx.now().plus(wait))?;
    Ok((mail.id, Some(wait)))
}

fn may_retry(created_at: Timestamp, now: Timestamp, give_up_after: Duration) -> bool {
    now < created_at.plus(give_up_after)
}

/// The delay grows with each attempt. Jitter keeps mails that failed together from being retried together; it is
/// taken from the random bits of the mail's id.
fn retry_delay(attempts: u32, mail_id: MailId) -> Duration {
    let doubled = RETRY_AFTER_MIN.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let longest = doubled.min(mails::WAIT_MAX);
    let random = Uuid::from(mail_id).as_u128().rotate_right(attempts % 48) & 0xFFFF;
    let share = u32::try_from(random).unwrap_or_default();
    longest / 2 + (longest / 2 / 0x1_0000) * share
}

/// A task that is aborted when its handle is dropped.
struct AbortOnDrop(tokio::task::JoinHandle<Result<Sent, SendError>>);

impl AbortOnDrop {
    async fn outcome(mut self) -> Result<Sent, SendError> {
        let ended = (&mut self.0).await;
        ended.unwrap_or_else(|_| {
            Err(SendError::Permanent("building or sending the message panicked".to_owned()))
        })
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn deadline() -> Instant {
    Instant::now() + DATABASE_TIME_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mail_that_makes_a_library_panic_fails_permanently_and_alone() {
        let sending = AbortOnDrop(tokio::spawn(async { panic!("as planned") }));
        let outcome = sending.outcome().await;
        assert!(
            matches!(&outcome, Err(SendError::Permanent(answer)) if answer.contains("panicked")),
            "{outcome:?}"
        );
    }

    #[test]
    fn retry_delays_double_up_to_an_hour_with_jitter() {
        let ids: Vec<MailId> = (0..200).map(|_| Uuid::new_v4().into()).collect();
        for (attempts, seconds) in [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (4_000_000_000, 3600)] {
            let longest = Duration::from_secs(seconds);
            let waits: Vec<Duration> = ids.iter().map(|id| retry_delay(attempts, *id)).collect();
            assert!(waits.iter().all(|wait| *wait >= longest / 2 && *wait <= longest), "{attempts}");
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(most.abs_diff(*least) > longest / 4, "{attempts}: all come back together");
        }
    }
}
