//! The steps of the demo, and the expected response of each.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use mail_parser::MessageParser;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::client::{Answer, Call, call};
use crate::cli::mailbox;
use crate::db::{Db, Party};
use crate::failure::Failure;
use crate::secret::{SecretKind, is_secret_character};
use crate::store;

/// Ids and secrets of `seed.json`.
pub(super) const PROJECT: &str = "0190a000-0000-7000-a000-000000000001";
const EDITORS: &str = "0190a000-0000-7000-9000-000000000001";
const NINA: &str = "0190a000-0000-7000-8000-000000000002";
pub(super) const IVY: &str = "0190a000-0000-7000-8000-000000000003";
pub(super) const BEARER: &str = "brms_pat_demo_000000000000000000000000000000000000000000";
pub(super) const INTERNAL: &str = "brms_ses_demo_000000000000000000000000000000000000000000";

const TIME_MAX: Duration = Duration::from_secs(10);

/// The state of the walkthrough: the server's address and database, and the output.
pub(super) struct Walkthrough<'o> {
    address: SocketAddr,
    db: Db,
    out: &'o mut dyn Write,
    step: usize,
}

impl<'o> Walkthrough<'o> {
    pub(super) fn new(address: SocketAddr, db: Db, out: &'o mut dyn Write) -> Self {
        Self { address, db, out, step: 0 }
    }

    /// Runs all steps.
    pub(super) async fn run_all(mut self) -> Result<(), Failure> {
        self.refused_without_credentials().await?;
        self.members_are_invited().await?;
        let first = self.invitation_is_sent("Send Ivy her invitation to the organisation", 1).await?;
        let second =
            self.invitation_is_sent("Send it again: a new link, which replaces the first one", 2).await?;
        self.link_is_rejected(
            "The first link is rejected: a newer mail was sent",
            &first,
            "invitation-replaced",
        )
        .await?;
        self.invitation_is_accepted(&second).await?;
        self.link_is_rejected(
            "The same link is rejected the second time: it was used",
            &second,
            "invitation-used",
        )
        .await
    }

    async fn refused_without_credentials(&mut self) -> Result<(), Failure> {
        let path = format!("/api/projects/{PROJECT}/members");
        let body = json!({ "userIds": [NINA] });
        let answer =
            self.ask("A request without credentials is rejected", "POST", &path, None, Some(&body)).await?;
        expect(&answer, 401, |problem| problem["type"] == "urn:brms:problem:unauthenticated")
    }

    async fn members_are_invited(&mut self) -> Result<(), Failure> {
        let path = format!("/api/projects/{PROJECT}/members");
        let body = json!({ "userIds": [NINA, IVY], "groupIds": [EDITORS] });
        let bearer = Some(format!("Bearer {BEARER}"));
        let title = "inviteMembers: add Nina and Ivy to the project Pricing, as Editors";
        let answer = self.ask(title, "POST", &path, bearer, Some(&body)).await?;
        expect(&answer, 200, |members| {
            let is = |position: usize, user: &str| {
                members[position]["userId"] == user && members[position]["groups"][0]["name"] == "Editors"
            };
            members.as_array().is_some_and(|members| members.len() == 2) && is(0, NINA) && is(1, IVY)
        })
    }

    /// Sends the invitation, waits for the mail, prints it, and returns its code.
    async fn invitation_is_sent(&mut self, title: &str, mails: usize) -> Result<String, Failure> {
        let path = format!("/api/users/{IVY}/invitation");
        let internal = Some(format!("Internal {INTERNAL}"));
        let title = format!("sendUserInvitation: {title}");
        let answer = self.ask(&title, "POST", &path, internal, None).await?;
        expect(&answer, 200, |invitation| invitation["status"] == "pending" && invitation["userId"] == IVY)?;
        let message = self.mail(mails).await?;
        let mut shown = Vec::new();
        mailbox::write_readable(&message, &mut shown)?;
        writeln!(self.out, "\n  The mail as delivered:\n")?;
        self.write_indented("  | ", &String::from_utf8_lossy(&shown))?;
        code_in(&message)
    }

    async fn invitation_is_accepted(&mut self, code: &str) -> Result<(), Failure> {
        let body = json!({ "secret": code, "firstName": "Ivy", "lastName": "Invited" });
        let title = "Ivy accepts with the link of the second mail";
        let answer = self.ask(title, "POST", "/invitations/accept", None, Some(&body)).await?;
        expect(&answer, 200, |invitation| invitation["status"] == "accepted" && invitation["userId"] == IVY)
    }

    async fn link_is_rejected(&mut self, title: &str, code: &str, why: &str) -> Result<(), Failure> {
        let body = json!({ "secret": code });
        let answer = self.ask(title, "POST", "/invitations/accept", None, Some(&body)).await?;
        expect(&answer, 410, |problem| problem["type"] == format!("urn:brms:problem:{why}"))
    }

    /// Sends one request, and prints it and its response.
    async fn ask(
        &mut self,
        title: &str,
        method: &str,
        path: &str,
        authorization: Option<String>,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        self.step += 1;
        writeln!(self.out, "\n{}. {title}\n", self.step)?;
        writeln!(self.out, "  > {method} {path}")?;
        if let Some(authorization) = &authorization {
            writeln!(self.out, "  > Authorization: {authorization}")?;
        }
        if let Some(body) = body {
            self.write_indented("  > ", &format!("{body:#}"))?;
        }
        let request = Call { method, path, authorization, json: body.map(Value::to_string) };
        let answer = call(self.address, &request, TIME_MAX).await?;
        writeln!(self.out, "  < {} {} ({})", answer.status, answer.reason, answer.content_type)?;
        let shown = serde_json::from_str::<Value>(&answer.body).map(|body| format!("{body:#}"));
        self.write_indented("  < ", &shown.unwrap_or_else(|_| answer.body.clone()))?;
        Ok(answer)
    }

    /// The last delivered mail, once the expected number has been delivered.
    async fn mail(&self, count: usize) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + TIME_MAX;
        loop {
            let mails = self.db.read(Party::Server, deadline, store::mails::kept).await?;
            let delivered: Vec<_> = mails.iter().filter(|mail| mail.delivered_at.is_some()).collect();
            if delivered.len() == count
                && let Some(last) = delivered.last()
            {
                let id = last.id;
                let message =
                    self.db.read(Party::Server, deadline, move |tx| store::mails::message(tx, id)).await?;
                return message.flatten().ok_or_else(|| "a delivered mail has no message".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn write_indented(&mut self, indent: &str, text: &str) -> Result<(), Failure> {
        for line in text.lines() {
            writeln!(self.out, "{indent}{line}")?;
        }
        Ok(())
    }
}

fn expect(answer: &Answer, status: u16, is_right: impl FnOnce(&Value) -> bool) -> Result<(), Failure> {
    let body: Value = serde_json::from_str(&answer.body)?;
    if answer.status == status && is_right(&body) {
        return Ok(());
    }
    Err(format!("unexpected response: expected status {} and another body than: {}", status, answer.body)
        .into())
}

/// Extracts the code from the text of the mail, as a person would.
fn code_in(message: &[u8]) -> Result<String, Failure> {
    let message = MessageParser::default().parse(message).ok_or("the mail cannot be read")?;
    let text = message.body_text(0).ok_or("the mail has no text")?;
    let begin = text.find(SecretKind::Invitation.prefix()).ok_or("the mail has no code")?;
    Ok(text[begin..].chars().take_while(|letter| is_secret_character(*letter)).collect())
}
