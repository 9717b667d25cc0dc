//! Renders each page once, so that a broken template fails at start-up instead of for a visitor.

use super::accepting::{AcceptForm, FormErrors};
use super::templates::{PagePlace, Pages, TEMPLATES};
use crate::clock::Timestamp;
use crate::failure::Failure;
use crate::operations::invitations::preview::Preview;

/// The built-in pages, checked.
pub fn load() -> Result<Pages, Failure> {
    of_templates(TEMPLATES)
}

/// Strict mode finds a misspelt variable only in a branch that is rendered, so every branch is.
pub(super) fn of_templates(templates: &[(&str, &str)]) -> Result<Pages, Failure> {
    let pages = Pages::parse(templates)?;
    pages.accept_form(&AcceptForm::default())?;
    let sample = Some("sample");
    let errors = FormErrors { secret: sample, first_name: sample, last_name: sample };
    pages.accept_form(&AcceptForm { errors, ..AcceptForm::default() })?;
    for inviter in [None, Some("Sam Sample".to_owned())] {
        let preview = Preview {
            organisation: "Sample organisation".to_owned(),
            inviter,
            email: "n…@brms.example".to_owned(),
            expires_at: Timestamp::from_millis(0),
        };
        pages.accept_form(&AcceptForm { preview: Some(&preview), ..AcceptForm::default() })?;
    }
    pages.accepted("Sample organisation", "new@brms.example")?;
    pages.problem("Sample", "A sample.")?;
    pages.start()?;
    pages.unknown_path(PagePlace::IN_FOLDER)?;
    Ok(pages)
}
