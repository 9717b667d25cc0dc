use uuid::Uuid;

use super::samples::{of_templates, sample_account};
use super::templates::TEMPLATES;
use super::*;
use crate::clock::Timestamp;
use crate::limits::NAME_CHARACTERS_MAX;
use crate::operations::invitations::preview::Preview;
use crate::operations::sign_ins::confirm::Choice;
use crate::secret::SECRET_CHARACTERS_MAX;
use crate::web::assets::STYLE;
use crate::web::security::{CONTENT_SECURITY_POLICY, SECURITY_HEADERS};

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\" autofocus onfocus=alert(1) x=\"",
    "' onload='x",
    "</title></main><b>&lt;",
    "{{secret}}",
    "a\0b\r\nc\u{202e}",
];

fn pages() -> Pages {
    load().unwrap()
}

fn form_with(value: &str) -> CodeForm<'_> {
    CodeForm { email_error: Some(value), code_error: Some(value), ..CodeForm::default() }
}

fn choices(value: &str) -> [Choice; 2] {
    [false, true].map(|is_invited| Choice {
        user_id: Uuid::nil().into(),
        organisation: value.to_owned(),
        is_invited,
        invited_until: Some(Timestamp::from_millis(0)),
    })
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
    let form =
        AcceptForm { preview: None, secret: "brms_inv_a-Z", first_name: "Ann", last_name: "O'Neil", errors };
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
        let preview = Preview {
            organisation: value.to_owned(),
            inviter: Some(value.to_owned()),
            email: value.to_owned(),
            expires_at: Timestamp::from_millis(0),
        };
        let preview = Some(&preview);
        let form = AcceptForm { preview, secret: "", first_name: value, last_name: value, errors };
        pages.accept_form(&form).unwrap()
            + &pages.accepted(value, value, WayOn::Account).unwrap()
            + &pages.problem(value, value).unwrap()
            + &pages.stopped(PagePlace::ROOT, value, value).unwrap()
            + &pages.start(Some(value)).unwrap()
            + &pages.sign_in(PagePlace::ROOT, &form_with(value)).unwrap()
            + &pages.choose(PagePlace::IN_FOLDER, &choices(value)).unwrap()
            + &pages.account(&sample_account(Some(value))).unwrap()
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
        + &pages.accepted("A", "a@b", WayOn::SignIn).unwrap()
        + &pages.problem("A", "b").unwrap()
        + &pages.start(None).unwrap()
        + &pages.sign_in(PagePlace::ROOT, &CodeForm::default()).unwrap()
        + &pages.account(&sample_account(Some("A"))).unwrap()
        + &pages.choose(PagePlace::IN_FOLDER, &choices("A")).unwrap();
    for word in ["//", " style=", "<style", "<script>", " onclick", " onload", "<img"] {
        assert!(!all.contains(word), "{word}");
    }
    assert_eq!((count(&all, "src=\"accept.js\""), count(&all, "href=\"../style.css\"")), (1, 4));
    assert_eq!((count(&all, "href=\"style.css\""), count(&all, "icon.svg\"")), (3, 7));
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn broken_templates_are_refused() {
    let mut templates = TEMPLATES.to_vec();
    templates[3] = ("problem", "{{#> layout}}\n{{detial}}\n{{/layout}}");
    let text = of_templates(&templates).err().unwrap().to_string();
    assert!(text.contains("problem") && text.contains("detial"), "{text}");
}

#[test]
fn headers_are_lower_case_and_printable() {
    for (name, value) in [&[("content-security-policy", CONTENT_SECURITY_POLICY)], SECURITY_HEADERS].concat()
    {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !value.contains("  "));
    }
}
