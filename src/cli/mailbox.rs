//! `brms mailbox list` and `brms mailbox show ID`: the local mailbox, which receives mail when no relay is
//! configured.

use std::io::Write;

use mail_parser::MessageParser;
use uuid::Uuid;

use super::database;
use super::output::Output;
use crate::clock::Timestamp;
use crate::config::DatabaseSettings;
use crate::failure::Failure;
use crate::store;
use crate::terminal::line;

/// One line per mail, oldest first.
pub(super) fn list(settings: &DatabaseSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let mails = database::read(&database::open_existing(settings)?, store::mails::kept)?;
    if mails.is_empty() {
        writeln!(out, "no mail yet")?;
    }
    for mail in mails {
        let when = mail.delivered_at.unwrap_or(mail.created_at);
        writeln!(
            out,
            "{}  {:<9}  {}  {}",
            mail.id,
            mail.state.as_str(),
            when.rfc3339(),
            line(&mail.recipient)
        )?;
    }
    Ok(())
}

/// One mail in readable form.
pub(super) fn show(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    write_readable(&message(settings, id)?, out)
}

/// One mail as it would be sent.
pub(super) fn show_raw(settings: &DatabaseSettings, id: Uuid, out: &mut Output) -> Result<(), Failure> {
    Ok(out.write_raw(&message(settings, id)?)?)
}

fn message(settings: &DatabaseSettings, id: Uuid) -> Result<Vec<u8>, Failure> {
    let found =
        database::read(&database::open_existing(settings)?, |tx| store::mails::message(tx, id.into()))?;
    let message = found.ok_or_else(|| format!("there is no mail {id}; see `brms mailbox list`"))?;
    Ok(message
        .ok_or_else(|| format!("the mail {id} is not in the local mailbox; see `brms mail show {id}`"))?)
}

/// The main headers and the text part.
pub(super) fn write_readable(message: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
    let message = MessageParser::default().parse(message).ok_or("the stored message cannot be parsed")?;
    let address = |address: Option<&mail_parser::Address>| {
        let first = address.and_then(|address| address.first());
        first.map(|first| match (first.name(), first.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (_, address) => address.unwrap_or_default().to_owned(),
        })
    };
    let date = message.date().map(|date| Timestamp::from_millis(date.to_timestamp() * 1000).rfc3339());
    for (name, value) in [
        ("From", address(message.from())),
        ("Reply-To", address(message.reply_to())),
        ("To", address(message.to())),
        ("Date", date),
        ("Subject", message.subject().map(str::to_owned)),
    ] {
        if let Some(value) = value {
            writeln!(out, "{name}: {}", line(&value))?;
        }
    }
    let text = message.body_text(0).ok_or("the message has no text part")?;
    writeln!(out, "\n{}", text.trim_end().replace('\r', ""))?;
    Ok(())
}
