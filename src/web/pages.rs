//! The HTML pages: the start page, and the form, success and error pages for accepting an invitation.
//!
//! One of the two modules that use Handlebars. It turns values into HTML and has no access to the database, the
//! invitation rules or HTTP, except for the headers of every page. The registry escapes every value. The pages load
//! only their own style sheet and script.
//!
//! All links are relative to the path where each page is served (`…/` for the start page, `…/invitations/accept` for
//! most others), so that a reverse proxy may add a path prefix.

use handlebars::Handlebars;
use serde::Serialize;

use crate::failure::Failure;
use crate::limits::NAME_CHARACTERS_MAX;
use crate::secret::{SECRET_CHARACTERS_MAX, is_secret_character};

/// The style sheet, served as `text/css` at `/invitations/accept.css`.
pub const STYLE: &str = include_str!("assets/style.css");

/// The script, served as `text/javascript` at `/invitations/accept.js`.
pub const ACCEPT_SCRIPT: &str = include_str!("assets/accept.js");

/// What the pages for accepting an invitation may load, and where their form may be sent.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The content of the form: empty at first; after a rejected submission the entered values and their errors.
///
/// It may contain the code, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct AcceptForm<'a> {
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

/// The parsed and checked templates.
pub struct Pages {
    registry: Handlebars<'static>,
}

const TEMPLATES: &[(&str, &str)] = &[
    ("layout", include_str!("templates/layout.hbs")),
    ("accept", include_str!("templates/accept.hbs")),
    ("accepted", include_str!("templates/accepted.hbs")),
    ("problem", include_str!("templates/problem.hbs")),
    ("start", include_str!("templates/start.hbs")),
    ("unknown_path", include_str!("templates/unknown_path.hbs")),
];

#[derive(Serialize)]
struct AcceptView<'a> {
    title: &'static str,
    name_characters_max: usize,
    alert: Option<&'a str>,
    secret: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    errors: FormErrors<'a>,
}

#[derive(Serialize)]
struct AcceptedView<'a> {
    title: &'static str,
    organisation: &'a str,
    email: &'a str,
}

#[derive(Serialize)]
struct StartView {
    title: &'static str,
}

#[derive(Serialize)]
struct UnknownPathView {
    title: &'static str,
    /// The way to the root from the path that was asked for.
    root: String,
    style: String,
}

#[derive(Serialize)]
struct ProblemView<'a> {
    title: &'a str,
    detail: &'a str,
}

impl Pages {
    /// Parses the built-in templates and renders each once, so that a broken one fails at start-up instead of for a
    /// visitor.
    pub fn new() -> Result<Self, Failure> {
        Self::from_templates(TEMPLATES)
    }

    fn from_templates(templates: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        for (name, template) in templates {
            registry.register_template_string(name, template).map_err(broken)?;
        }
        let pages = Self { registry };
        // Strict mode finds a misspelt variable only in a branch that is rendered, so both branches are.
        pages.accept_form(&AcceptForm::default())?;
        let sample = Some("sample");
        let errors = FormErrors { secret: sample, first_name: sample, last_name: sample };
        pages.accept_form(&AcceptForm { errors, ..AcceptForm::default() })?;
        pages.accepted("Sample organisation", "new@brms.example")?;
        pages.problem("Sample", "A sample.")?;
        pages.start()?;
        pages.unknown_path(1)?;
        Ok(pages)
    }

    /// The start page: what this server is, and links to the API.
    pub fn start(&self) -> Result<String, Failure> {
        self.render("start", &StartView { title: "brms" })
    }

    /// The form, which submits `secret`, `firstName` and `lastName` to its own URL.
    pub fn accept_form(&self, form: &AcceptForm) -> Result<String, Failure> {
        let FormErrors { secret, first_name, last_name } = form.errors;
        let is_marked = [secret, first_name, last_name].iter().any(Option::is_some);
        let alert = is_marked.then_some("You have not joined yet. Please check the marked fields.");
        self.render(
            "accept",
            &AcceptView {
                // Screen readers read the title first, so it includes the state.
                title: match alert {
                    Some(_) => "Please check: Accept your invitation",
                    None => "Accept your invitation",
                },
                alert,
                name_characters_max: NAME_CHARACTERS_MAX,
                secret: well_formed(form.secret),
                first_name: form.first_name,
                last_name: form.last_name,
                errors: form.errors,
            },
        )
    }

    /// The page after accepting.
    pub fn accepted(&self, organisation: &str, email: &str) -> Result<String, Failure> {
        self.render("accepted", &AcceptedView { title: "Invitation accepted", organisation, email })
    }

    /// An error page for a problem that prevents accepting, with a link back to the form.
    pub fn problem(&self, title: &str, detail: &str) -> Result<String, Failure> {
        self.render("problem", &ProblemView { title, detail })
    }

    /// The page for a path that does not exist, `depth` folders below the root.
    pub fn unknown_path(&self, depth: usize) -> Result<String, Failure> {
        let root = "../".repeat(depth);
        let style = format!("{root}invitations/accept.css");
        self.render(
            "unknown_path",
            &UnknownPathView { title: "There is no page at this address", root, style },
        )
    }

