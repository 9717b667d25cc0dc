//! Previewing and accepting an invitation. A form gets a page, JSON gets JSON.

use super::content::Content;
use super::pages::{AcceptForm, FormErrors, Pages, WayOn};
use super::security::{JSON_OR_FORM, problem_shown, shown};
use super::signing_in::{presented, with_session};
use super::words::{complaint_in_plain_words, in_plain_words};
use crate::app::App;
use crate::http::{Form, Reply, Request, RequestContext};
use crate::limits::{ACCEPTANCE_BYTES_MAX, NAME_CHARACTERS_MAX};
use crate::operations::invitations::accept::{self, Acceptance};
use crate::operations::invitations::pasted_code;
use crate::operations::invitations::preview::{self, PreviewRequest};
use crate::problem::Problem;
use crate::secret::Secret;

/// The empty form.
pub(super) fn empty_form(pages: &Pages) -> Result<Reply, Problem> {
    shown(200, pages.accept_form(&AcceptForm::default()))
}

/// Accepts an invitation. The browser that sent the form is signed in with that, unless its cookie would travel in the
/// clear.
pub(super) async fn accept(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    let (pages, context) = (&site.pages, request.context().clone());
    match request.media_type().as_deref() {
        Some("application/json") => {
            let acceptance: Acceptance = request.json_within(ACCEPTANCE_BYTES_MAX).await?;
            let accepted = accept::accept(app, context, acceptance).await?;
            Reply::json(200, &accepted)
        }
        Some("application/x-www-form-urlencoded") => {
            let form = match own_form(site, request).await {
                Ok(form) => form,
                Err(problem) => return problem_shown(pages, problem),
            };
            let (acceptance, presented) = (acceptance(&form), presented(site, request));
            let outcome = if site.home.may_sign_in() {
                let both = accept::accept_and_sign_in(app, &context, acceptance, presented).await;
                both.map(|(accepted, session)| (accepted, Some(session)))
            } else {
                accept::accept(app, context.clone(), acceptance).await.map(|accepted| (accepted, None))
            };
            match outcome {
                Ok((accepted, session)) => {
                    let way_on = if session.is_some() { WayOn::Account } else { WayOn::SignIn };
                    let email = &accepted.invitation.email;
                    let page = shown(200, pages.accepted(&accepted.organisation, email, way_on))?;
                    Ok(match session {
                        Some(session) => with_session(site, page, &session),
                        None => page,
                    })
                }
                Err(problem) => refused(app, pages, &context, &form, problem).await,
            }
        }
        _ => Err(Problem::UnsupportedMediaType { supported: JSON_OR_FORM }),
    }
}

async fn own_form(site: &Content, request: &mut Request) -> Result<Form, Problem> {
    site.home.require_own_page(request)?;
    request.form(ACCEPTANCE_BYTES_MAX).await
}

/// Says what an invitation is for. As a page it is the form with the code filled in; the script of the form asks for it
/// as soon as it has a code.
pub(super) async fn preview(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    let (pages, context) = (&site.pages, request.context().clone());
    match request.media_type().as_deref() {
        Some("application/json") => {
            let PreviewRequest { secret } = request.json_within(ACCEPTANCE_BYTES_MAX).await?;
            Reply::json(200, &preview::preview(app, &context, &secret.unwrap_or_default()).await?)
        }
        Some("application/x-www-form-urlencoded") => {
            let form = match own_form(site, request).await {
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
