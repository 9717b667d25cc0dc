//! Moving the clock, so that what expires in a week expires now. Everything that asks for the time asks
//! this clock; only the waiting of the machine itself (time-outs, a long poll) goes by the system's.

use serde::Deserialize;

use crate::app::App;
use crate::clock::Timestamp;
use crate::config::positive_time;
use crate::http::{self, Reply};
use crate::problem::{Place, Problem};

/// The first and the last moment that the clock may be moved to: from the one on an id has a time, and up
/// to the other a time to live of a century still fits into a date.
const FIRST: Timestamp = Timestamp::from_millis(0);
const LAST: Timestamp = Timestamp::from_millis(221_845_392_000_000);

/// A moment to go to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object", remote = "Self")]
pub(super) struct Moment {
    now: Timestamp,
}

http::object!(Moment);

impl http::Limits for Moment {}

/// A length of time to let pass, such as `8d`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object", remote = "Self")]
pub(super) struct Advance {
    by: String,
}

http::object!(Advance);

impl http::Limits for Advance {}

/// What time it is, and whether the clock stands still.
pub(super) fn show(app: &App) -> Result<Reply, Problem> {
    let clock = app.db.clock();
    Reply::json(200, &serde_json::json!({ "now": clock.now(), "frozen": clock.is_frozen() }))
}

/// Makes it this moment, also one that is past; a clock that runs goes on from there.
pub(super) fn set(app: &App, wanted: &Moment) -> Result<Reply, Problem> {
    app.db.clock().set(reachable("/now", wanted.now)?);
    moved(app)
}

/// Lets time pass at once.
pub(super) fn advance(app: &App, wanted: &Advance) -> Result<Reply, Problem> {
    let length =
        positive_time(&wanted.by).map_err(|detail| Problem::invalid(Place::pointer("/by", detail)))?;
    let clock = app.db.clock();
    reachable("/by", clock.now().plus(length))?;
    clock.advance(length);
    moved(app)
}

/// Stops the clock.
pub(super) fn freeze(app: &App) -> Result<Reply, Problem> {
    app.db.clock().freeze();
    show(app)
}

/// Lets it run on from where it stands.
pub(super) fn resume(app: &App) -> Result<Reply, Problem> {
    app.db.clock().resume();
    show(app)
}

fn reachable(pointer: &str, moment: Timestamp) -> Result<Timestamp, Problem> {
    if (FIRST..=LAST).contains(&moment) {
        return Ok(moment);
    }
    let detail = format!(
        "would make it {}; the clock goes from {} to {}",
        moment.rfc3339(),
        FIRST.rfc3339(),
        LAST.rfc3339()
    );
    Err(Problem::invalid(Place::pointer(pointer, detail)))
}

/// What falls due by the jump is done now: mails that wait for their next try.
fn moved(app: &App) -> Result<Reply, Problem> {
    app.db.mail_bell().notify_one();
    show(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_reaches_from_1970_to_the_year_9000() {
        assert_eq!(FIRST.rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(LAST.rfc3339(), "9000-01-01T00:00:00.000Z");
    }
}
