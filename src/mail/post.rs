//! From a queued mail to a message handed over: render, build, send. Knows no database.

use super::message::{self, Envelope};
use super::render::Renderer;
use super::transport::{NotSent, Outgoing, Sent, Transport};
use crate::clock::Timestamp;
use crate::store::ids::MailId;
use crate::store::mails::{InvitationMail, QueuedMail};

/// The most that is kept of what a relay says.
const ANSWER_CHARS_MAX: usize = 1_000;

/// Who the mails are from, and where their links lead.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address in From; its domain is that of every Message-ID.
    pub address: String,
    /// The base of every link. Never taken from a request.
    pub public_url: String,
}

/// Makes messages and hands them over.
pub struct Post {
    /// The mail templates.
    pub renderer: Renderer,
    /// Who mails are from.
    pub sender: Sender,
    /// Where mails go.
    pub transport: Transport,
}

impl Post {
    /// Sends a mail. What a relay says is cleaned, and does not hold the secret even if the relay quotes it.
    pub async fn send(&self, mail: QueuedMail, now: Timestamp) -> Result<Sent, NotSent> {
        let outgoing = self.build(&mail, now).map_err(NotSent::Never)?;
        let clean = |answer: String| cleaned(&answer, &mail.secret);
        match self.transport.send(outgoing).await {
            Ok(sent) => Ok(Sent { answer: sent.answer.map(clean), ..sent }),
            Err(NotSent::Later(answer)) => Err(NotSent::Later(clean(answer))),
            Err(NotSent::Never(answer)) => Err(NotSent::Never(clean(answer))),
        }
    }

    /// Ends the connections that are not in use.
    pub async fn close_idle(&self) {
        self.transport.close_idle().await;
    }

    fn build(&self, mail: &QueuedMail, now: Timestamp) -> Result<Outgoing, String> {
        let content: InvitationMail = serde_json::from_str(&mail.content_json)
            .map_err(|cause| format!("the mail's content cannot be read: {cause}"))?;
        if Timestamp::parse_rfc3339(&content.expires_at).is_some_and(|expires_at| expires_at <= now) {
            return Err("the invitation ended before the mail could be sent; send it again".to_owned());
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
    /// The Message-ID of a mail: the same on every try.
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
    fn what_a_relay_says_is_one_line_without_the_secret() {
        let answer = "550 no\r\nlinks like https://a/#brms_inv_abc here";
        assert_eq!(cleaned(answer, "brms_inv_abc"), "550 no  links like https://a/#… here");
        assert_eq!(cleaned(&"x".repeat(5_000), "s").len(), ANSWER_CHARS_MAX);
    }
}
