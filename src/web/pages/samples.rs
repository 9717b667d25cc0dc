//! Renders each page once, so that a broken template fails at start-up instead of for a visitor.

use uuid::Uuid;

use super::accepting::{AcceptForm, FormErrors, WayOn};
use super::signing_in::CodeForm;
use super::templates::{PagePlace, Pages, TEMPLATES};
use crate::clock::Timestamp;
use crate::failure::Failure;
use crate::generated::models::{UserStatus, UserType};
use crate::operations::invitations::preview::Preview;
use crate::operations::sign_ins::account::Account;
use crate::operations::sign_ins::confirm::Choice;
use crate::secret::SecretHash;
use crate::store::tokens::{Session, SessionSource};
use crate::store::users::User;

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
    for way_on in [WayOn::Account, WayOn::SignIn] {
        pages.accepted("Sample organisation", "new@brms.example", way_on)?;
    }
    pages.problem("Sample", "A sample.")?;
    pages.stopped(PagePlace::ROOT, "Sample", "A sample.")?;
    pages.start(None)?;
    pages.start(sample)?;
    for is_asked in [false, true] {
        let form = CodeForm { is_asked, sends_mail: is_asked, ..CodeForm::default() };
        pages.sign_in(PagePlace::ROOT, &form)?;
        let errors = CodeForm { email_error: sample, code_error: sample, ..form };
        pages.sign_in(PagePlace::IN_FOLDER, &errors)?;
    }
    let choice = |is_invited| Choice {
        user_id: Uuid::nil().into(),
        organisation: "Sample organisation".to_owned(),
        is_invited,
        invited_until: Some(Timestamp::from_millis(0)),
    };
    pages.choose(PagePlace::IN_FOLDER, &[false, true].map(choice))?;
    pages.account(&sample_account(None))?;
    pages.account(&sample_account(sample))?;
    pages.unknown_path(PagePlace::IN_FOLDER)?;
    Ok(pages)
}

/// An account with two sessions, one of them the current one. The text stands in every place that has one.
pub(super) fn sample_account(text: Option<&str>) -> Account {
    let time = Timestamp::from_millis(0);
    let text = text.map(str::to_owned);
    let session = |id| Session {
        source: SessionSource::Mail,
        ip_address: text.clone(),
        user_agent: text.clone(),
        last_seen_at: text.as_ref().map(|_| time),
        ..Session::of_operator(
            Uuid::from_u128(id).into(),
            SecretHash::from_bytes([0; 32]),
            time,
            text.as_ref().map(|_| time),
        )
    };
    Account {
        user: User {
            id: Uuid::nil().into(),
            organisation_id: Uuid::nil().into(),
            email: text.clone().unwrap_or_default(),
            first_name: text.clone(),
            last_name: text.clone(),
            user_type: UserType::Member,
            status: UserStatus::Active,
            is_service: false,
            created_at: time,
            updated_at: time,
        },
        organisation: text.clone().unwrap_or_default(),
        current: Uuid::from_u128(1).into(),
        sessions: [1, 2].map(session).into(),
    }
}
