//! Moves the clock, so that tests need not wait for expiry. All code that needs the time uses this clock; only real
//! waiting (time-outs, long polling) uses the system clock.

use serde::Deserialize;

use crate::app::App;
use crate::clock::Timestamp;
use crate::config::positive_time;
use crate::http::{self, Reply};
use crate::problem::{Place, Problem};

/// The earliest and latest time the clock can be set to: ids need a time since 1970, and a lifetime of a century has
/// to fit into a date.
const FIRST: Timestamp = Timestamp::from_millis(0);
const LAST: Timestamp = Timestamp::from_millis(221_845_392_000_000);

/// A time to set the clock to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object", remote = "Self")]
pub(super) struct Moment {
    now: Timestamp,
}

http::object!(Moment);

impl http::Limits for Moment {}

/// A duration to advance the clock by, such as `8d`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object", remote = "Self")]
pub(super) struct Advance {
    by: String,
}

http::object!(Advance);

impl http::Limits for Advance {}

/// The current time, and whether the clock is frozen.
pub(super) fn show(app: &App) -> Result<Reply, Problem> {
    let clock = app.db.clock();
    Reply::json(200, &serde_json::json!({ "now": clock.now(), "frozen": clock.is_frozen() }))
}

/// Sets the clock, also to a time in the past; a running clock continues from there.
pub(super) fn set(app: &App, wanted: &Moment) -> Result<Reply, Problem> {
    app.db.clock().set(reachable("/now", wanted.now)?);
    moved(app)
}

/// Advances the clock.
pub(super) fn advance(app: &App, wanted: &Advance) -> Result<Reply, Problem> {
    let length =
        positive_time(&wanted.by).map_err(|detail| Problem::invalid(Place::pointer("/by", detail)))?;
    let clock = app.db.clock();
    reachable("/by", clock.now().plus(length))?;
    clock.advance(length);
    moved(app)
}

/// Freezes the clock.
pub(super) fn freeze(app: &App) -> Result<Reply, Problem> {
    app.db.clock().freeze();
    show(app)
}

/// Resumes the clock from its current time.
pub(super) fn resume(app: &App) -> Result<Reply, Problem> {
    app.db.clock().resume();
    show(app)
}

fn reachable(pointer: &str, moment: Timestamp) -> Result<Timestamp, Problem> {
    if (FIRST..=LAST).contains(&moment) {
        return Ok(moment);
    }
    let detail = format!(
        "would set the clock to {}; it must be between {} and {}",
        moment.rfc3339(),
        FIRST.rfc3339(),
        LAST.rfc3339()
    );
    Err(Problem::invalid(Place::pointer(pointer, detail)))
}

/// Wakes mail delivery, so that retries which became due are made at once.
fn moved(app: &App) -> Result<Reply, Problem> {
    app.db.mail_queued().notify_one();
    show(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_can_be_set_from_1970_to_the_year_9000() {
        assert_eq!(FIRST.rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(LAST.rfc3339(), "9000-01-01T00:00:00.000Z");
    }
}
