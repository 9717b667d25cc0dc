//! The local mailbox for tests: waits for the next mail to an address and parses it.

use std::time::Duration;

use mail_parser::MessageParser;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::controls::Controls;
use crate::address::{EmailAddress, folded_or_lower_case};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::positive_time;
use crate::db::{Party, Tx};
use crate::http::{Reply, Request};
use crate::problem::{Place, Problem};
use crate::store;
use crate::store::ids::MailId;
use crate::store::mails::ListedMail;

/// How long a test waits for a mail by default, and at most.
const WAIT: Duration = Duration::from_secs(10);
const WAIT_MAX: Duration = Duration::from_mins(1);
/// The polling interval. A poll takes microseconds, and finds mails however they were delivered.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);
/// The deadline of one look.
const LOOK_TIME_MAX: Duration = Duration::from_secs(10);

/// A mail that was delivered to the local mailbox.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    id: MailId,
    to: String,
    subject: String,
    text: String,
    html: String,
    /// The link for accepting an invitation or for signing in, and the code in it, if the mail contains one.
    link: Option<String>,
    code: Option<String>,
    created_at: Timestamp,
    delivered_at: Timestamp,
}

/// All mails, oldest first; `to` filters by recipient.
pub(super) async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let to = address(request)?;
    let all =
        app.db.read(Party::Server, request.context().deadline, |tx| store::mails::list(tx, None)).await?;
    let wanted =
        |mail: &ListedMail| to.as_ref().is_none_or(|to| folded_or_lower_case(&mail.recipient) == *to);
    let listed = all.into_iter().filter(wanted).map(|mail| {
        json!({
            "id": mail.id,
            "to": mail.recipient,
            "state": mail.state,
            "attempts": mail.attempts,
            "lastAnswer": mail.last_answer,
            "createdAt": mail.created_at,
            "deliveredAt": mail.delivered_at,
        })
    });
    Reply::json(200, &listed.collect::<Vec<_>>())
}

/// The first mail to `to` after the mail `after`, as soon as it has been delivered; 404 after `timeout`.
pub(super) async fn next(app: &App, controls: &Controls, request: &Request) -> Result<Reply, Problem> {
    let to = address(request)?
        .ok_or_else(|| invalid("to", "is required: the address that the mail is for".to_owned()))?;
    let after = request.query::<Uuid>("after")?.unwrap_or_default().into();
    let wait = wait(request)?;
    let mail = controls.unless_stopped(wait_for(app, &to, after, wait)).await??;
    let mail = mail.ok_or_else(|| {
        let detail = format!(
            "no mail to {to} arrived within {}; GET /_test/mailbox lists all mails and their state",
            humantime::format_duration(wait)
        );
        Problem::MissingReferences(vec![Place::parameter("to", detail)])
    })?;
    Reply::json(200, &mail)
}

async fn wait_for(app: &App, to: &str, after: MailId, wait: Duration) -> Result<Option<Mail>, Problem> {
    let until = Instant::now() + wait;
    loop {
        let to = to.to_owned();
        if let Some(mail) =
            app.db.look(Instant::now() + LOOK_TIME_MAX, move |tx| find(tx, &to, after)).await?
        {
            return Ok(Some(mail));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

fn find(tx: &Tx, to: &str, after: MailId) -> Result<Option<Mail>, Problem> {
    let delivered = store::mails::delivered_after(tx, after)?;
    let Some(first) = delivered.into_iter().find(|mail| folded_or_lower_case(&mail.recipient) == to) else {
        return Ok(None);
    };
    let message = store::mails::message(tx, first.id)?.flatten();
    message.map(|message| read(first, &message)).transpose()
}

fn read(delivered: ListedMail, message: &[u8]) -> Result<Mail, Problem> {
    let unreadable = |what: &str| Problem::Internal(format!("a stored message has no {what}"));
    let message = MessageParser::default().parse(message).ok_or_else(|| unreadable("form"))?;
    let text = message.body_text(0).ok_or_else(|| unreadable("text"))?.replace('\r', "");
    let link = link(&text);
    Ok(Mail {
        id: delivered.id,
        to: delivered.recipient,
        subject: message.subject().unwrap_or_default().to_owned(),
        html: message.body_html(0).ok_or_else(|| unreadable("HTML"))?.replace('\r', ""),
        code: link.as_deref().and_then(|link| link.split_once('#')).map(|(_, code)| code.to_owned()),
        link,
        text,
        created_at: delivered.created_at,
        delivered_at: delivered.delivered_at.unwrap_or(delivered.created_at),
    })
}

/// The first URL with one of our secrets or codes in its fragment. Custom templates may put other text around it.
fn link(text: &str) -> Option<String> {
    let is_link =
        |word: &&str| word.starts_with("http") && (word.contains("#brms_") || word.contains("/sign-in#"));
    text.split_whitespace().find(is_link).map(str::to_owned)
}

/// The requested address, folded like the stored ones it is compared with.
fn address(request: &Request) -> Result<Option<String>, Problem> {
    let Some(to) = request.query::<String>("to")? else { return Ok(None) };
    let address = EmailAddress::parse(&to).map_err(|detail| invalid("to", detail))?;
    Ok(Some(address.folded()))
}

fn wait(request: &Request) -> Result<Duration, Problem> {
    let Some(text) = request.query::<String>("timeout")? else { return Ok(WAIT) };
    let wait = positive_time(&text).map_err(|detail| invalid("timeout", detail))?;
    if wait > WAIT_MAX {
        return Err(invalid("timeout", format!("must be at most {}", humantime::format_duration(WAIT_MAX))));
    }
    Ok(wait)
}

fn invalid(parameter: &'static str, detail: String) -> Problem {
    Problem::invalid(Place::parameter(parameter, detail))
}
