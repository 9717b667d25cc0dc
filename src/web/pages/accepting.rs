//! The pages for accepting an invitation, the start page, and the pages for problems.

use serde::Serialize;

use super::templates::{PagePlace, Pages, ShownTime};
use crate::failure::Failure;
use crate::limits::NAME_CHARACTERS_MAX;
use crate::operations::invitations::preview::Preview;
use crate::secret::{SECRET_CHARACTERS_MAX, is_secret_character};

/// The content of the form: empty at first; after a rejected submission the entered values and their errors.
///
/// It may contain the code, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct AcceptForm<'a> {
    /// What the invitation is for, if the code is known.
    pub preview: Option<&'a Preview>,
    /// The submitted code, kept so that it is not lost when only a name was wrong.
    pub secret: &'a str,
    /// The first name as entered.
    pub first_name: &'a str,
    /// The last name as entered.
    pub last_name: &'a str,
    /// The errors.
    pub errors: FormErrors<'a>,
}

/// Errors of the form, each a sentence that says what is expected.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct FormErrors<'a> {
    /// About the code.
    pub secret: Option<&'a str>,
    /// About the first name.
    pub first_name: Option<&'a str>,
    /// About the last name.
    pub last_name: Option<&'a str>,
}

#[derive(Serialize)]
struct AcceptView<'a> {
    name_characters_max: usize,
    alert: Option<&'a str>,
    preview: Option<PreviewView<'a>>,
    secret: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    errors: FormErrors<'a>,
}

#[derive(Serialize)]
struct PreviewView<'a> {
    organisation: &'a str,
    inviter: Option<&'a str>,
    email: &'a str,
    expires: ShownTime,
}

#[derive(Serialize)]
struct AcceptedView<'a> {
    organisation: &'a str,
    email: &'a str,
    is_signed_in: bool,
}

#[derive(Serialize)]
struct StartView<'a> {
    organisation: Option<&'a str>,
}

/// Where the page after accepting leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOn {
    /// To the account: the browser is signed in.
    Account,
    /// To the page for signing in.
    SignIn,
}

#[derive(Serialize)]
struct ProblemView<'a> {
    detail: &'a str,
}

#[derive(Serialize)]
struct NoView {}

impl Pages {
    /// The start page: whose server this is, if it has one organisation, and where to go from here.
    pub fn start(&self, organisation: Option<&str>) -> Result<String, Failure> {
        self.render("start", PagePlace::ROOT, organisation.unwrap_or("brms"), &StartView { organisation })
    }

    /// The form, which submits `secret`, `firstName` and `lastName` to `accept`.
    pub fn accept_form(&self, form: &AcceptForm) -> Result<String, Failure> {
        let FormErrors { secret, first_name, last_name } = form.errors;
        let is_marked = [secret, first_name, last_name].iter().any(Option::is_some);
        let alert = is_marked.then_some("You have not joined yet. Please check the marked fields.");
        let preview = form.preview.map(|preview| PreviewView {
            organisation: &preview.organisation,
            inviter: preview.inviter.as_deref(),
            email: &preview.email,
            expires: preview.expires_at.into(),
        });
        let title = match alert {
            Some(_) => "Please check: Accept your invitation",
            None => "Accept your invitation",
        };
        let view = AcceptView {
            alert,
            name_characters_max: NAME_CHARACTERS_MAX,
            preview,
            secret: well_formed(form.secret),
            first_name: form.first_name,
            last_name: form.last_name,
            errors: form.errors,
        };
        self.render("accept", PagePlace::IN_FOLDER, title, &view)
    }

    /// The page after accepting.
    pub fn accepted(&self, organisation: &str, email: &str, way_on: WayOn) -> Result<String, Failure> {
        let view = AcceptedView { organisation, email, is_signed_in: way_on == WayOn::Account };
        self.render("accepted", PagePlace::IN_FOLDER, "Invitation accepted", &view)
    }

    /// An error page for a problem that prevents accepting, with a link back to the form.
    pub fn problem(&self, title: &str, detail: &str) -> Result<String, Failure> {
        self.render("problem", PagePlace::IN_FOLDER, title, &ProblemView { detail })
    }

    /// The page for a path that does not exist.
    pub fn unknown_path(&self, place: PagePlace) -> Result<String, Failure> {
        self.render("unknown_path", place, "There is no page at this address", &NoView {})
    }
}

/// The submitted code if it is well-formed, otherwise nothing.
///
/// Showing a code again is safe because only the person who just submitted it sees the response, which is not stored;
/// without JavaScript they would otherwise have to go back to the mail. A malformed code is not shown: it is of no
/// use, and could be an attempt at injection.
fn well_formed(secret: &str) -> &str {
    let fits = secret.len() <= SECRET_CHARACTERS_MAX && secret.chars().all(is_secret_character);
    if fits { secret } else { "" }
}
