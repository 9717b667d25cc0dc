//! Previewing and accepting an invitation. A form gets a page, JSON gets JSON.

use super::pages::{AcceptForm, FormErrors, Pages};
use super::security::{problem_shown, shown};
use super::words::{complaint_in_plain_words, in_plain_words};
use crate::app::App;
use crate::http::{Form, Reply, Request, RequestContext};
use crate::limits::{ACCEPTANCE_BYTES_MAX, NAME_CHARACTERS_MAX};
use crate::operations::invitations::accept::{self, Acceptance, Accepted};
use crate::operations::invitations::pasted_code;
use crate::operations::invitations::preview::{self, PreviewRequest};
use crate::problem::Problem;
use crate::secret::Secret;

pub(super) const JSON_OR_FORM: &str = "application/json or application/x-www-form-urlencoded";

/// The empty form.
pub(super) fn empty_form(pages: &Pages) -> Result<Reply, Problem> {
    shown(200, pages.accept_form(&AcceptForm::default()))
}

/// Accepts an invitation.
pub(super) async fn accept(app: &App, pages: &Pages, request: &mut Request) -> Result<Reply, Problem> {
    let context = request.context().clone();
    match request.media_type().as_deref() {
        Some("application/json") => {
            let acceptance: Acceptance = request.json_within(ACCEPTANCE_BYTES_MAX).await?;
            let accepted = accept::accept(app, context, acceptance).await?;
            Reply::json(200, &accepted)
        }
        Some("application/x-www-form-urlencoded") => {
            let form = match request.form(ACCEPTANCE_BYTES_MAX).await {
                Ok(form) => form,
                Err(problem) => return problem_shown(pages, problem),
            };
            match accept::accept(app, context.clone(), acceptance(&form)).await {
                Ok(accepted) => welcome(pages, &accepted),
                Err(problem) => refused(app, pages, &context, &form, problem).await,
            }
        }
        _ => Err(Problem::UnsupportedMediaType { supported: JSON_OR_FORM }),
    }
}

/// Says what an invitation is for. As a page it is the form with the code filled in; the script of the form asks for it
/// as soon as it has a code.
pub(super) async fn preview(app: &App, pages: &Pages, request: &mut Request) -> Result<Reply, Problem> {
    let context = request.context().clone();
    match request.media_type().as_deref() {
        Some("application/json") => {
            let PreviewRequest { secret } = request.json_within(ACCEPTANCE_BYTES_MAX).await?;
            Reply::json(200, &preview::preview(app, &context, &secret.unwrap_or_default()).await?)
        }
        Some("application/x-www-form-urlencoded") => {
            let form = match request.form(ACCEPTANCE_BYTES_MAX).await {
                Ok(form) => form,
                Err(problem) => return problem_shown(pages, problem),
            };
            let code = form.get("secret").unwrap_or_default();
            match preview::preview(app, &context, code).await {
                Ok(preview) => {
                    let secret = pasted_code::find(code)?;
                    let preview = Some(&preview);
                    let form = AcceptForm { preview, secret: secret.reveal(), ..AcceptForm::default() };
                    shown(200, pages.accept_form(&form))
                }
                Err(problem) => refused(app, pages, &context, &form, problem).await,
            }
        }
        _ => Err(Problem::UnsupportedMediaType { supported: JSON_OR_FORM }),
    }
}

fn acceptance(form: &Form) -> Acceptance {
    let field = |name: &str| form.get(name).map(str::to_owned);
    Acceptance { secret: field("secret"), first_name: field("firstName"), last_name: field("lastName") }
}

fn welcome(pages: &Pages, accepted: &Accepted) -> Result<Reply, Problem> {
    shown(200, pages.accepted(&accepted.organisation, &accepted.invitation.email))
}

/// What is wrong: in the form, if entering something else helps, otherwise as a page of its own.
async fn refused(
    app: &App,
    pages: &Pages,
    context: &RequestContext,
    form: &Form,
    problem: Problem,
) -> Result<Reply, Problem> {
    if !matches!(problem, Problem::Invalid(_) | Problem::UnknownCode) {
        return problem_shown(pages, problem);
    }
    let complaint = |pointer: &str| {
        let place = problem.places().iter().find(|place| place.is_at(pointer));
        place.map(|place| complaint_in_plain_words(&place.detail))
    };
    let (title, detail) = in_plain_words(&problem);
    let unknown = matches!(problem, Problem::UnknownCode).then(|| format!("{title}. {detail}"));
    let (secret, first_name, last_name) =
        (unknown.or_else(|| complaint("/secret")), complaint("/firstName"), complaint("/lastName"));
    // A code that is known to be wrong is cleared, so that the right one can be entered.
    let code = form.get("secret").filter(|_| secret.is_none()).and_then(|text| pasted_code::find(text).ok());
    let preview = match &code {
        Some(code) => preview::preview(app, context, code.reveal()).await.ok(),
        None => None,
    };
    let again = AcceptForm {
        preview: preview.as_ref(),
        secret: code.as_ref().map_or("", Secret::reveal),
        first_name: shown_again(form.get("firstName")),
        last_name: shown_again(form.get("lastName")),
        errors: FormErrors {
            secret: secret.as_deref(),
            first_name: first_name.as_deref(),
            last_name: last_name.as_deref(),
        },
    };
    let mut reply = shown(problem.status(), pages.accept_form(&again))?;
    reply.problem = Some(problem);
    Ok(reply)
}

/// A name that was entered, unless it is too long to be one: then the page would repeat all of it.
fn shown_again(name: Option<&str>) -> &str {
    name.filter(|name| name.chars().nth(NAME_CHARACTERS_MAX).is_none()).unwrap_or_default()
}
