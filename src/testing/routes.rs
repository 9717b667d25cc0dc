//! The routes of the test controls.

use super::controls::Controls;
use super::{clock, dispatch, mailbox, reset};
use crate::app::App;
use crate::http::{self, Reply, Request, Route, route, words};
use crate::problem::Problem;

words! {
    /// A test control. Its name is written to the log, where operations have their operationId.
    Control {
        Reset = "test:reset",
        Seed = "test:seed",
        Export = "test:export",
        Clock = "test:clock",
        SetClock = "test:setClock",
        AdvanceClock = "test:advanceClock",
        FreezeClock = "test:freezeClock",
        ResumeClock = "test:resumeClock",
        Mailbox = "test:mailbox",
        NextMail = "test:nextMail",
        Fail = "test:fail",
        Faults = "test:faults",
        ClearFaults = "test:clearFaults",
    }
}

const ROUTES: &[Route<Control>] = &[
    route("POST", "/_test/reset", Control::Reset),
    route("POST", "/_test/seed", Control::Seed),
    route("GET", "/_test/export", Control::Export),
    route("GET", "/_test/clock", Control::Clock),
    route("PUT", "/_test/clock", Control::SetClock),
    route("POST", "/_test/clock/advance", Control::AdvanceClock),
    route("POST", "/_test/clock/freeze", Control::FreezeClock),
    route("POST", "/_test/clock/resume", Control::ResumeClock),
    route("GET", "/_test/mailbox", Control::Mailbox),
    route("GET", "/_test/mailbox/next", Control::NextMail),
    route("POST", "/_test/fail", Control::Fail),
    route("GET", "/_test/fail", Control::Faults),
    route("DELETE", "/_test/fail", Control::ClearFaults),
];

/// The names of all test controls in the log and the metrics.
pub fn control_names() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|route| route.target.as_str())
}

/// Answers a request for a test control or for an operation, which may have a fault configured.
pub async fn answer(app: &App, controls: &Controls, mut request: Request) -> Reply {
    match http::find(ROUTES, request.method(), request.path()) {
        Ok(found) => {
            let result = call(app, controls, found.target, &mut request).await;
            request.finish(Some(found.target.as_str()), result).await
        }
        Err(Problem::UnknownPath) => dispatch::dispatch(app, controls, request).await,
        Err(problem) => request.finish(None, Err(problem)).await,
    }
}

async fn call(
    app: &App,
    controls: &Controls,
    control: Control,
    request: &mut Request,
) -> Result<Reply, Problem> {
    controls.authenticate(request.authorization())?;
    match control {
        Control::Reset => reset::reset(app, controls, request).await,
        Control::Seed => reset::seed(app, controls, request).await,
        Control::Export => reset::export(app, request).await,
        Control::Clock => clock::show(app),
        Control::SetClock => clock::set(app, &request.json().await?),
        Control::AdvanceClock => clock::advance(app, &request.json().await?),
        Control::FreezeClock => clock::freeze(app),
        Control::ResumeClock => clock::resume(app),
        Control::Mailbox => mailbox::list(app, request).await,
        Control::NextMail => mailbox::next(app, controls, request).await,
        Control::Fail => controls.faults.add(&request.json().await?),
        Control::Faults => controls.faults.list(),
        Control::ClearFaults => controls.faults.clear(),
    }
}
