//! `brms mail test|list|show|retry|cancel`: mail that leaves, as the operator sees it.

use std::io::Write;

use uuid::Uuid;

use super::database;
use super::threads::runtime;
use crate::clock::{Clock, Timestamp};
use crate::config::{DatabaseSettings, InvitationSettings, MailSettings};
use crate::failure::Failure;
use crate::mail::test_mail;
use crate::mail_states::MailState;
use crate::operator::mails::{self as operator, Retried};
use crate::store;

/// Hands one mail to the relay, past the outbox.
pub(super) fn test(settings: &MailSettings, address: &str, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(missing) = settings.missing_sender() {
        return Err(format!("--smtp-host also needs {missing}").into());
    }
    let now = Clock::default().now();
    let answer = runtime()?.block_on(test_mail::send(settings, address, now))?;
    writeln!(out, "the relay took a mail to {address}: {answer}")?;
    Ok(())
}

/// One line for each mail, oldest first.
pub(super) fn list(
    settings: &DatabaseSettings,
    state: Option<MailState>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mails = database::read(&database::open_existing(settings)?, |tx| store::mails::list(tx, state))?;
    if mails.is_empty() {
        writeln!(out, "no mail{}", state.map_or(String::new(), |state| format!(" is {state}")))?;
    }
    for mail in mails {
        let state = if mail.is_on_its_way { "sending" } else { mail.state.as_str() };
        write!(
            out,
            "{}  {state:<9}  {}  tries {}  {}",
            mail.id,
            mail.created_at.rfc3339(),
            mail.attempts,
            mail.recipient
        )?;
        if mail.is_waiting() && mail.attempts > 0 {
            write!(out, "  next try {}", mail.next_attempt_at.rfc3339())?;
        }
        match mail.last_answer {
            Some(answer) => writeln!(out, "  ({answer})")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// Everything known about one mail but its words.
pub(super) fn show(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    let mail = operator::find(&database::open_existing(settings)?, id.into())?;
    let on_its_way = if mail.is_on_its_way { ", being handed over right now" } else { "" };
    let next = mail.is_waiting().then(|| mail.next_attempt_at.rfc3339());
    for (name, value) in [
        ("id", Some(mail.id.to_string())),
        ("state", Some(format!("{}{on_its_way}", mail.state))),
        ("recipient", Some(mail.recipient)),
        ("invitation", Some(mail.invitation_id.to_string())),
        ("queued", Some(mail.created_at.rfc3339())),
        ("tries", Some(mail.attempts.to_string())),
        ("last try", mail.tried_at.map(Timestamp::rfc3339)),
        ("last answer", mail.last_answer),
        ("next try", next),
        ("delivered", mail.delivered_at.map(Timestamp::rfc3339)),
    ] {
        if let Some(value) = value {
            writeln!(out, "{:<12} {value}", format!("{name}:"))?;
        }
    }
    Ok(())
}

/// Tries a mail again: at once if it waits, with a new link if it failed, since its secret is gone.
pub(super) fn retry(
    settings: &DatabaseSettings,
    rules: &InvitationSettings,
    id: Uuid,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let db = database::open_existing(settings)?;
    match operator::retry(&db, rules, id.into())? {
        Retried::AtOnce => writeln!(out, "{id} is due now; a running server sends it within seconds")?,
        Retried::Anew => {
            writeln!(out, "{id} stays failed; a new mail with a new link is queued (brms mail list)")?;
        }
    }
    Ok(())
}

/// Takes a mail out of the outbox.
pub(super) fn cancel(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    if operator::cancel(&database::open_existing(settings)?, id.into())?.is_on_its_way {
        writeln!(out, "{id} is cancelled, but it was on its way: `brms mail show {id}` says if it arrived")?;
    } else {
        writeln!(out, "{id} is cancelled; `brms invitation link` makes a link to hand over yourself")?;
    }
    Ok(())
}
