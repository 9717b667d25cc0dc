//! Turns a queued mail into a sent message: render, build, send. Has no access to the database.

use super::message::{self, Envelope};
use super::render::Renderer;
use super::transport::{Outgoing, SendError, Sent, Transport};
use crate::clock::Timestamp;
use crate::store::ids::MailId;
use crate::store::mail_claims::QueuedMail;
use crate::store::mails::InvitationMail;

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
        let content: InvitationMail = serde_json::from_str(&mail.content_json)
            .map_err(|cause| format!("the mail's content cannot be read: {cause}"))?;
        if Timestamp::parse_rfc3339(&content.expires_at).is_some_and(|expires_at| expires_at <= now) {
            return Err("the invitation expired before the mail could be sent; send it again".to_owned());
        }
        let words = self
            .renderer
            .invitation(&content, &mail.secret, &self.sender.public_url)
            .map_err(|error| error.to_string())?;
        let reply_to =
            content.inviter.as_ref().map(|inviter| (inviter.name.as_deref(), inviter.email.as_str()));
        let envelope = Envelope {
            message_id: &self.sender.message_id(mail.id),
            from_name: &content.organisation,
            from_address: &self.sender.address,
            reply_to,
            to_address: &content.recipient,
            date: mail.created_at.system_time(),
        };
        message::build(&envelope, &words).map_err(|error| error.to_string())
    }
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
