//! Signing in and out. A form gets a page and cookies; JSON neither reads nor sets cookies.

use serde_json::json;

use super::content::Content;
use super::home::Cookie;
use super::pages::{CodeForm, PagePlace};
use super::security::{JSON_OR_FORM, as_page, found_elsewhere, shown};
use super::words::{complaint_in_plain_words, in_plain_words};
use crate::access::SessionKey;
use crate::app::App;
use crate::http::{Form, Reply, Request};
use crate::limits::ACCEPTANCE_BYTES_MAX;
use crate::operations::sign_ins::account::{self, SessionToEnd};
use crate::operations::sign_ins::ask::{self, CodeRequest};
use crate::operations::sign_ins::confirm::{self, CodeConfirmation, Confirmed, Joining};
use crate::operations::sign_ins::{NewSession, Presented, follow};
use crate::problem::Problem;
use crate::secret::{Secret, SecretKind};

/// How long the browser keeps the cookie of an attempt, as long as the code works.
const ATTEMPT_SECONDS: u64 = 600;
const DEVICE_SECONDS: u64 = 90 * 24 * 3600;

/// A browser has one, or two if another page of the host has set one.
const SESSIONS_ENDED_MAX: usize = 4;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The session of the browser, if its cookie has the form of one.
pub(super) fn session_key(site: &Content, request: &Request) -> Option<SessionKey> {
    let text = site.home.read(request, Cookie::Session)?;
    SessionKey::parse(text, request.context())
}

/// What the browser came with.
pub(super) fn presented(site: &Content, request: &Request) -> Presented {
    let hash = |kind, cookie| {
        let secret = site.home.read(request, cookie).and_then(|text| Secret::parse(kind, text));
        secret.map(|secret| secret.hash())
    };
    Presented {
        session: hash(SecretKind::Session, Cookie::Session),
        device: hash(SecretKind::SignInDevice, Cookie::Device),
    }
}

fn attempt(site: &Content, request: &Request) -> Option<Secret> {
    Secret::parse(SecretKind::SignInAttempt, site.home.read(request, Cookie::Attempt)?)
}

/// The start page, or for a person who has signed in the way to their own. It is shown even if the database is not
/// available.
pub(super) async fn start(app: &App, site: &Content, request: &Request) -> Result<Reply, Problem> {
    if let Ok(true) = is_signed_in(app, site, request).await {
        return Ok(found_elsewhere("account"));
    }
    let organisation = account::only_organisation(app, request.context().deadline).await;
    shown(200, site.pages.start(organisation.ok().flatten().as_deref()))
}

async fn is_signed_in(app: &App, site: &Content, request: &Request) -> Result<bool, Problem> {
    match session_key(site, request) {
        Some(key) => account::is_signed_in(app, &key).await,
        None => Ok(false),
    }
}

/// The page for signing in.
pub(super) async fn form(app: &App, site: &Content, request: &Request) -> Result<Reply, Problem> {
    site.home.require_safe_way()?;
    if let Some(place) = site.home.better_place(request) {
        return Ok(found_elsewhere(place));
    }
    if is_signed_in(app, site, request).await? {
        return Ok(found_elsewhere("account"));
    }
    let is_asked = attempt(site, request).is_some();
    let form = CodeForm { is_asked, sends_mail: site.home.sends_mail, ..CodeForm::default() };
    shown(200, site.pages.sign_in(PagePlace::ROOT, &form))
}

/// Asks for a code.
pub(super) async fn ask(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    match request.media_type().as_deref() {
        Some(JSON) => {
            site.home.require_safe_way()?;
            let CodeRequest { email } = request.json_within(ACCEPTANCE_BYTES_MAX).await?;
            Reply::json(200, &ask::ask(app, request.context(), &email, None).await?)
        }
        Some(FORM) => as_page(&site.pages, PagePlace::ROOT, ask_form(app, site, request).await),
        _ => Err(Problem::UnsupportedMediaType { supported: JSON_OR_FORM }),
    }
}

async fn ask_form(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    let form = posted(site, request).await?;
    let (email, device) = (form.get("email").unwrap_or_default(), presented(site, request).device);
    let asked = match ask::ask(app, request.context(), email, device).await {
        Ok(asked) => asked,
        Err(problem) => return not_asked(site, problem),
    };
    let page = CodeForm { is_asked: true, sends_mail: site.home.sends_mail, ..CodeForm::default() };
    let reply = shown(200, site.pages.sign_in(PagePlace::ROOT, &page))?;
    let cookie = site.home.set(Cookie::Attempt, asked.attempt.reveal(), ATTEMPT_SECONDS);
    Ok(reply.with_header("set-cookie", cookie))
}

/// The fields of a form that a page of this server sent.
pub(super) async fn posted(site: &Content, request: &mut Request) -> Result<Form, Problem> {
    site.home.require_own_page(request)?;
    site.home.require_safe_way()?;
    request.form(ACCEPTANCE_BYTES_MAX).await
}

