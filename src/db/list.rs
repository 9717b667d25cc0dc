//! Paginated lists: the count and the page query are both built from one condition.

use super::rows::{Row, RowResult};
use super::tx::Tx;
use super::values::{Parameter, Value};
use crate::paging::{Listed, Page};
use crate::problem::Problem;

/// A list of rows. The conditions use the parameters `?1`, `?2` and so on, each with the same meaning in all of them.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The table, which has a column `id`.
    pub table: &'static str,
    /// The `WHERE` condition that always applies.
    pub condition: &'static str,
    /// Conditions that apply if they are asked for. A statement has only those that apply, so that the others cost
    /// nothing and an index can answer the count.
    pub filters: &'static [Filter],
    /// The condition of a search, if the list can be searched.
    pub search: Option<Filter>,
    /// The table that keeps the totals of the list, if there is one: it has a column `total` and all columns that the
    /// conditions use, except that of the search.
    pub totals: Option<&'static str>,
    /// The columns of the `ORDER BY`.
    pub order: &'static str,
    /// How the rows of a page are found.
    pub scan: Scan,
}

/// A condition that applies if one of its parameters is not NULL.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// The number of the parameter: 2 for `?2`.
    pub parameter: usize,
    /// The condition.
    pub condition: &'static str,
}

/// How the rows of a page are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// In a covering index. Only the rows of the page are read in full. It is faster for wide rows or many rows before
    /// the page.
    CoveringIndex,
    /// In the table. It is faster if the rows of a list are stored together, or if there are few.
    Table,
}

impl List {
    /// The whole condition, for parameters of which these are given.
    fn condition(&self, is_given: impl Fn(usize) -> bool) -> String {
        let mut condition = self.condition.to_owned();
        let filters = self.filters.iter().chain(&self.search);
        for filter in filters.filter(|filter| is_given(filter.parameter)) {
            condition.push_str(" AND ");
            condition.push_str(filter.condition);
        }
        condition
    }

    /// The statement that counts the rows, for parameters of which these are given.
    fn count_statement(&self, is_given: impl Fn(usize) -> bool) -> String {
        let is_searched = self.search.is_some_and(|search| is_given(search.parameter));
        let (totals, condition) = (self.totals.filter(|_| !is_searched), self.condition(is_given));
        match totals {
            Some(totals) => {
                format!("SELECT CAST(coalesce(sum(total), 0) AS bigint) FROM {totals} WHERE {condition}")
            }
            None => format!("SELECT count(*) FROM {} WHERE {condition}", self.table),
        }
    }

    /// The statement that reads one page. The limit and the offset follow the parameters of the list.
    fn page_statement(&self, condition: &str, parameters: usize) -> String {
        let Self { table, order, scan, .. } = self;
        let (limit, offset) = (parameters + 1, parameters + 2);
        let found =
            format!("FROM {table} WHERE {condition} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}");
        match scan {
            Scan::Table => format!("SELECT * {found}"),
            Scan::CoveringIndex => format!(
                "SELECT {table}.*
                 FROM (SELECT id AS listed {found}) AS page
                 JOIN {table} ON {table}.id = listed
                 ORDER BY {order}"
            ),
        }
    }

    /// Every statement of the list, for checks: with each combination of its filters, a count and a page.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let optional: Vec<usize> =
            self.filters.iter().chain(&self.search).map(|filter| filter.parameter).collect();
        let combinations = 0..1_usize << optional.len();
        let with = |combination: usize| {
            let is_given = |parameter| {
                let position = optional.iter().position(|optional| *optional == parameter);
                position.is_some_and(|position| combination >> position & 1 == 1)
            };
            let condition = self.condition(is_given);
            let parameters = used(&condition);
            [self.count_statement(is_given), self.page_statement(&condition, parameters)]
        };
        combinations.flat_map(with).collect()
    }
}

/// The highest number of a parameter in a condition.
fn used(condition: &str) -> usize {
    (1..=9).rev().find(|number| condition.contains(&format!("?{number}"))).unwrap_or(0)
}

/// Whether the parameter with this number has a value.
fn is_given(parameters: &[&dyn Parameter], number: usize) -> bool {
    !matches!(parameters[number - 1].value(), Value::Null(_))
}

impl Tx<'_> {
    /// One page of a list, with the total number of rows.
    pub fn page<T>(
        &self,
        list: &List,
        parameters: &[&dyn Parameter],
        page: Page,
        read: impl FnMut(&Row) -> RowResult<T>,
    ) -> Result<Listed<T>, Problem> {
        let total = self.count_of(list, parameters)?;
        self.page_of(list, parameters, page, total, read)
    }

    /// The number of rows of a list.
    pub fn count_of(&self, list: &List, parameters: &[&dyn Parameter]) -> Result<u64, Problem> {
        let statement = list.count_statement(|number| is_given(parameters, number));
        self.count(&statement, &parameters[..used(&statement)])
    }

    /// [`Tx::page`] with a total that is already known. Runs no query for a page past the end.
    pub fn page_of<T>(
        &self,
        list: &List,
        parameters: &[&dyn Parameter],
        page: Page,
        total: u64,
        read: impl FnMut(&Row) -> RowResult<T>,
    ) -> Result<Listed<T>, Problem> {
        if page.is_past(total) {
            return Ok(Listed { rows: Vec::new(), total });
        }
        let condition = list.condition(|number| is_given(parameters, number));
        let statement = list.page_statement(&condition, parameters.len());
        let (limit, offset) = (page.limit(), page.offset());
        let parameters = [parameters, &[&limit as &dyn Parameter, &offset]].concat();
        let rows = self.rows(&statement, parameters.as_slice(), read)?;
        Ok(Listed { rows, total })
    }
}
