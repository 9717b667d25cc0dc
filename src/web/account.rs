//! The page of a person who has signed in, and ending their sessions.

use super::content::Content;
use super::home::Cookie;
use super::security::{found_elsewhere, shown};
use super::signing_in::{posted, session_key};
use crate::app::App;
use crate::http::{Reply, Request};
use crate::operations::sign_ins::account::{self, EndedSession, SessionToEnd};
use crate::problem::Problem;

/// The own profile and sessions.
pub(super) async fn show(app: &App, site: &Content, request: &Request) -> Result<Reply, Problem> {
    let Some(key) = session_key(site, request) else { return Ok(found_elsewhere("sign-in")) };
    match account::account(app, &key).await? {
        Some(account) => shown(200, site.pages.account(&account)),
        None => Ok(found_elsewhere("sign-in")),
    }
}

/// Ends one of the own sessions.
pub(super) async fn end_session(app: &App, site: &Content, request: &mut Request) -> Result<Reply, Problem> {
    let form = posted(site, request).await?;
    let Some(key) = session_key(site, request) else { return Ok(found_elsewhere("../sign-in")) };
    let Some(id) = form.get("session").and_then(|text| uuid::Uuid::try_parse(text).ok()) else {
        return Ok(found_elsewhere("../account"));
    };
    Ok(match account::end_session(app, &key, SessionToEnd::Own(id.into())).await? {
        None => found_elsewhere("../sign-in"),
        Some(EndedSession::Other) => found_elsewhere("../account"),
        Some(EndedSession::Current) => {
            found_elsewhere("../").with_header("set-cookie", site.home.clear(Cookie::Session))
        }
    })
}
