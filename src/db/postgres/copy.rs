//! Fills an empty database from a snapshot of a SQLite file: every row of every table, in one transaction that is committed
//! only after both have been compared, row by row.

use std::collections::BTreeSet;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use postgres::{RowIter, Transaction};
use uuid::Uuid;

use super::cells;
use super::connector::PostgresConnector;
use super::failure::described;
use super::migrations;
use super::options::PostgresOptions;
use crate::db::rows::Row;
use crate::db::tx::Tx;
use crate::db::values::{Cell, Value};
use crate::failure::Failure;

/// How many rows are copied between two reports.
const REPORT_EACH: u64 = 10_000;

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct CopyProgress<'t> {
    /// What is being done.
    pub stage: CopyStage,
    /// The table.
    pub table: &'t str,
    /// Its rows that are done, and all of them.
    pub rows: (u64, u64),
}

/// The parts of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Rows are written.
    Copying,
    /// Rows are read back and compared.
    Comparing,
}

/// A table that both engines have.
struct Table {
    name: String,
    columns: Vec<(String, Type)>,
    /// The columns of its primary key.
    key: Vec<String>,
    rows: u64,
}

impl Table {
    fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        names.join(", ")
    }

    /// All rows in the order of the primary key, which both engines have: by bytes.
    fn statement(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|name| format!("\"{name}\"")).collect();
        format!("SELECT {} FROM {} ORDER BY {}", self.names(), self.name, key.join(", "))
    }
}

/// Copies everything that the snapshot has. Returns the tables with their numbers of rows.
pub fn copy(
    from: &Tx,
    to: &PostgresOptions,
    mut report: impl FnMut(CopyProgress),
) -> Result<Vec<(String, u64)>, Failure> {
    let session = PostgresConnector::new(to)?.first()?;
    migrations::run(&session)?;
    let mut client = session.into_client();
    let failed = |cause: postgres::Error| Failure(format!("the database: {}", described(&cause)));
    client
        .batch_execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        .map_err(failed)?;
    let mut transaction = client.transaction().map_err(failed)?;
    let mut tables = tables(&mut transaction).map_err(failed)?;
    for table in &mut tables {
        refuse_rows(&mut transaction, table)?;
        table.rows = from.count(&format!("SELECT count(*) FROM {}", table.name), ())?;
    }
    for table in &tables {
        write(from, &mut transaction, table, &mut report)?;
    }
    for table in &tables {
        compare(from, &mut transaction, table, &mut report)?;
    }
    transaction.commit().map_err(failed)?;
    // Without it the first statements would be planned for empty tables. The data is there, whatever this does.
    let _ = client.batch_execute("ANALYZE");
    Ok(tables.into_iter().map(|table| (table.name, table.rows)).collect())
}

/// The tables, each after those that it refers to.
fn tables(transaction: &mut Transaction) -> Result<Vec<Table>, postgres::Error> {
    let named = transaction.query(
        "SELECT tablename::text FROM pg_tables
         WHERE schemaname = current_schema() AND tablename <> 'schema_steps' ORDER BY tablename",
        &[],
    )?;
    let references: BTreeSet<(String, String)> = transaction
        .query(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
             WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conrelid <> confrelid",
            &[],
        )?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let mut left: Vec<String> = named.iter().map(|row| row.get(0)).collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits =
            |name: &String| references.iter().any(|(table, parent)| table == name && left.contains(parent));
        let (later, ready): (Vec<String>, Vec<String>) = left.iter().cloned().partition(waits);
        for name in ready {
            ordered.push(table(transaction, name)?);
        }
        left = later;
    }
    Ok(ordered)
}

fn table(transaction: &mut Transaction, name: String) -> Result<Table, postgres::Error> {
    let statement = transaction.prepare(&format!("SELECT * FROM {name} LIMIT 0"))?;
    let columns = statement.columns().iter().map(|column| (column.name().to_owned(), column.type_().clone()));
    let key = transaction.query(
        "SELECT attname::text FROM pg_index
         CROSS JOIN unnest(indkey) WITH ORDINALITY AS parts (number, place)
         JOIN pg_attribute ON attrelid = indrelid AND attnum = number
         WHERE indrelid = $1::text::regclass AND indisprimary ORDER BY place",
        &[&name],
    )?;
    let key = key.iter().map(|row| row.get(0)).collect();
    Ok(Table { columns: columns.collect(), key, rows: 0, name })
}

fn refuse_rows(transaction: &mut Transaction, table: &Table) -> Result<(), Failure> {
    let found = transaction.query_opt(&format!("SELECT 1 FROM {} LIMIT 1", table.name), &[]);
    let found = found.map_err(|cause| failed(table, &described(&cause)))?;
    if found.is_none() {
        return Ok(());
    }
    Err(Failure(format!(
        "the PostgreSQL database has rows in {}, and a copy needs an empty one; nothing was copied",
        table.name
    )))
}

