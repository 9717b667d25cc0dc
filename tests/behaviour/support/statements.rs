//! Every statement that the servers of this process run, with the kinds of its parameters, written to the file that
//! `TEST_STATEMENTS` names: a line of JSON for each. `scripts/portable-sql` gives them to another engine.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::Debug;
use std::fs::File;
use std::io::Write;
use std::sync::Mutex;

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// What the database calls its log of statements.
const TARGET: &str = "brms::statements";

/// Writes them down, if it was asked to.
pub fn layer<S: Subscriber + for<'span> LookupSpan<'span>>() -> Option<impl Layer<S>> {
    let path = std::env::var_os("TEST_STATEMENTS")?;
    let file = File::create(path).expect("the file for the statements");
    let only: FilterFn = filter_fn(|metadata| metadata.target() == TARGET);
    Some(Statements { seen: Mutex::new((HashSet::new(), file)) }.with_filter(only))
}

thread_local! {
    /// Whether a test itself is looking into the database.
    static IS_OF_TEST: Cell<bool> = const { Cell::new(false) };
}

/// Runs statements of a test, which are not written down.
pub fn of_test<T>(run: impl FnOnce() -> T) -> T {
    IS_OF_TEST.set(true);
    let outcome = run();
    IS_OF_TEST.set(false);
    outcome
}

struct Statements {
    seen: Mutex<(HashSet<String>, File)>,
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if IS_OF_TEST.get() {
            return;
        }
        let mut statement = Statement::default();
        event.record(&mut statement);
        let line = json!({ "sql": statement.sql, "kinds": statement.kinds }).to_string();
        let (seen, file) = &mut *self.seen.lock().expect("no test panics here");
        if seen.insert(line.clone()) {
            writeln!(file, "{line}").expect("a line");
        }
    }
}

#[derive(Default)]
struct Statement {
    sql: String,
    kinds: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            value.clone_into(&mut self.sql);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "kinds" {
            self.kinds = format!("{value:?}");
        }
    }
}
