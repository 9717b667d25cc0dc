//! The templates of the mails, and how they are rendered.

use std::path::Path;

use handlebars::Handlebars;
use serde::Serialize;

use super::names::{capped, clean_name, plain_address, tidy};
use super::sources::{INVITATION, MAIL, SIGN_IN, Sources, TemplateNames};
use crate::clock::Timestamp;
use crate::failure::Failure;
use crate::store::mails::{InvitationMail, Inviter, SignInMail};

/// A rendered mail. It contains the code, so it has no `Debug`: it must not end up in a log.
pub struct Rendered {
    /// One line without control characters, of at most [`SUBJECT_CHARS_MAX`] characters.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Subjects are truncated here. The template's own words and one name fit.
pub const SUBJECT_CHARS_MAX: usize = 150;

/// The parsed and checked templates.
pub struct Renderer {
    /// Subject and text, without escaping, which would put `&amp;` into names and `&#x3D;` for every `=`.
    plain: Handlebars<'static>,
    /// HTML, where every value is escaped.
    escaping: Handlebars<'static>,
    /// Where each template comes from, for error messages.
    sources: Sources,
}

/// The data of an invitation's templates. All of it is sanitised; the registry escapes it.
#[derive(Serialize)]
struct InvitationView {
    organisation: String,
    /// Name and address together, as far as they are known.
    inviter: Option<String>,
    /// Apart, so that HTML can show each in its own direction: in one element with a name that is read from right to
    /// left, the address would stand inside the name.
    inviter_name: Option<String>,
    inviter_address: Option<String>,
    recipient: Option<String>,
    expires: String,
    page: String,
    link: String,
    code: String,
}

/// The data of the templates of a mail with a sign-in code.
#[derive(Serialize)]
struct SignInView {
    organisation: Option<String>,
    recipient: Option<String>,
    expires: String,
    link: String,
    code: String,
}

/// What a template is rendered with.
#[derive(Serialize)]
struct Titled<'v, V> {
    #[serde(flatten)]
    view: &'v V,
    /// The title of the HTML part. Empty while the subject itself is rendered.
    subject: &'v str,
}

impl Renderer {
    /// Reads the templates, preferring files in `folder` over the built-in ones, and renders each once, so that a
    /// broken template fails at start-up instead of when a mail is sent.
    pub fn new(folder: Option<&Path>) -> Result<Self, Failure> {
        Self::from_sources(Sources::read(folder)?)
    }

    fn from_sources(sources: Sources) -> Result<Self, Failure> {
        let mut renderer = Self { plain: Handlebars::new(), escaping: Handlebars::new(), sources };
        renderer.plain.register_escape_fn(handlebars::no_escape);
        renderer.plain.set_strict_mode(true);
        renderer.escaping.set_strict_mode(true);
        for names in [INVITATION, SIGN_IN] {
            for name in [names.subject, names.text, names.html] {
                let registry = if name == names.html { &mut renderer.escaping } else { &mut renderer.plain };
                let text = renderer.sources.text(name);
                registry
                    .register_template_string(name, text)
                    .map_err(|error| renderer.sources.broken_template(name, &error))?;
            }
        }
        // Strict mode finds a misspelt variable only in a branch that is rendered, so both branches are.
        for mail in [sample(), InvitationMail { inviter: None, recipient: String::new(), ..sample() }] {
            let sample = renderer.invitation(&mail, SAMPLE_CODE, "https://brms.example")?;
            renderer.check(INVITATION, &sample)?;
        }
        for organisation in [None, Some(sample().organisation)] {
            let InvitationMail { recipient, expires_at, .. } = sample();
            let mail = SignInMail { organisation, recipient, expires_at };
            let sample = renderer.sign_in(&mail, SAMPLE_CODE, "https://brms.example")?;
            renderer.check(SIGN_IN, &sample)?;
        }
        Ok(renderer)
    }

    /// Without the code a mail is useless; in a subject, others could see the code.
    fn check(&self, names: TemplateNames, rendered: &Rendered) -> Result<(), Failure> {
        for (name, part) in [(names.text, &rendered.text), (names.html, &rendered.html)] {
            if !part.contains(SAMPLE_CODE) {
                return Err(self.sources.complaint(name, "shows neither {{link}} nor {{code}}"));
            }
        }
        if rendered.subject.contains(SAMPLE_CODE) {
            return Err(self.sources.complaint(
                names.subject,
                "must not show {{link}} or {{code}}: subjects are visible to others",
            ));
        }
        Ok(())
    }

    /// Renders one invitation mail. `public_url` is the configured one; it may end in a slash and may have a path.
    pub fn invitation(
        &self,
        mail: &InvitationMail,
        code: &str,
        public_url: &str,
    ) -> Result<Rendered, Failure> {
        self.rendered(INVITATION, &InvitationView::new(mail, code, public_url)?)
    }