/// Why no code was sent: beside the field, if another address helps.
fn not_asked(site: &Content, problem: Problem) -> Result<Reply, Problem> {
    let Problem::Invalid(places) = &problem else { return Err(problem) };
    let complaint = places.first().map(|place| complaint_in_plain_words(&place.detail));
    let form = CodeForm {
        email_error: complaint.as_deref(),
        sends_mail: site.home.sends_mail,
        ..CodeForm::default()
    };
    let mut reply = shown(problem.status(), site.pages.sign_in(PagePlace::ROOT, &form))?;
    reply.problem = Some(problem);
    Ok(reply)
}

/// Signs in with a code, or with the operator's link.
pub(super) async fn confirm(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    match request.media_type().as_deref() {
        Some(JSON) => confirm_json(app, site, request).await,
        Some(FORM) => as_page(&site.pages, PagePlace::IN_FOLDER, confirm_form(app, site, request).await),
        _ => Err(Problem::UnsupportedMediaType { supported: JSON_OR_FORM }),
    }
}

async fn confirm_json(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    site.home.require_safe_way()?;
    let context = request.context().clone();
    let CodeConfirmation { attempt, code, user_id } = request.json_within(ACCEPTANCE_BYTES_MAX).await?;
    let attempt = Secret::parse(SecretKind::SignInAttempt, &attempt);
    let nothing = Presented::default();
    let session = match user_id {
        Some(user_id) => confirm::choose(app, &context, attempt, user_id.into(), None, nothing).await?,
        None => match confirm::confirm(app, &context, attempt, &code.unwrap_or_default(), nothing).await? {
            Confirmed::SignedIn(session) => *session,
            Confirmed::Choose(choices) => return Reply::json(200, &json!({ "choices": choices })),
        },
    };
    let user = &session.user;
    let answer = json!({
        "secret": session.secret.reveal(),
        "expiresAt": session.expires_at,
        "user": {
            "id": user.id,
            "email": user.email,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "type": user.user_type,
            "organisation": session.organisation,
        },
    });
    Reply::json(200, &answer)
}

async fn confirm_form(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    let form = posted(site, request).await?;
    let (context, presented) = (request.context(), presented(site, request));
    let attempt = attempt(site, request);
    let outcome = if let Some(user) = form.get("user") {
        let field = |name: &str| form.get(name).map(str::to_owned);
        let joining = Joining::check(field("firstName"), field("lastName"))?;
        match uuid::Uuid::try_parse(user) {
            Ok(id) => confirm::choose(app, context, attempt, id.into(), Some(joining), presented).await,
            Err(_) => Err(Problem::WrongSignInCode),
        }
    } else {
        let code = form.get("code").unwrap_or_default();
        match follow(app, context, code, presented).await {
            Ok(Some(session)) => Ok(session),
            Ok(None) => match confirm::confirm(app, context, attempt, code, presented).await {
                Ok(Confirmed::SignedIn(session)) => Ok(*session),
                Ok(Confirmed::Choose(choices)) => {
                    return shown(200, site.pages.choose(PagePlace::IN_FOLDER, &choices));
                }
                Err(problem) => Err(problem),
            },
            Err(problem) => Err(problem),
        }
    };
    match outcome {
        Ok(session) => Ok(with_session(site, found_elsewhere("../account"), &session)),
        Err(problem @ Problem::WrongSignInCode) => {
            let (title, detail) = in_plain_words(&problem);
            let complaint = format!("{title}. {detail}");
            let form = CodeForm {
                is_asked: true,
                code_error: Some(&complaint),
                sends_mail: site.home.sends_mail,
                ..CodeForm::default()
            };
            let mut reply = shown(problem.status(), site.pages.sign_in(PagePlace::IN_FOLDER, &form))?;
            reply.problem = Some(problem);
            Ok(reply)
        }
        Err(problem) => Err(problem),
    }
}

/// The reply with the cookies of a session.
pub(super) fn with_session(site: &Content, reply: Reply, session: &NewSession) -> Reply {
    let home = &site.home;
    let now = session.expires_at.as_millis() - session.begun_at.as_millis();
    let seconds = u64::try_from(now / 1000).unwrap_or_default();
    let reply = reply.with_header("set-cookie", home.set(Cookie::Session, session.secret.reveal(), seconds));
    let Some(device) = &session.device else { return reply };
    reply
        .with_header("set-cookie", home.set(Cookie::Device, device.reveal(), DEVICE_SECONDS))
        .with_header("set-cookie", home.clear(Cookie::Attempt))
}

/// Signs out, also where signing in is refused: ends every session that the browser came with.
pub(super) async fn sign_out(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    site.home.require_own_page(request)?;
    request.form(ACCEPTANCE_BYTES_MAX).await?;
    let texts = site.home.read_all(request, Cookie::Session).into_iter().take(SESSIONS_ENDED_MAX);
    let keys: Vec<_> = texts.filter_map(|text| SessionKey::parse(text, request.context())).collect();
    for key in keys {
        account::end_session(app, &key, SessionToEnd::Current).await?;
    }
    Ok(found_elsewhere("./").with_header("set-cookie", site.home.clear(Cookie::Session)))
}
