//! The endpoints beside the API.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::json;

use super::docs;
use crate::app::App;
use crate::http::{self, Form, Reply, Request, Route, route};
use crate::limits::{ACCEPTANCE_BYTES_MAX, NAME_CHARACTERS_MAX};
use crate::openapi;
use crate::operations::health;
use crate::operations::invitations::accept::{self, Acceptance, Accepted};
use crate::operations::invitations::pasted_code;
use crate::problem::Problem;
use crate::secret::Secret;

use super::pages::{ACCEPT_SCRIPT, AcceptForm, CONTENT_SECURITY_POLICY, FormErrors, Pages, STYLE};
use super::security::secured_by;
use super::words::{complaint_in_plain_words, in_plain_words};

/// The content of the pages, loaded once at start.
pub struct Content {
    /// The page templates.
    pub pages: Pages,
    /// The served description.
    pub description: Description,
}

/// The served description, made when it is first asked for: most starts, above all of stand-ins, are for other requests,
/// and it takes a tenth of the time of a start.
pub struct Description {
    public_url: String,
    json: OnceLock<Bytes>,
}

impl Description {
    /// The description with this URL of the server.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self { public_url: public_url.to_owned(), json: OnceLock::new() }
    }

    fn json(&self) -> Result<Bytes, Problem> {
        if let Some(json) = self.json.get() {
            return Ok(json.clone());
        }
        let served = openapi::served(&self.public_url).and_then(|served| serde_json::to_vec(&served));
        let json = served.map_err(|cause| Problem::internal("the served description", cause))?;
        Ok(self.json.get_or_init(|| json.into()).clone())
    }
}

/// An endpoint beside the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The start page, for people who open the server in a browser.
    Start,
    /// The empty form.
    AcceptForm,
    /// The submitted form.
    Accept,
    /// The style sheet of the form.
    Style,
    /// The script that moves the code from the link into the form.
    Script,
    /// brms.json, unchanged.
    VendoredDescription,
    /// The served description.
    ServedDescription,
    /// The served description as a documentation page.
    Docs(docs::File),
    /// Liveness: all essential parts of the process are running.
    Live,
    /// Readiness: requests can be served.
    Ready,
}

impl Endpoint {
    /// The name in the log, where operations have their operationId.
    const fn id(self) -> &'static str {
        match self {
            Self::Start => "page:start",
            Self::AcceptForm => "page:acceptForm",
            Self::Accept => "page:accept",
            Self::Style => "page:style",
            Self::Script => "page:script",
            Self::VendoredDescription => "page:vendoredDescription",
            Self::ServedDescription => "page:servedDescription",
            Self::Docs(_) => "page:docs",
            Self::Live => "page:live",
            Self::Ready => "page:ready",
        }
    }
}

const ROUTES: &[Route<Endpoint>] = &[
    route("GET", "/", Endpoint::Start),
    route("GET", "/invitations/accept", Endpoint::AcceptForm),
    route("POST", "/invitations/accept", Endpoint::Accept),
    route("GET", "/invitations/accept.css", Endpoint::Style),
    route("GET", "/invitations/accept.js", Endpoint::Script),
    route("GET", "/openapi/brms.json", Endpoint::VendoredDescription),
    route("GET", "/openapi.json", Endpoint::ServedDescription),
    route("GET", "/docs", Endpoint::Docs(docs::File::Page)),
    route("GET", "/docs/docs.js", Endpoint::Docs(docs::File::Script)),
    route("GET", "/docs/swagger-ui-bundle.js", Endpoint::Docs(docs::File::Viewer)),
    route("GET", "/docs/swagger-ui.css", Endpoint::Docs(docs::File::ViewerStyle)),
    route("GET", "/livez", Endpoint::Live),
    route("GET", "/readyz", Endpoint::Ready),
];

const JSON_OR_FORM: &str = "application/json or application/x-www-form-urlencoded";

/// The endpoint that a request addresses, or an error if it does not support the method; `None` for other paths.
pub fn find(request: &Request) -> Option<Result<Endpoint, Problem>> {
    match http::find(ROUTES, request.method(), request.path()) {
        Ok(found) => Some(Ok(found.target)),
        Err(Problem::UnknownPath) => None,
        Err(problem) => Some(Err(problem)),
    }
}

