//! Fault injection: the next responses of an operation get another status, are delayed, or are dropped.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::positive_time;
use crate::generated::api::Operation;
use crate::http::{self, Reply};
use crate::problem::{INJECTABLE_STATUSES, Place, Problem};

/// The most responses that one fault may affect.
const TIMES_MAX: u32 = 1_000_000;
/// The longest delay.
const DELAY_MAX: Duration = Duration::from_mins(10);

/// A fault as requested.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object", remote = "Self")]
pub(super) struct FaultOrder {
    /// An `operationId` of the description.
    operation: String,
    /// How many responses are affected; 1 when absent.
    #[serde(default = "once")]
    times: u32,
    /// The status of the response; the operation is not executed.
    #[serde(default)]
    status: Option<u16>,
    /// How long the response is delayed after the operation was executed.
    #[serde(default)]
    delay: Option<String>,
    /// Drops the connection, before the operation is executed or in place of the response.
    #[serde(default)]
    drop: Option<When>,
}

http::object!(FaultOrder);

impl http::Limits for FaultOrder {}

const fn once() -> u32 {
    1
}

/// When a connection is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum When {
    /// Before the operation is executed.
    Before,
    /// In place of the response, after the operation was executed.
    After,
}

/// The effect on one response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Status(u16),
    Delay(Duration),
    Drop(When),
}

/// A validated fault.
#[derive(Clone, Copy)]
struct Fault {
    operation: Operation,
    effect: Effect,
    /// How many more responses are affected.
    times: u32,
}

impl Fault {
    /// The fault in the form in which it is requested.
    fn shown(&self) -> Value {
        let mut shown = json!({ "operation": self.operation.id(), "times": self.times });
        match self.effect {
            Effect::Status(status) => shown["status"] = status.into(),
            Effect::Delay(length) => shown["delay"] = humantime::format_duration(length).to_string().into(),
            Effect::Drop(when) => shown["drop"] = json!(when),
        }
        shown
    }
}

/// The faults that are not used up, in the order they were added.
#[derive(Default)]
pub(super) struct Faults {
    due: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Adds a fault, and lists all.
    pub(super) fn add(&self, order: &FaultOrder) -> Result<Reply, Problem> {
        let fault = parse(order)?;
        self.due().push(fault);
        self.list()
    }

    /// Lists the faults that are not used up.
    pub(super) fn list(&self) -> Result<Reply, Problem> {
        let due: Vec<Value> = self.due().iter().map(Fault::shown).collect();
        Reply::json(200, &due)
    }

    /// Removes all faults, and lists none.
    pub(super) fn clear(&self) -> Result<Reply, Problem> {
        self.forget();
        self.list()
    }

    /// Removes all faults.
    pub(super) fn forget(&self) {
        self.due().clear();
    }

    /// The effect on the next response of an operation; uses it up.
    pub(super) fn take(&self, operation: Operation) -> Option<Effect> {
        let mut due = self.due();
        let position = due.iter().position(|fault| fault.operation == operation)?;
        let fault = &mut due[position];
        let effect = fault.effect;
        fault.times -= 1;
        if fault.times == 0 {
            due.remove(position);
        }
        Some(effect)
    }

    /// No code panics while holding the lock, so a poisoned one is still consistent.
    fn due(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(order: &FaultOrder) -> Result<Fault, Problem> {
    let operation = Operation::ALL.iter().find(|operation| operation.id() == order.operation).copied();
    let operation = operation.ok_or_else(|| {
        let known: Vec<&str> = Operation::ALL.iter().map(|operation| operation.id()).collect();
        invalid("/operation", format!("must be an operationId: {}", known.join(", ")))
    })?;
    if !(1..=TIMES_MAX).contains(&order.times) {
        return Err(invalid("/times", format!("must be a whole number from 1 to {TIMES_MAX}")));
    }
    let effect = match (order.status, &order.delay, order.drop) {
        (Some(status), None, None) => status_effect(status)?,
        (None, Some(delay), None) => delay_effect(delay)?,
        (None, None, Some(when)) => Effect::Drop(when),
        _ => return Err(invalid("", "must have exactly one of status, delay and drop".to_owned())),
    };
    Ok(Fault { operation, effect, times: order.times })
}

fn status_effect(status: u16) -> Result<Effect, Problem> {
    if INJECTABLE_STATUSES.contains(&status) {
        return Ok(Effect::Status(status));
    }
    let (first, last) = (INJECTABLE_STATUSES.start(), INJECTABLE_STATUSES.end());
    Err(invalid("/status", format!("must be from {first} to {last}")))
}

fn delay_effect(text: &str) -> Result<Effect, Problem> {
    let length = positive_time(text).map_err(|detail| invalid("/delay", detail))?;
    if length > DELAY_MAX {
        let most = humantime::format_duration(DELAY_MAX);
        return Err(invalid("/delay", format!("must be at most {most}")));
    }
    Ok(Effect::Delay(length))
}

fn invalid(pointer: &str, detail: String) -> Problem {
    Problem::invalid(Place::pointer(pointer, detail))
}
