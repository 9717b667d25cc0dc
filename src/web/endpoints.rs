//! The endpoints beside the API.

use serde_json::json;

use super::assets::{ACCEPT_SCRIPT, ICON, SIGN_IN_SCRIPT, STYLE};
use super::content::Content;
use super::pages::PagePlace;
use super::security::{as_page, found_elsewhere, secured};
use super::{accepting, account, docs, signing_in};
use crate::app::App;
use crate::http::{self, Reply, Request, Route, route};
use crate::openapi;
use crate::operations::health;
use crate::problem::Problem;

/// An endpoint beside the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The start page, for people who open the server in a browser.
    Start,
    /// The empty form.
    AcceptForm,
    /// The submitted form.
    Accept,
    /// What an invitation is for.
    Preview,
    /// The page for signing in.
    SignInForm,
    /// Asks for a code.
    SignIn,
    /// Leads back to the page for signing in, for a browser that loads the address of the form again.
    BackToSignIn,
    /// Signs in with a code.
    SignInCode,
    /// Ends the own session.
    SignOut,
    /// The person who has signed in.
    Account,
    /// Ends one of their sessions.
    EndSession,
    /// The script of the page for signing in.
    SignInScript,
    /// The style sheet of all pages.
    Style,
    /// The icon of all pages.
    Icon,
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
            Self::Preview => "page:preview",
            Self::SignInForm => "page:signInForm",
            Self::SignIn => "page:signIn",
            Self::BackToSignIn => "page:backToSignIn",
            Self::SignInCode => "page:signInCode",
            Self::SignOut => "page:signOut",
            Self::Account => "page:account",
            Self::EndSession => "page:endSession",
            Self::SignInScript => "page:signInScript",
            Self::Style => "page:style",
            Self::Icon => "page:icon",
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
    route("GET", "/style.css", Endpoint::Style),
    route("GET", "/icon.svg", Endpoint::Icon),
    route("GET", "/invitations/accept", Endpoint::AcceptForm),
    route("POST", "/invitations/accept", Endpoint::Accept),
    route("POST", "/invitations/preview", Endpoint::Preview),
    route("GET", "/invitations/accept.js", Endpoint::Script),
    route("GET", "/sign-in", Endpoint::SignInForm),
    route("POST", "/sign-in", Endpoint::SignIn),
    route("GET", "/sign-in/code", Endpoint::BackToSignIn),
    route("POST", "/sign-in/code", Endpoint::SignInCode),
    route("GET", "/sign-in.js", Endpoint::SignInScript),
    route("POST", "/sign-out", Endpoint::SignOut),
    route("GET", "/account", Endpoint::Account),
    route("POST", "/account/sessions", Endpoint::EndSession),
    route("GET", "/openapi/brms.json", Endpoint::VendoredDescription),
    route("GET", "/openapi.json", Endpoint::ServedDescription),
    route("GET", "/docs", Endpoint::Docs(docs::File::Page)),
    route("GET", "/docs/docs.css", Endpoint::Docs(docs::File::Style)),
    route("GET", "/docs/docs.js", Endpoint::Docs(docs::File::Script)),
    route("GET", "/docs/swagger-ui-bundle.js", Endpoint::Docs(docs::File::Viewer)),
    route("GET", "/docs/swagger-ui.css", Endpoint::Docs(docs::File::ViewerStyle)),
    route("GET", "/livez", Endpoint::Live),
    route("GET", "/readyz", Endpoint::Ready),
];

/// The names of all endpoints in the log and the metrics. Files of one page share a name.
pub fn endpoint_names() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|route| route.target.id())
}

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
        Ok(Endpoint::Start) => signing_in::start(app, content, &request).await,
        Ok(Endpoint::AcceptForm) => accepting::empty_form(pages),
        Ok(Endpoint::Accept) => accepting::accept(app, content, &mut request).await,
        Ok(Endpoint::Preview) => accepting::preview(app, content, &mut request).await,
        Ok(Endpoint::SignInForm) => {
            as_page(pages, PagePlace::ROOT, signing_in::form(app, content, &request).await)
        }
        Ok(Endpoint::SignIn) => signing_in::ask(app, content, &mut request).await,
        Ok(Endpoint::BackToSignIn) => Ok(found_elsewhere("../sign-in")),
        Ok(Endpoint::SignInCode) => signing_in::confirm(app, content, &mut request).await,
        Ok(Endpoint::SignOut) => {
            as_page(pages, PagePlace::ROOT, signing_in::sign_out(app, content, &mut request).await)
        }
        Ok(Endpoint::Account) => as_page(pages, PagePlace::ROOT, account::show(app, content, &request).await),
        Ok(Endpoint::EndSession) => {
            as_page(pages, PagePlace::IN_FOLDER, account::end_session(app, content, &mut request).await)
        }
        Ok(Endpoint::Style) => Ok(secured(Reply::bytes(200, "text/css; charset=utf-8", STYLE))),
        Ok(Endpoint::Icon) => Ok(secured(Reply::bytes(200, "image/svg+xml", ICON))),
        Ok(Endpoint::Script) => Ok(script(ACCEPT_SCRIPT)),
        Ok(Endpoint::SignInScript) => Ok(script(SIGN_IN_SCRIPT)),
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

fn script(text: &'static str) -> Reply {
    secured(Reply::bytes(200, "text/javascript; charset=utf-8", text))
}