    /// Renders one mail with a sign-in code.
    pub fn sign_in(&self, mail: &SignInMail, code: &str, public_url: &str) -> Result<Rendered, Failure> {
        self.rendered(SIGN_IN, &SignInView::new(mail, code, public_url)?)
    }

    fn rendered(&self, names: TemplateNames, view: &impl Serialize) -> Result<Rendered, Failure> {
        let subject = self.render(&self.plain, names.subject, &Titled { view, subject: "" })?;
        // Cleaned again as a whole: the template ends in a line break, and the operator may have changed it.
        let subject = capped(&tidy(&subject), SUBJECT_CHARS_MAX);
        let titled = Titled { view, subject: &subject };
        let text = self.render(&self.plain, names.text, &titled)?;
        let html = self.render(&self.escaping, names.html, &titled)?;
        Ok(Rendered { subject, text, html })
    }

    fn render(&self, registry: &Handlebars, name: &str, view: &impl Serialize) -> Result<String, Failure> {
        registry.render(name, view).map_err(|error| self.sources.broken_rendering(name, &error))
    }
}

/// The page where a code is entered. `public_url` is the configured one; it may end in a slash.
fn accept_page(public_url: &str) -> String {
    format!("{}/invitations/accept", public_url.trim_end_matches('/'))
}

/// The link of an invitation. Browsers do not send the fragment, so the code reaches no access log and no referrer.
#[must_use]
pub fn accept_link(public_url: &str, code: &str) -> String {
    format!("{}#{code}", accept_page(public_url))
}

/// The link with a sign-in code, or with the secret of the operator's link.
#[must_use]
pub fn sign_in_link(public_url: &str, code: &str) -> String {
    format!("{}/sign-in#{code}", public_url.trim_end_matches('/'))
}

fn check_code(code: &str) -> Result<(), Failure> {
    let is_link_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if code.is_empty() || !code.chars().all(is_link_safe) {
        return Err(Failure::new(MAIL, "the code contains characters that no code has"));
    }
    Ok(())
}

fn expiry_in_words(expires_at: &str) -> Result<String, Failure> {
    let time = Timestamp::parse_rfc3339(expires_at);
    Ok(time.ok_or_else(|| Failure::new(MAIL, "the expiry of the code is not a time"))?.in_words())
}

impl InvitationView {
    fn new(mail: &InvitationMail, code: &str, public_url: &str) -> Result<Self, Failure> {
        check_code(code)?;
        let organisation = clean_name(&mail.organisation);
        let inviter = mail.inviter.as_ref();
        Ok(Self {
            organisation: organisation.unwrap_or_else(|| "an organisation".to_owned()),
            inviter: inviter.and_then(Inviter::in_words),
            inviter_name: inviter.and_then(Inviter::shown_name),
            inviter_address: inviter.and_then(Inviter::shown_address),
            recipient: plain_address(&mail.recipient).map(str::to_owned),
            expires: expiry_in_words(&mail.expires_at)?,
            link: accept_link(public_url, code),
            page: accept_page(public_url),
            code: code.to_owned(),
        })
    }
}

impl SignInView {
    fn new(mail: &SignInMail, code: &str, public_url: &str) -> Result<Self, Failure> {
        check_code(code)?;
        Ok(Self {
            organisation: mail.organisation.as_deref().and_then(clean_name),
            recipient: plain_address(&mail.recipient).map(str::to_owned),
            expires: expiry_in_words(&mail.expires_at)?,
            link: sign_in_link(public_url, code),
            code: code.to_owned(),
        })
    }
}

impl Inviter {
    /// Name and address, as far as they are known: `Anna Ash (anna@brms.example)`.
    fn in_words(&self) -> Option<String> {
        match (self.shown_name(), self.shown_address()) {
            (Some(name), Some(address)) => Some(format!("{name} ({address})")),
            (Some(name), None) => Some(name),
            (None, address) => address,
        }
    }

    fn shown_name(&self) -> Option<String> {
        self.name.as_deref().and_then(clean_name)
    }

    fn shown_address(&self) -> Option<String> {
        plain_address(&self.email).map(str::to_owned)
    }
}

fn sample() -> InvitationMail {
    InvitationMail {
        organisation: "Sample organisation".to_owned(),
        inviter: Some(Inviter { name: Some("Sam Sample".to_owned()), email: "sam@brms.example".to_owned() }),
        recipient: "new@brms.example".to_owned(),
        expires_at: "2026-11-29T14:05:00.000Z".to_owned(),
    }
}

/// A placeholder for checking the templates; not a valid code.
const SAMPLE_CODE: &str = "sample-code";

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
