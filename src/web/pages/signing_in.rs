//! The pages for signing in, and the account of a person who has.

use serde::Serialize;

use super::templates::{PagePlace, Pages, ShownTime};
use crate::failure::Failure;
use crate::limits::NAME_CHARACTERS_MAX;
use crate::operations::sign_ins::account::Account;
use crate::operations::sign_ins::confirm::Choice;
use crate::store::tokens::{Session, SessionSource};

/// The page for signing in: for an address, or after that for the code.
#[derive(Clone, Copy, Debug, Default)]
pub struct CodeForm<'a> {
    /// Whether this browser has asked for a code.
    pub is_asked: bool,
    /// Whether mail goes to a relay.
    pub sends_mail: bool,
    /// What is wrong with the address.
    pub email_error: Option<&'a str>,
    /// What is wrong with the code.
    pub code_error: Option<&'a str>,
}

#[derive(Serialize)]
struct CodeView<'a> {
    is_asked: bool,
    sends_mail: bool,
    email_error: Option<&'a str>,
    code_error: Option<&'a str>,
    code_label: &'a str,
}

#[derive(Serialize)]
struct ChoicesView<'a> {
    choices: Vec<ChoiceView<'a>>,
    name_characters_max: usize,
}

#[derive(Serialize)]
struct ChoiceView<'a> {
    user_id: String,
    organisation: &'a str,
    is_invited: bool,
    until: Option<ShownTime>,
}

#[derive(Serialize)]
struct AccountView<'a> {
    name: Option<String>,
    email: &'a str,
    organisation: &'a str,
    user_type: &'a str,
    sessions: Vec<SessionView<'a>>,
}

#[derive(Serialize)]
struct SessionView<'a> {
    id: String,
    how: &'a str,
    is_current: bool,
    since: ShownTime,
    until: Option<ShownTime>,
    seen: Option<ShownTime>,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
}

#[derive(Serialize)]
struct StoppedView<'a> {
    detail: &'a str,
}

impl Pages {
    /// The page for signing in.
    pub fn sign_in(&self, place: PagePlace, form: &CodeForm) -> Result<String, Failure> {
        let CodeForm { is_asked, sends_mail, email_error, code_error } = *form;
        let code_label = if is_asked { "The code from the mail" } else { "The code or the end of the link" };
        let view = CodeView { is_asked, sends_mail, email_error, code_error, code_label };
        let is_wrong = email_error.or(code_error).is_some();
        let title = if is_wrong { "Please check: Sign in" } else { "Sign in" };
        self.render("sign_in", place, title, &view)
    }

    /// The page after a right code if there is something to choose, or an invitation to accept.
    pub fn choose(&self, place: PagePlace, choices: &[Choice]) -> Result<String, Failure> {
        let view = ChoicesView {
            choices: choices
                .iter()
                .map(|choice| ChoiceView {
                    user_id: choice.user_id.to_string(),
                    organisation: &choice.organisation,
                    is_invited: choice.is_invited,
                    until: choice.invited_until.map(ShownTime::from),
                })
                .collect(),
            name_characters_max: NAME_CHARACTERS_MAX,
        };
        let title = if choices.len() > 1 { "Which organisation?" } else { "Accept your invitation" };
        self.render("choose", place, title, &view)
    }

    /// The account of a person who has signed in.
    pub fn account(&self, account: &Account) -> Result<String, Failure> {
        let shown = |session| shown_session(session, account);
        let sessions = account.sessions.iter().map(shown).collect();
        let view = AccountView {
            name: account.user.full_name(),
            email: &account.user.email,
            organisation: &account.organisation,
            user_type: account.user.user_type.as_str(),
            sessions,
        };
        self.render("account", PagePlace::ROOT, "Your account", &view)
    }

    /// Why signing in is not possible, or a form was refused.
    pub fn stopped(&self, place: PagePlace, title: &str, detail: &str) -> Result<String, Failure> {
        self.render("stopped", place, title, &StoppedView { detail })
    }
}

fn shown_session<'a>(session: &'a Session, account: &Account) -> SessionView<'a> {
    SessionView {
        id: session.id.to_string(),
        how: in_words(session.source),
        is_current: session.id == account.current,
        since: session.created_at.into(),
        until: session.expires_at.map(ShownTime::from),
        seen: session.last_seen_at.map(ShownTime::from),
        ip_address: session.ip_address.as_deref(),
        user_agent: session.user_agent.as_deref(),
    }
}

fn in_words(source: SessionSource) -> &'static str {
    match source {
        SessionSource::CommandLine => "A session that the operator made",
        SessionSource::Mail => "Signed in with a code by mail",
        SessionSource::Invitation => "Signed in by accepting the invitation",
        SessionSource::Link => "Signed in with a link of the operator",
    }
}
