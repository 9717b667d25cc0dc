//! `brms mail test|list|show|retry|cancel`: outgoing mail, for operators.

use std::io::Write;

use uuid::Uuid;

use super::database;
use super::leftovers::Leftovers;
use super::threads::runtime;
use crate::clock::{Clock, Timestamp};
use crate::config::{DatabaseSettings, InvitationSettings, MailSettings};
use crate::failure::Failure;
use crate::mail::test_mail;
use crate::mail_states::{MailKind, MailState};
use crate::operator::mails::{self as operator, Retried};
use crate::store;
use crate::terminal::line;

/// Sends a test mail to the relay, bypassing the outbox.
pub(super) fn test(settings: &MailSettings, address: &str, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(missing) = settings.missing_sender() {
        return Err(format!("--smtp-host also needs {missing}").into());
    }
    let now = Clock::default().now();
    let answer = runtime(&Leftovers::default())?.block_on(test_mail::send(settings, address, now));
    let answer = answer.map_err(|answer| line(&answer).into_owned())?;
    writeln!(out, "the relay accepted a mail to {}: {}", line(address), line(&answer))?;
    Ok(())
}

/// One line per mail, oldest first.
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
        let state = if mail.is_being_sent { "sending" } else { mail.state.as_str() };
        write!(
            out,
            "{}  {state:<9}  {}  tries {}  {}",
            mail.id,
            mail.created_at.rfc3339(),
            mail.attempts,
            line(&mail.recipient)
        )?;
        if mail.is_pending() && mail.attempts > 0 {
            write!(out, "  next try {}", mail.next_attempt_at.rfc3339())?;
        }
        match mail.last_answer {
            Some(answer) => writeln!(out, "  ({})", line(&answer))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// Everything known about one mail except its content.
pub(super) fn show(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    let mail = operator::find(&database::open_existing(settings)?, id.into())?;
    let on_its_way = if mail.is_being_sent { ", being sent now" } else { "" };
    let next = mail.is_pending().then(|| mail.next_attempt_at.rfc3339());
    for (name, value) in [
        ("id", Some(mail.id.to_string())),
        ("state", Some(format!("{}{on_its_way}", mail.state))),
        ("recipient", Some(mail.recipient)),
        ("kind", Some(mail.kind.to_string())),
        ("invitation", mail.invitation_id.map(|id| id.to_string())),
        ("queued", Some(mail.created_at.rfc3339())),
        ("tries", Some(mail.attempts.to_string())),
        ("last try", mail.tried_at.map(Timestamp::rfc3339)),
        ("last answer", mail.last_answer),
        ("next try", next),
        ("delivered", mail.delivered_at.map(Timestamp::rfc3339)),
    ] {
        if let Some(value) = value {
            writeln!(out, "{:<12} {}", format!("{name}:"), line(&value))?;
        }
    }
    Ok(())
}

/// Retries a mail: a pending one at once, a failed one with a new link, since its secret was deleted.
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

/// Cancels a mail.
pub(super) fn cancel(settings: &DatabaseSettings, id: Uuid, out: &mut dyn Write) -> Result<(), Failure> {
    let mail = operator::cancel(&database::open_existing(settings)?, id.into())?;
    if mail.is_being_sent {
        writeln!(
            out,
            "{id} is cancelled, but it was being sent: `brms mail show {id}` shows whether it was delivered"
        )?;
    } else {
        let command = match mail.kind {
            MailKind::Invitation => "brms invitation link",
            MailKind::SignIn => "brms sign-in link",
        };
        writeln!(out, "{id} is cancelled; `{command}` creates a link to pass on yourself")?;
    }
    Ok(())
}
