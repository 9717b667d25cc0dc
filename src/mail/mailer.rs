//! Turns a queued mail into a sent message: render, build, send. Has no access to the database.

use serde::de::DeserializeOwned;

use super::message::{self, Envelope};
use super::render::{Rendered, Renderer};
use super::transport::{Outgoing, SendError, Sent, Transport};
use crate::clock::Timestamp;
use crate::failure::Failure;
use crate::mail_states::MailKind;
use crate::store::ids::MailId;
use crate::store::mail_claims::QueuedMail;
use crate::store::mails::{InvitationMail, SignInMail};

/// The longest relay reply that is kept.
const ANSWER_CHARS_MAX: usize = 1_000;

/// The sender of the mails, and the base of their links.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address in From; its domain is also used in every Message-ID.
    pub address: String,
    /// The base of every link. Never taken from a request.
    pub public_url: String,
}

/// Builds and sends messages.
pub struct Mailer {
    /// The mail templates.
    pub renderer: Renderer,
    /// The sender of the mails.
    pub sender: Sender,
    /// How mails are sent.
    pub transport: Transport,
}

impl Mailer {
    /// Sends a mail. The relay's reply is cleaned: one line, without the secret even if the relay quotes it.
    pub async fn send(&self, mail: QueuedMail, now: Timestamp) -> Result<Sent, SendError> {
        let outgoing = self.build(&mail, now).map_err(SendError::Permanent)?;
        let clean = |answer: String| cleaned(&answer, &mail.secret);
        match self.transport.send(outgoing).await {
            Ok(sent) => Ok(Sent { answer: sent.answer.map(clean), ..sent }),
            Err(SendError::Transient(answer)) => Err(SendError::Transient(clean(answer))),
            Err(SendError::Permanent(answer)) => Err(SendError::Permanent(clean(answer))),
        }
    }

    /// Closes idle connections.
    pub async fn close_idle(&self) {
        self.transport.close_idle().await;
    }

    fn build(&self, mail: &QueuedMail, now: Timestamp) -> Result<Outgoing, String> {
        match mail.kind {
            MailKind::Invitation => {
                let content: InvitationMail = parsed(mail)?;
                refuse_expired(
                    &content.expires_at,
                    now,
                    "the invitation expired before the mail could be sent; send it again",
                )?;
                let words = self.renderer.invitation(&content, &mail.secret, &self.sender.public_url);
                let reply_to =
                    content.inviter.as_ref().map(|inviter| (inviter.name.as_deref(), inviter.email.as_str()));
                self.message(mail, words, (&content.organisation, &content.recipient), reply_to)
            }
            MailKind::SignIn => {
                let content: SignInMail = parsed(mail)?;
                refuse_expired(&content.expires_at, now, "the code expired before the mail could be sent")?;
                let words = self.renderer.sign_in(&content, &mail.secret, &self.sender.public_url);
                let organisation = content.organisation.as_deref().unwrap_or_default();
                self.message(mail, words, (organisation, &content.recipient), None)
            }
        }
    }

    fn message(
        &self,
        mail: &QueuedMail,
        words: Result<Rendered, Failure>,
        (from_name, to_address): (&str, &str),
        reply_to: Option<(Option<&str>, &str)>,
    ) -> Result<Outgoing, String> {
        let words = words.map_err(|error| error.to_string())?;
        let envelope = Envelope {
            message_id: &self.sender.message_id(mail.id),
            from_name,
            from_address: &self.sender.address,
            reply_to,
            to_address,
            date: mail.created_at.system_time(),
        };
        message::build(&envelope, &words).map_err(|error| error.to_string())
    }
}

fn parsed<T: DeserializeOwned>(mail: &QueuedMail) -> Result<T, String> {
    serde_json::from_str(&mail.content_json)
        .map_err(|cause| format!("the mail's content cannot be read: {cause}"))
}

fn refuse_expired(expires_at: &str, now: Timestamp, complaint: &str) -> Result<(), String> {
    let is_expired = Timestamp::parse_rfc3339(expires_at).is_some_and(|expires_at| expires_at <= now);
    if is_expired { Err(complaint.to_owned()) } else { Ok(()) }
}

impl Sender {
    /// The Message-ID of a mail: the same on every delivery attempt.
    #[must_use]
    pub fn message_id(&self, mail_id: MailId) -> String {
        let domain = self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        format!("{mail_id}@{domain}")
    }
}

fn cleaned(answer: &str, secret: &str) -> String {
    let without_secret = answer.replace(secret, "…");
    let in_one_line = without_secret.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    in_one_line.take(ANSWER_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_reply_is_kept_as_one_line_without_the_secret() {
        let answer = "550 no\r\nlinks like https://a/#brms_inv_abc here";
        assert_eq!(cleaned(answer, "brms_inv_abc"), "550 no  links like https://a/#… here");
        assert_eq!(cleaned(&"x".repeat(5_000), "s").len(), ANSWER_CHARS_MAX);
    }
}
