//! The log line of a request. It contains the operation instead of the path, and of the client's headers only the
//! trace.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::metrics::NO_OPERATION;
use super::site::Site;
use super::trace::TraceId;
use crate::http::{Reply, RequestTrail};
use crate::problem::Problem;

/// What probes ask for, again and again.
const PROBES: [&str; 3] = ["page:live", "page:ready", "healthCheck"];

/// The log line of a request.
#[derive(Clone, Copy)]
pub(super) struct LogLine<'a> {
    pub request_id: Uuid,
    /// `None` by a socket in the file system.
    pub client: Option<IpAddr>,
    pub trace: Option<TraceId>,
    pub method: &'a str,
    pub begun: Instant,
    /// What was learned about the request, if it could be read.
    pub trail: Option<&'a RequestTrail>,
}

/// How much attention a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention<'r> {
    /// A fault of the server, with its cause.
    Fault(&'r str),
    /// It took long.
    Slow,
    Usual,
    /// A probe that found nothing.
    Probe,
}

impl<'r> Attention<'r> {
    fn of(operation: &str, reply: &'r Reply, duration: Duration, slow: Duration) -> Self {
        match &reply.problem {
            Some(Problem::Internal(cause)) => Self::Fault(cause),
            _ if duration >= slow => Self::Slow,
            None if PROBES.contains(&operation) => Self::Probe,
            _ => Self::Usual,
        }
    }
}

impl LogLine<'_> {
    /// Writes the line, and counts the request.
    pub(super) fn log(self, site: &Site, reply: &Reply) {
        let Self { request_id, client, trace, method, begun, trail } = self;
        let operation = reply.operation.unwrap_or(NO_OPERATION);
        let (status, duration) = (reply.status, begun.elapsed());
        site.traffic.record(operation, status, duration);
        let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let trace = trace.map(tracing::field::display);
        let is_shown = !site.request_log.log_without_clients;
        let client = client.filter(|_| is_shown).map(tracing::field::display);
        let user = trail.filter(|_| is_shown).and_then(RequestTrail::user_id).map(tracing::field::display);
        let problem = reply.problem.as_ref().map(Problem::name);
        // All lines have these fields; tracing offers no way to list them once.
        macro_rules! line {
            ($level:ident, $text:literal $(, $($more:tt)+)?) => {
                tracing::$level!(
                    request.id = %request_id, trace.id = trace, client.address = client, user.id = user, operation,
                    method, status, duration_us, $($($more)+,)? $text
                )
            };
        }
        match Attention::of(operation, reply, duration, site.request_log.slow_request) {
            Attention::Fault(cause) => line!(error, "request", cause),
            Attention::Slow => {
                let waits = trail.map(RequestTrail::waits).unwrap_or_default();
                line!(
                    warn,
                    "slow request",
                    problem,
                    waited.body_us = waits.body_us,
                    waited.queue_us = waits.queue_us,
                    waited.database_us = waits.database_us
                );
            }
            Attention::Usual => line!(info, "request", problem),
            Attention::Probe => line!(debug, "request"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Unavailable;

    #[test]
    fn probes_are_quiet_unless_they_fail_and_slow_requests_are_not() {
        fn of<'r>(operation: &str, reply: &'r Reply, seconds: f64) -> Attention<'r> {
            Attention::of(operation, reply, Duration::from_secs_f64(seconds), Duration::from_secs(1))
        }
        let (well, id) = (Reply::empty(200), Uuid::nil());
        let unready = Reply::problem(Problem::Unavailable(Unavailable::Database), id);
        let fault = Reply::problem(Problem::Internal("a fault".into()), id);
        assert_eq!(of("listUsers", &well, 0.999), Attention::Usual);
        assert_eq!(of("listUsers", &well, 1.0), Attention::Slow);
        assert_eq!(of("listUsers", &fault, 1.0), Attention::Fault("a fault"));
        for probe in PROBES {
            assert_eq!(of(probe, &well, 0.0), Attention::Probe);
            assert_eq!(of(probe, &unready, 0.0), Attention::Usual);
            assert_eq!(of(probe, &well, 2.0), Attention::Slow);
        }
    }
}
