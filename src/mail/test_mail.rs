//! A mail that tests the relay settings. It is sent directly, bypassing the outbox.

use uuid::Uuid;

use super::mailer::Sender;
use super::message::{self, Envelope};
use super::render::Rendered;
use super::transport::{SendError, Transport};
use crate::clock::Timestamp;
use crate::config::MailSettings;

const SUBJECT: &str = "Test mail of brms";
const TEXT: &str = "This is a test mail of brms, requested on its command line.\nMail delivery works. No action is needed.\n";
const HTML: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Test mail of brms</title></head>\n\
    <body><p>This is a test mail of brms, requested on its command line.</p>\n\
    <p>Mail delivery works. No action is needed.</p></body></html>\n";

/// Sends a test mail and returns the relay's reply, or an error if the relay did not accept the mail.
pub async fn send(settings: &MailSettings, to: &str, now: Timestamp) -> Result<String, String> {
    let transport = Transport::new(settings)?;
    if let Transport::LocalMailbox = transport {
        return Err("no --smtp-host is set: mail goes to the local mailbox, without a relay".to_owned());
    }
    let sender = Sender { address: settings.sender().to_owned(), public_url: String::new() };
    let envelope = Envelope {
        message_id: &sender.message_id(Uuid::new_v4().into()),
        from_name: "",
        from_address: &sender.address,
        reply_to: None,
        to_address: to,
        date: now.system_time(),
    };
    let words = Rendered { subject: SUBJECT.to_owned(), text: TEXT.to_owned(), html: HTML.to_owned() };
    let outgoing = message::build(&envelope, &words).map_err(|error| error.to_string())?;
    let sent = transport.send(outgoing).await;
    transport.close_idle().await;
    match sent {
        Ok(sent) => Ok(sent.answer.unwrap_or_default()),
        Err(SendError::Transient(answer) | SendError::Permanent(answer)) => Err(answer),
    }
}
