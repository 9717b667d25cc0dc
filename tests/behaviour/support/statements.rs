//! Records every SQL statement of the servers of this process, with the kinds of its parameters, in the file named by
//! `TEST_STATEMENTS`: one line of JSON each. `scripts/portable-sql` runs them on another engine.

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

/// The target of the database's statement log.
const TARGET: &str = "brms::statements";

/// Starts recording, if requested.
pub fn layer<S: Subscriber + for<'span> LookupSpan<'span>>() -> Option<impl Layer<S>> {
    let path = std::env::var_os("TEST_STATEMENTS")?;
    let file = File::create(path).expect("the file for the statements");
    let only: FilterFn = filter_fn(|metadata| metadata.target() == TARGET);
    Some(Statements { seen: Mutex::new((HashSet::new(), file)) }.with_filter(only))
}

thread_local! {
    /// Whether a test itself is reading the database.
    static IS_OF_TEST: Cell<bool> = const { Cell::new(false) };
}

/// Runs statements of a test, which are not recorded.
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
