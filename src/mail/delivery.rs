//! Empties the outbox: claims what is due, renders it, hands it over, marks it. Claim and mark are short
//! transactions of their own, and nothing is rendered or sent inside one.
//!
//! At least once: a mail whose answer did not come (a crash, a stop, a broken connection, a time-out) is
//! repeated although the relay may have it, with the same Message-ID and the same bytes. One mail that cannot be built or sent, even one that makes a library
//! panic, fails alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::post::Post;
use super::transport::{NotSent, Sent};
use crate::clock::Timestamp;
use crate::db::{Db, Tx};
use crate::lifeline::Ending;
use crate::problem::{Problem, Unavailable};
use crate::store::ids::MailId;
use crate::store::mails::{self, ListedMail, QueuedMail};

/// How often the outbox is looked at without being told that something waits.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(15);
/// How long one step on the database may take.
const DATABASE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long until a step on the database that failed is tried again.
const DATABASE_RETRY_AFTER: Duration = Duration::from_millis(500);
/// The wait after the first failure; it doubles with each further one, up to [`mails::WAIT_MAX`].
const RETRY_AFTER_MIN: Duration = Duration::from_secs(5);
/// How long the mails in hand have to finish when the server stops. What is not finished is taken over by the
/// next start.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// What stands instead of a relay's answer where a server ended before it.
const SERVER_ENDED: &str = "the server ended before it had the relay's answer";

/// Empties the outbox.
pub struct Delivery {
    /// The file with the outbox in it.
    pub db: Db,
    /// What makes a message of a mail and hands it over.
    pub post: Arc<Post>,
    /// How many mails are handed over at once.
    pub workers: usize,
    /// How long a mail is tried.
    pub give_up_after: Duration,
}

impl Delivery {
    /// Delivers until told to stop, and then finishes the mails in hand.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let pulse = self.db.lifeline().pulse(Ending::Delivery);
        let this = Arc::new(self);
        let mut in_hand = JoinSet::new();
        let mut is_first_look = true;
        while !*stop.borrow() {
            let looked = async {
                // Only one server serves a file, so a claim from before this start is a dead one's.
                if is_first_look {
                    this.release_claims().await?;
                }
                this.claim(this.workers - in_hand.len()).await
            };
            let pause = match looked.await {
                Ok(claimed) => {
                    is_first_look = false;
                    for mail in claimed {
                        in_hand.spawn(Arc::clone(&this).deliver(mail));
                    }
                    this.until_next_due()
                }
                Err(problem) => {
                    tracing::error!(%problem, "the outbox could not be worked on; it is tried again");
                    retry_after(&problem)
                }
            };
            let has_room = in_hand.len() < this.workers;
            let is_idle = in_hand.is_empty();
            tokio::select! {
                // When nothing is left that could tell it to stop, it stops.
                told = stop.changed() => if told.is_err() { break },
                Some(ended) = in_hand.join_next() => {
                    expect_marked(ended);
                    while let Some(ended) = in_hand.try_join_next() { expect_marked(ended); }
                }
                () = this.db.mail_bell().notified(), if has_room => {}
                () = tokio::time::sleep(pause), if has_room => if is_idle { this.post.close_idle().await },
            }
        }
        let finish = async {
            while let Some(ended) = in_hand.join_next().await {
                expect_marked(ended);
            }
        };
        if timeout(STOP_TIME_MAX, finish).await.is_err() {
            tracing::warn!(
                mails = in_hand.len(),
                "stopped in the middle of mails; the next start takes them over"
            );
            in_hand.shutdown().await;
        }
        this.post.close_idle().await;
        pulse.finish();
    }

    /// Delivers one mail, whatever comes of it.
    async fn deliver(self: Arc<Self>, mail: QueuedMail) {
        let (id, attempts) = (mail.id, mail.attempts);
        let created_at = mail.created_at;
        // A task of its own, so that a panic in a library ends here.
        let post = Arc::clone(&self.post);
        let now = self.db.clock().now();
        let sending = AbortOnDrop(tokio::spawn(async move { post.send(mail, now).await }));
        match sending.outcome().await {
            Ok(sent) => {
                self.mark(move |tx| {
                    mails::mark_delivered(tx, id, sent.answer.as_deref(), sent.kept.as_deref())
                })
                .await;
                tracing::info!(mail.id = %id, mail.attempts = attempts, "mail delivered");
            }
            Err(NotSent::Later(answer))
                if is_worth_another_try(created_at, self.db.clock().now(), self.give_up_after) =>
            {
                let wait = wait_after(attempts, id);
                tracing::warn!(mail.id = %id, mail.attempts = attempts, wait_seconds = wait.as_secs(),
                               "mail not taken; it is tried again (brms mail show has the answer)");
                self.mark(move |tx| mails::mark_tried(tx, id, &answer, tx.now().plus(wait))).await;
            }
            Err(NotSent::Later(answer) | NotSent::Never(answer)) => {
                tracing::error!(mail.id = %id, mail.attempts = attempts,
                                "mail given up (brms mail show has the answer)");
                self.mark(move |tx| mails::mark_failed(tx, id, &answer)).await;
            }
        }
    }

    /// Takes over what a server before this one held when it ended.
    async fn release_claims(&self) -> Result<(), Problem> {
        let give_up_after = self.give_up_after;
        let release_all = move |tx: &Tx| {
            let claimed = mails::claimed(tx)?;
            claimed.iter().map(|mail| release(tx, mail, give_up_after)).collect::<Result<Vec<_>, _>>()
        };
        let released = self.db.write(deadline(), release_all).await?;
        for (id, next) in &released {
            if let Some(wait) = next {
                tracing::warn!(mail.id = %id, wait_seconds = wait.as_secs(),
                               "a server ended in the middle of this mail; it is tried again");
            } else {
                tracing::error!(mail.id = %id, "a server ended in the middle of this mail; it is given up");
            }
        }
        Ok(())
    }

    /// Claims what is due, as far as there are hands. Looks first, since most looks find nothing.
    async fn claim(&self, count_max: usize) -> Result<Vec<QueuedMail>, Problem> {
        if count_max == 0 || !self.db.peek(mails::any_due)? {
            return Ok(Vec::new());
        }
        self.db.write(deadline(), move |tx| mails::claim(tx, count_max)).await
    }

    /// How long until a mail is due that is not rung for.
    fn until_next_due(&self) -> Duration {
        let next = self.db.peek(mails::next_due).ok().flatten();
        let Some(next) = next else { return LOOK_AGAIN_AFTER };
        let millis = next.as_millis().saturating_sub(self.db.clock().now().as_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or_default().max(1)).min(LOOK_AGAIN_AFTER)
    }

    /// Writes down what became of a mail. The relay has spoken, so this is not given up: a mark that is
    /// lost would be a mail sent twice.
    async fn mark(&self, note: impl Fn(&Tx) -> Result<(), Problem> + Clone + Send + 'static) {
        while let Err(problem) = self.db.write(deadline(), note.clone()).await {
            tracing::error!(%problem, "what became of a mail could not be noted; it is tried again");
            tokio::time::sleep(retry_after(&problem)).await;
        }
    }
}

