//! Empties the outbox: takes what is due, renders it, delivers it, marks it. Each step is a short
//! transaction of its own, and nothing is rendered or delivered inside one.
//!
//! At least once: a crash between delivery and mark repeats the mail, with the same Message-ID. One mail
//! that cannot be built, even one that makes a library panic, fails alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::message::{self, Envelope};
use super::render::{InvitationMail, Renderer};
use super::store::{self, QueuedMail};
use crate::db::Db;
use crate::problem::Problem;

/// How many mails are taken at once.
const BATCH_MAX: u32 = 20;
/// How often the outbox is looked at when nobody says that something waits.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How long one step on the database may take.
const DATABASE_TIME_MAX: Duration = Duration::from_secs(30);
/// How often a mail is tried before it is given up.
const ATTEMPTS_MAX: u32 = 10;
/// The wait after the first failure; it doubles with each further one.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(5);

/// Who the mails are from, and where their links lead.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address in From; its domain is that of every Message-ID.
    pub address: String,
    /// The base of every link. Never taken from a request.
    pub public_url: String,
}

/// Where a built message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// It stays in the database, for the operator to read with `brms mailbox`.
    LocalMailbox,
}

impl Transport {
    /// Delivers a message, and says what of it the outbox row keeps; or why it could not.
    #[expect(clippy::unused_async, reason = "SMTP will wait")]
    async fn deliver(self, message: Vec<u8>) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::LocalMailbox => Ok(Some(message)),
        }
    }
}

/// Empties the outbox.
pub struct Delivery {
    /// The file with the outbox in it.
    pub db: Db,
    /// Rung when a mail was queued.
    pub waiting: Arc<Notify>,
    /// The mail templates.
    pub renderer: Renderer,
    /// Who mails are from.
    pub sender: Sender,
    /// Where mails go.
    pub transport: Transport,
}

impl Delivery {
    /// Delivers until told to stop, and then finishes the mail in hand.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.deliver_due().await {
                // There may be more.
                Ok(count) if count == BATCH_MAX as usize => continue,
                Ok(_) => {}
                Err(problem) => {
                    tracing::error!(%problem, "the outbox could not be worked on; it is tried again");
                }
            }
            tokio::select! {
                _ = stop.changed() => {}
                () = self.waiting.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN_AFTER) => {}
            }
        }
    }

    /// Delivers what is due now, and says how many mails that were.
    async fn deliver_due(&self) -> Result<usize, Problem> {
        let due = self.db.read(deadline(), |tx| store::due(tx, BATCH_MAX)).await?;
        let count = due.len();
        for mail in due {
            self.deliver(mail).await?;
        }
        Ok(count)
    }

    async fn deliver(&self, mail: QueuedMail) -> Result<(), Problem> {
        let built = catch_unwind(AssertUnwindSafe(|| build(&self.renderer, &self.sender, &mail)));
        let outcome = match built.unwrap_or_else(|_| Err("building the message panicked".to_owned())) {
            Ok(message) => self.transport.deliver(message).await,
            Err(error) => Err(error),
        };
        let attempts = mail.attempts + 1;
        match outcome {
            Ok(kept) => {
                self.db
                    .write(deadline(), move |tx| store::mark_delivered(tx, mail.id, kept.as_deref()))
                    .await?;
                tracing::info!(mail.id = %mail.id, mail.attempts = attempts, "mail delivered");
            }
            Err(error) => {
                tracing::error!(mail.id = %mail.id, mail.attempts = attempts, %error, "mail not delivered");
                let wait = RETRY_AFTER_MIN * 2_u32.saturating_pow(mail.attempts);
                self.db
                    .write(deadline(), move |tx| match attempts {
                        ATTEMPTS_MAX.. => store::mark_failed(tx, mail.id, &error),
                        _ => store::mark_tried(tx, mail.id, &error, tx.now().plus(wait)),
                    })
                    .await?;
            }
        }
        Ok(())
    }
}

fn build(templates: &Renderer, sender: &Sender, mail: &QueuedMail) -> Result<Vec<u8>, String> {
    let content: InvitationMail = serde_json::from_str(&mail.content_json)
        .map_err(|cause| format!("the mail's content cannot be read: {cause}"))?;
    let words = templates
        .invitation(&content, &mail.secret, &sender.public_url)
        .map_err(|error| error.to_string())?;
    let domain = sender.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let reply_to = content.inviter.as_ref().map(|inviter| (inviter.name.as_deref(), inviter.email.as_str()));
    let envelope = Envelope {
        message_id: &format!("{}@{domain}", mail.id),
        from_name: &content.organisation,
        from_address: &sender.address,
        reply_to,
        to_address: &content.recipient,
        date: mail.created_at.system_time(),
    };
    message::build(&envelope, &words).map_err(|error| error.to_string())
}

fn deadline() -> Instant {
    Instant::now() + DATABASE_TIME_MAX
}
