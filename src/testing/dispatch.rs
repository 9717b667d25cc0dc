//! Calls operations on a server with test controls, applying configured faults.

use super::controls::Controls;
use super::faults::{Effect, When};
use crate::app::App;
use crate::generated::router;
use crate::http::{self, Reply, Request};
use crate::problem::{INJECTABLE_STATUSES, Problem};

/// Calls the operation that a request addresses, unless a fault is configured for it.
pub(super) async fn dispatch(app: &App, controls: &Controls, request: Request) -> Reply {
    let found = http::find(router::ROUTES, request.method(), request.path());
    let operation = found.ok().map(|found| found.target);
    match operation.and_then(|operation| Some((operation, controls.faults.take(operation)?))) {
        None => router::dispatch(app, request).await,
        Some((operation, Effect::Status(status))) => {
            request.finish(Some(operation.id()), Err(Problem::Injected(status))).await
        }
        Some((_, Effect::Delay(length))) => {
            let reply = router::dispatch(app, request).await;
            // At shutdown the response is sent without the rest of the delay.
            let _ = controls.unless_stopped(tokio::time::sleep(length)).await;
            reply
        }
        Some((operation, Effect::Drop(When::Before))) => {
            let unanswered = Problem::Injected(*INJECTABLE_STATUSES.end());
            request.finish(Some(operation.id()), Err(unanswered)).await.cut()
        }
        Some((_, Effect::Drop(When::After))) => router::dispatch(app, request).await.cut(),
    }
}