fn failed(table: &Table, cause: &dyn std::fmt::Display) -> Failure {
    Failure(format!("{}: {cause}; nothing was copied", table.name))
}

fn write(
    from: &Tx,
    transaction: &mut Transaction,
    table: &Table,
    report: &mut impl FnMut(CopyProgress),
) -> Result<(), Failure> {
    let types: Vec<Type> = table.columns.iter().map(|(_, kind)| kind.clone()).collect();
    let into = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, table.names());
    let writer = transaction.copy_in(&into).map_err(|cause| failed(table, &described(&cause)))?;
    let mut writer = BinaryCopyInWriter::new(writer, &types);
    let mut done = 0;
    from.each(&table.statement(), |row| {
        let values = values(row, &types)?;
        let values: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        writer.write(&values).map_err(|cause| failed(table, &described(&cause)))?;
        done += 1;
        if done % REPORT_EACH == 0 {
            report(CopyProgress { stage: CopyStage::Copying, table: &table.name, rows: (done, table.rows) });
        }
        Ok(())
    })?;
    let written = writer.finish().map_err(|cause| failed(table, &described(&cause)))?;
    if written != table.rows {
        return Err(failed(table, &format!("{written} rows were written of {}", table.rows)));
    }
    report(CopyProgress { stage: CopyStage::Copying, table: &table.name, rows: (done, table.rows) });
    Ok(())
}

/// The values of a row of SQLite, where ids are bytes.
fn values<'r>(row: &'r Row<'_>, types: &[Type]) -> Result<Vec<Value<'r>>, Failure> {
    let value = |(position, of): (usize, &Type)| {
        let kind = cells::kind(of).ok_or_else(|| Failure(format!("the type {of} is not known")))?;
        let cell = row.cell(position).ok_or_else(|| Failure(format!("column {position} cannot be read")))?;
        Ok(match (cell, of) {
            (Cell::Null, _) => Value::Null(kind),
            (Cell::Bytes(bytes), &Type::UUID) => {
                Value::Id(Uuid::from_slice(bytes).map_err(|cause| Failure::new("an id", cause))?)
            }
            (Cell::Bytes(bytes), _) => Value::Bytes(bytes),
            (Cell::Id(id), _) => Value::Id(id),
            (Cell::Integer(number), _) => Value::Integer(number),
            (Cell::Text(text), _) => Value::Text(text.into()),
        })
    };
    types.iter().enumerate().map(value).collect()
}

fn compare(
    from: &Tx,
    transaction: &mut Transaction,
    table: &Table,
    report: &mut impl FnMut(CopyProgress),
) -> Result<(), Failure> {
    let types: Vec<Type> = table.columns.iter().map(|(_, kind)| kind.clone()).collect();
    let nothing: [&(dyn ToSql + Sync); 0] = [];
    let written = transaction.query_raw(&table.statement(), nothing);
    let mut written: RowIter = written.map_err(|cause| failed(table, &described(&cause)))?;
    let mut done = 0;
    from.each(&table.statement(), |row| {
        let next = written.next().map_err(|cause| failed(table, &described(&cause)))?;
        let next = next.ok_or_else(|| failed(table, &"a row is missing"))?;
        let written = Row::of_postgres(&next, None);
        for (position, (own, copied)) in
            values(row, &types)?.iter().zip(values(&written, &types)?).enumerate()
        {
            if !is_same(own, &copied) {
                let column = &table.columns[position].0;
                return Err(failed(table, &format!("row {done} differs in {column}")));
            }
        }
        done += 1;
        if done % REPORT_EACH == 0 {
            report(CopyProgress {
                stage: CopyStage::Comparing,
                table: &table.name,
                rows: (done, table.rows),
            });
        }
        Ok(())
    })?;
    report(CopyProgress { stage: CopyStage::Comparing, table: &table.name, rows: (done, table.rows) });
    let rest = written.next().map_err(|cause| failed(table, &described(&cause)))?;
    if rest.is_some() { Err(failed(table, &"there is a row too many")) } else { Ok(()) }
}

/// Whether a value was stored as it was; U+0000 in a text is the one thing that PostgreSQL cannot store.
fn is_same(own: &Value, copied: &Value) -> bool {
    match (own, copied) {
        (Value::Null(_), Value::Null(_)) => true,
        (Value::Integer(own), Value::Integer(copied)) => own == copied,
        (Value::Text(own), Value::Text(copied)) => cells::storable(own) == *copied,
        (Value::Bytes(own), Value::Bytes(copied)) => own == copied,
        (Value::Id(own), Value::Id(copied)) => own == copied,
        _ => false,
    }
}