/// Answers a request for an endpoint.
pub async fn answer(
    app: &App,
    content: &Content,
    page: Result<Endpoint, Problem>,
    mut request: Request,
) -> Reply {
    let pages = &content.pages;
    let operation = page.as_ref().ok().map(|page| page.id());
    let result = match page {
        Ok(Endpoint::Start) => start(pages),
        Ok(Endpoint::AcceptForm) => show(pages, 200, &AcceptForm::default()),
        Ok(Endpoint::Accept) => take(app, pages, &mut request).await,
        Ok(Endpoint::Style) => Ok(secured(Reply::bytes(200, "text/css; charset=utf-8", STYLE))),
        Ok(Endpoint::Script) => {
            Ok(secured(Reply::bytes(200, "text/javascript; charset=utf-8", ACCEPT_SCRIPT)))
        }
        Ok(Endpoint::VendoredDescription) => Ok(Reply::bytes(200, "application/json", openapi::VENDORED)),
        Ok(Endpoint::ServedDescription) => {
            content.description.json().map(|json| Reply::bytes(200, "application/json", json))
        }
        Ok(Endpoint::Docs(file)) => docs::show(file, &request),
        Ok(Endpoint::Live) => health::live(app).and_then(|()| Reply::json(200, &json!({ "status": "live" }))),
        Ok(Endpoint::Ready) => match health::ready(app).await {
            Ok(()) => Reply::json(200, &json!({ "status": "ready" })),
            Err(problem) => Err(problem),
        },
        Err(problem) => Err(problem),
    };
    request.finish(operation, result).await
}

/// Accepts an invitation. A form gets a page, JSON gets JSON.
async fn take(app: &App, pages: &Pages, request: &mut Request) -> Result<Reply, Problem> {
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
                Err(problem) => return show_problem(pages, problem),
            };
            match accept::accept(app, context, acceptance(&form)).await {
                Ok(accepted) => welcome(pages, &accepted),
                Err(problem @ (Problem::Invalid(_) | Problem::UnknownCode)) => {
                    show_again(pages, &form, problem)
                }
                Err(problem) => show_problem(pages, problem),
            }
        }
        _ => Err(Problem::UnsupportedMediaType { supported: JSON_OR_FORM }),
    }
}

fn acceptance(form: &Form) -> Acceptance {
    let field = |name: &str| form.get(name).map(str::to_owned);
    Acceptance { secret: field("secret"), first_name: field("firstName"), last_name: field("lastName") }
}

fn start(pages: &Pages) -> Result<Reply, Problem> {
    let page = pages.start().map_err(|cause| Problem::internal("rendering a page", cause))?;
    Ok(secured(Reply::html(200, page)))
}

fn show(pages: &Pages, status: u16, form: &AcceptForm) -> Result<Reply, Problem> {
    let page = pages.accept_form(form).map_err(|cause| Problem::internal("rendering a page", cause))?;
    Ok(secured(Reply::html(status, page)))
}

fn welcome(pages: &Pages, accepted: &Accepted) -> Result<Reply, Problem> {
    let page = pages.accepted(&accepted.organisation, &accepted.invitation.email);
    let page = page.map_err(|cause| Problem::internal("rendering a page", cause))?;
    Ok(secured(Reply::html(200, page)))
}

/// The form again, with the values that were entered and what is wrong with them.
fn show_again(pages: &Pages, form: &Form, problem: Problem) -> Result<Reply, Problem> {
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
    let again = AcceptForm {
        secret: code.as_ref().map_or("", Secret::reveal),
        first_name: shown_again(form.get("firstName")),
        last_name: shown_again(form.get("lastName")),
        errors: FormErrors {
            secret: secret.as_deref(),
            first_name: first_name.as_deref(),
            last_name: last_name.as_deref(),
        },
    };
    let mut reply = show(pages, problem.status(), &again)?;
    reply.problem = Some(problem);
    Ok(reply)
}

/// A name that was entered, unless it is too long to be one: then the page would repeat all of it.
fn shown_again(name: Option<&str>) -> &str {
    name.filter(|name| name.chars().nth(NAME_CHARACTERS_MAX).is_none()).unwrap_or_default()
}

/// A problem as a page, with the same status and headers as for API clients.
fn show_problem(pages: &Pages, problem: Problem) -> Result<Reply, Problem> {
    let (title, detail) = in_plain_words(&problem);
    let page = pages.problem(title, &detail);
    let page = page.map_err(|cause| Problem::internal("rendering a page", cause))?;
    let mut reply = secured(Reply::html(problem.status(), page));
    for (name, value) in problem.headers() {
        reply = reply.with_header(name, value);
    }
    reply.problem = Some(problem);
    Ok(reply)
}

fn secured(reply: Reply) -> Reply {
    secured_by(CONTENT_SECURITY_POLICY, reply)
}