    fn render(&self, name: &str, view: &impl Serialize) -> Result<String, Failure> {
        self.registry.render(name, view).map_err(broken)
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

/// Handlebars' error messages name template, line and variable, and quote no data.
fn broken(cause: impl std::fmt::Display) -> Failure {
    Failure::new("page template", cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::security::SECURITY_HEADERS;

    const HOSTILE: &[&str] = &[
        "<script>alert(1)</script>",
        "\" autofocus onfocus=alert(1) x=\"",
        "' onload='x",
        "</title></main><b>&lt;",
        "{{secret}}",
        "a\0b\r\nc\u{202e}",
    ];

    fn pages() -> Pages {
        Pages::new().unwrap()
    }

    fn count(page: &str, what: &str) -> usize {
        page.matches(what).count()
    }

    #[test]
    fn the_form_has_three_labelled_fields_and_posts_to_itself() {
        let page = pages().accept_form(&AcceptForm::default()).unwrap();
        assert!(page.contains("<form method=\"post\" action=\"accept\">"));
        for name in ["secret", "firstName", "lastName"] {
            assert_eq!(count(&page, &format!("<label for=\"{name}\">")), 1);
            assert_eq!(count(&page, &format!("id=\"{name}\" name=\"{name}\" type=\"text\" value=\"\"")), 1);
        }
        let limit = format!("maxlength=\"{NAME_CHARACTERS_MAX}\"");
        assert_eq!((count(&page, " required"), count(&page, &limit)), (1, 2));
        assert!(page.contains("<title>Accept your invitation</title>") && page.contains("lang=\"en\""));
        assert!(!page.contains("role=\"alert\"") && !page.contains("aria-invalid"));
    }

    #[test]
    fn a_rejected_submission_keeps_the_values_and_shows_their_errors() {
        let errors = FormErrors { first_name: Some("Too long."), ..FormErrors::default() };
        let form = AcceptForm { secret: "brms_inv_a-Z", first_name: "Ann", last_name: "O'Neil", errors };
        let page = pages().accept_form(&form).unwrap();
        assert!(page.contains("<title>Please check: "));
        assert!(page.contains("role=\"alert\">You have not joined yet."));
        assert!(page.contains("id=\"firstName-error\">Too long.</p>"));
        assert!(page.contains("aria-invalid=\"true\" aria-describedby=\"firstName-error\""));
        assert_eq!(count(&page, "aria-invalid"), 1);
        for value in ["brms_inv_a-Z", "Ann", "O&#x27;Neil"] {
            assert_eq!(count(&page, &format!("value=\"{value}\"")), 1, "{page}");
        }
    }

    #[test]
    fn only_a_well_formed_code_is_shown_again() {
        let long = "a".repeat(SECRET_CHARACTERS_MAX + 1);
        for secret in HOSTILE.iter().copied().chain(["a b", "ä", long.as_str()]) {
            let form = AcceptForm { secret, ..AcceptForm::default() };
            let page = pages().accept_form(&form).unwrap();
            assert_eq!(page, pages().accept_form(&AcceptForm::default()).unwrap());
        }
    }

    #[test]
    fn values_are_escaped_on_every_page() {
        let pages = pages();
        let render = |value: &str| {
            let errors = FormErrors { secret: Some(value), first_name: Some(value), last_name: Some(value) };
            let form = AcceptForm { secret: "", first_name: value, last_name: value, errors };
            pages.accept_form(&form).unwrap()
                + &pages.accepted(value, value).unwrap()
                + &pages.problem(value, value).unwrap()
        };
        let calm = render("calm");
        let long = "<".repeat(10_000);
        for value in HOSTILE.iter().copied().chain([long.as_str()]) {
            let page = render(value);
            assert_eq!(count(&page, "<"), count(&calm, "<"), "{value}");
            assert_eq!(count(&page, "\""), count(&calm, "\""), "{value}");
        }
    }

    #[test]
    fn pages_load_nothing_external_and_contain_no_inline_code() {
        let pages = pages();
        let all = pages.accept_form(&AcceptForm::default()).unwrap()
            + &pages.accepted("A", "a@b").unwrap()
            + &pages.problem("A", "b").unwrap()
            + &pages.start().unwrap();
        for word in ["//", " style=", "<style", "<script>", " onclick", " onload", "<img"] {
            assert!(!all.contains(word), "{word}");
        }
        assert_eq!((count(&all, "src=\"accept.js\""), count(&all, "href=\"accept.css\"")), (1, 3));
        assert_eq!(count(&all, "href=\"invitations/accept.css\""), 1);
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn broken_templates_are_refused() {
        let mut templates = TEMPLATES.to_vec();
        templates[3] = ("problem", "{{#> layout style=\"\"}}\n{{detial}}\n{{/layout}}");
        let text = Pages::from_templates(&templates).err().unwrap().to_string();
        assert!(text.contains("problem") && text.contains("detial"), "{text}");
    }

    #[test]
    fn headers_are_lower_case_and_printable() {
        for (name, value) in
            [&[("content-security-policy", CONTENT_SECURITY_POLICY)], SECURITY_HEADERS].concat()
        {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !value.contains("  "));
        }
    }
}