/// What lasts is asked less often, and logged less often.
fn retry_after(problem: &Problem) -> Duration {
    match problem {
        Problem::Unavailable(Unavailable::Damaged | Unavailable::FileGone) => LOOK_AGAIN_AFTER,
        _ => DATABASE_RETRY_AFTER,
    }
}

/// A mail that was handed over and not marked stays claimed for as long as this server lives. If that was a panic,
/// the delivery ends too, and with it the server: the next start releases the claim.
fn expect_marked(ended: Result<(), JoinError>) {
    if let Err(cause) = ended
        && let Ok(panic) = cause.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

/// Frees a mail that a server held when it ended; how long it waits, or `None` if it was given up. It may be the
/// mail that ends the server, so this counts as a try that failed. But a first try is more likely to have met a
/// kill or a power cut, and a person waits for that mail: it is tried again at once.
fn release(
    tx: &Tx,
    mail: &ListedMail,
    give_up_after: Duration,
) -> Result<(MailId, Option<Duration>), Problem> {
    let wait = if mail.attempts > 1 { wait_after(mail.attempts, mail.id) } else { Duration::ZERO };
    if mail.attempts > 1 && !is_worth_another_try(mail.created_at, tx.now(), give_up_after) {
        mails::mark_failed(tx, mail.id, SERVER_ENDED)?;
        return Ok((mail.id, None));
    }
    mails::mark_tried(tx, mail.id, SERVER_ENDED, tx.now().plus(wait))?;
    Ok((mail.id, Some(wait)))
}

fn is_worth_another_try(created_at: Timestamp, now: Timestamp, give_up_after: Duration) -> bool {
    now < created_at.plus(give_up_after)
}

/// The wait grows with the tries. Each mail waits a little differently, so that many that failed
/// together do not come back together: the random bits of its id are the dice.
fn wait_after(attempts: u32, mail_id: MailId) -> Duration {
    let doubled = RETRY_AFTER_MIN.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let longest = doubled.min(mails::WAIT_MAX);
    let dice = Uuid::from(mail_id).as_u128().rotate_right(attempts % 48) & 0xFFFF;
    let share = u32::try_from(dice).unwrap_or_default();
    longest / 2 + (longest / 2 / 0x1_0000) * share
}

/// A task that does not outlive what waits for it.
struct AbortOnDrop(tokio::task::JoinHandle<Result<Sent, NotSent>>);

impl AbortOnDrop {
    async fn outcome(mut self) -> Result<Sent, NotSent> {
        let ended = (&mut self.0).await;
        ended.unwrap_or_else(|_| Err(NotSent::Never("building or sending the message panicked".to_owned())))
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
    async fn a_mail_that_makes_a_library_panic_fails_alone_and_for_good() {
        let sending = AbortOnDrop(tokio::spawn(async { panic!("as planned") }));
        let outcome = sending.outcome().await;
        assert!(
            matches!(&outcome, Err(NotSent::Never(answer)) if answer.contains("panicked")),
            "{outcome:?}"
        );
    }

    #[test]
    fn waits_double_up_to_an_hour_and_differ_between_mails() {
        let ids: Vec<MailId> = (0..200).map(|_| Uuid::new_v4().into()).collect();
        for (attempts, seconds) in [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (4_000_000_000, 3600)] {
            let longest = Duration::from_secs(seconds);
            let waits: Vec<Duration> = ids.iter().map(|id| wait_after(attempts, *id)).collect();
            assert!(waits.iter().all(|wait| *wait >= longest / 2 && *wait <= longest), "{attempts}");
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(most.abs_diff(*least) > longest / 4, "{attempts}: all come back together");
        }
    }
}
