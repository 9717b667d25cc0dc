//! A connection, its prepared statements, and the state of its transaction.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use postgres::types::{ToSql, Type};
use postgres::{Client, SimpleQueryMessage, Statement};

use super::cells::declared;
use super::failure::{PostgresFailure, described};
use super::forms;
use crate::db::rows::{Enough, ReadColumns, Row, RowResult};
use crate::db::values::{Parameter, Value};
use crate::problem::{Problem, Unavailable};

/// The number of statements that stay prepared. It exceeds the number of fixed statements of the store; lists have one
/// text for each combination of filters and orders.
const PREPARED_MAX: usize = 512;
/// The length of the longest statement that stays prepared: longer ones are hardly ever used again.
const PREPARED_BYTES_MAX: usize = 8 * 1024;

/// A connection that one thread uses.
pub(in crate::db) struct PostgresSession {
    client: RefCell<Client>,
    prepared: RefCell<HashMap<Box<str>, Statement>>,
    /// The rows that statements have changed since [`PostgresSession::clear_changes`].
    changed: Cell<u64>,
    /// The first failure in this transaction. After it PostgreSQL refuses everything but a ROLLBACK, and a COMMIT
    /// reports success although it rolls back.
    failure: Cell<Option<PostgresFailure>>,
    /// Of the server's history: a standby that is promoted begins another one.
    timeline: String,
}

impl PostgresSession {
    pub(super) fn new(client: Client, timeline: String) -> Self {
        let (prepared, changed, failure) = (RefCell::default(), Cell::default(), Cell::new(None));
        Self { client: RefCell::new(client), prepared, changed, failure, timeline }
    }

    /// The connection, for what is not a statement of the store.
    pub(super) fn into_client(self) -> Client {
        self.client.into_inner()
    }

    pub(super) fn timeline(&self) -> &str {
        &self.timeline
    }

    pub(super) fn failure(&self) -> Option<PostgresFailure> {
        self.failure.get()
    }

    pub(super) fn clear_failure(&self) {
        self.failure.set(None);
    }

    pub(super) fn has_changed(&self) -> bool {
        self.changed.get() > 0
    }

    pub(super) fn clear_changes(&self) {
        self.changed.set(0);
    }

    /// Runs a command without parameters, such as BEGIN, and returns the first cell of its result.
    pub(super) fn command(&self, sql: &str) -> Result<Option<String>, PostgresFailure> {
        self.try_command(sql).map_err(|cause| {
            let failure = PostgresFailure::of(&cause);
            if matches!(failure, PostgresFailure::Refused(_) | PostgresFailure::Other) {
                tracing::error!(sql, cause = %described(&cause), "PostgreSQL refused a command");
            }
            failure
        })
    }

    /// [`PostgresSession::command`] with the error itself.
    pub(super) fn try_command(&self, sql: &str) -> Result<Option<String>, postgres::Error> {
        let messages = self.client.borrow_mut().simple_query(sql)?;
        Ok(messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        }))
    }

    /// Calls `read` for each row until it returns `Enough::Yes`.
    pub(in crate::db) fn query(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
        mut read: impl FnMut(&Row) -> RowResult<Enough>,
    ) -> Result<(), Problem> {
        let rows = self.run(sql, parameters, |client, statement, values| client.query(statement, values))?;
        if !sql.starts_with("SELECT") {
            self.changed.set(self.changed.get() + rows.len() as u64);
        }
        let columns = ReadColumns::default();
        for (number, row) in rows.iter().enumerate() {
            let known = (number > 0).then_some(&columns);
            let enough = read(&Row::of_postgres(row, known));
            if enough.map_err(|cause| Problem::internal(sql, cause))? == Enough::Yes {
                break;
            }
        }
        Ok(())
    }

    /// Executes a write and returns the number of changed rows.
    pub(in crate::db) fn execute(&self, sql: &str, parameters: &[&dyn Parameter]) -> Result<usize, Problem> {
        let changed =
            self.run(sql, parameters, |client, statement, values| client.execute(statement, values))?;
        self.changed.set(self.changed.get() + changed);
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn run<T>(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
        run: impl FnOnce(&mut Client, &Statement, &[&(dyn ToSql + Sync)]) -> Result<T, postgres::Error>,
    ) -> Result<T, Problem> {
        if self.failure.get().is_some() {
            return Err(Problem::Unavailable(Unavailable::Database));
        }
        let values: Vec<Value> = parameters.iter().map(|parameter| parameter.value()).collect();
        let run = || {
            let statement = self.prepared(sql, &values)?;
            let values: Vec<&(dyn ToSql + Sync)> =
                values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
            run(&mut self.client.borrow_mut(), &statement, &values)
        };
        run().map_err(|cause| {
            let failure = PostgresFailure::of(&cause);
            self.failure.set(Some(failure));
            failure.problem(sql, &cause)
        })
    }

    fn prepared(&self, sql: &str, values: &[Value]) -> Result<Statement, postgres::Error> {
        if let Some(known) = self.prepared.borrow().get(sql) {
            return Ok(known.clone());
        }
        let types: Vec<Type> = values.iter().map(|value| declared(value.kind())).collect();
        let made = self.client.borrow_mut().prepare_typed(&forms::expanded(sql), &types)?;
        let mut prepared = self.prepared.borrow_mut();
        if prepared.len() >= PREPARED_MAX {
            // Dropping a statement closes it on the server.
            prepared.clear();
        }
        if sql.len() <= PREPARED_BYTES_MAX {
            prepared.insert(sql.into(), made.clone());
        }
        Ok(made)
    }
}
