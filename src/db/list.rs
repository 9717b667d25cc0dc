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
    /// How the list is searched, if it can be.
    pub search: Option<Search>,
    /// The table that keeps the totals of the list, if there is one: it has a column `total` and all columns that the
    /// conditions use, except that of the search.
    pub totals: Option<&'static str>,
    /// The columns of the `ORDER BY`.
    pub order: &'static str,
    /// How the rows of a page are found.
    pub scan: Scan,
}

/// A condition that applies if its parameter is not NULL.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// The number of the parameter: 2 for `?2`.
    pub parameter: usize,
    /// The condition.
    pub condition: &'static str,
}

/// How a list is searched.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// The condition that a row has the text.
    pub filter: Filter,
    /// The rows that can have it, if an index can name them.
    pub candidates: Option<Candidates>,
}

/// Rows that are the only ones to be looked at if the parameter is not NULL.
#[derive(Clone, Copy, Debug)]
pub struct Candidates {
    /// The number of the parameter, a list of ids.
    pub parameter: usize,
    /// The column that has these ids.
    pub column: &'static str,
    /// The condition that such a row has the text.
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
        let filters = self.filters.iter().filter(|filter| is_given(filter.parameter));
        let filters = filters.map(|filter| filter.condition);
        let search = self.search.map(|search| search.filter).filter(|search| is_given(search.parameter));
        let candidates = self.candidates(&is_given).map(|candidates| candidates.condition);
        for filter in filters.chain(candidates.or(search.map(|search| search.condition))) {
            condition.push_str(" AND ");
            condition.push_str(filter);
        }
        condition
    }

    fn candidates(&self, is_given: impl Fn(usize) -> bool) -> Option<Candidates> {
        self.search?.candidates.filter(|candidates| is_given(candidates.parameter))
    }

    fn is_searched(&self, is_given: impl Fn(usize) -> bool) -> bool {
        self.search.is_some_and(|search| is_given(search.filter.parameter))
    }

    /// Whether the statement of a page has the total, too. It does if finding the rows takes longer than keeping them
    /// until all are found: among candidates, or where each row has to be looked up.
    fn is_counted_by_page(&self, is_given: impl Fn(usize) -> bool) -> bool {
        let is_narrowed = self.filters.iter().any(|filter| is_given(filter.parameter));
        match self.scan {
            Scan::Table => self.is_searched(&is_given) || is_narrowed,
            Scan::CoveringIndex => self.candidates(&is_given).is_some(),
        }
    }

    /// The rows, for parameters of which these are given: what follows `FROM`. CROSS JOIN fixes the join order, so that
    /// no row is read that is not a candidate.
    fn rows(&self, is_given: impl Fn(usize) -> bool) -> String {
        let (table, condition) = (self.table, self.condition(&is_given));
        match self.candidates(is_given) {
            None => format!("{table} WHERE {condition}"),
            Some(Candidates { parameter, column, .. }) => format!(
                "(SELECT id AS candidate FROM ids(?{parameter}) AS listed) AS candidates
                 CROSS JOIN {table}
                 WHERE {table}.{column} = candidate AND {condition}"
            ),
        }
    }

    /// The statement that counts the rows, for parameters of which these are given.
    fn count_statement(&self, is_given: impl Fn(usize) -> bool) -> String {
        match self.totals.filter(|_| !self.is_searched(&is_given)) {
            Some(totals) => {
                let condition = self.condition(is_given);
                format!("SELECT CAST(coalesce(sum(total), 0) AS bigint) FROM {totals} WHERE {condition}")
            }
            None => format!("SELECT count(*) FROM {}", self.rows(is_given)),
        }
    }

    /// The statement that reads one page, for parameters of which these are given. The limit and the offset follow the
    /// parameters of the list.
    fn page_statement(&self, is_given: impl Fn(usize) -> bool, parameters: usize) -> String {
        let Self { table, order, .. } = self;
        let (limit, offset) = (parameters + 1, parameters + 2);
        let found = format!("FROM {} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}", self.rows(&is_given));
        match self.scan {
            _ if self.is_counted_by_page(is_given) => {
                format!("SELECT {table}.*, count(*) OVER () AS total {found}")
            }
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
        let with = |given: &[Vec<usize>], more: &[usize]| -> Vec<Vec<usize>> {
            given.iter().map(|given| [given.as_slice(), more].concat()).collect()
        };
        let mut given = vec![Vec::new()];
        for filter in self.filters {
            given.extend(with(&given, &[filter.parameter]));
        }
        if let Some(Search { filter, candidates }) = self.search {
            let searched = with(&given, &[filter.parameter]);
            let among = candidates.map(|candidates| with(&searched, &[candidates.parameter]));
            given.extend(searched.into_iter().chain(among.unwrap_or_default()));
        }
        let statements = |given: &Vec<usize>| {
            let is_given = |parameter| given.contains(&parameter);
            let parameters = used(&self.rows(is_given));
            [self.count_statement(is_given), self.page_statement(is_given, parameters)]
        };
        given.iter().flat_map(statements).collect()
    }
}

/// The highest number of a parameter in a text.
fn used(text: &str) -> usize {
    (1..=9).rev().find(|number| text.contains(&format!("?{number}"))).unwrap_or(0)
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
        mut read: impl FnMut(&Row) -> RowResult<T>,
    ) -> Result<Listed<T>, Problem> {
        if !list.is_counted_by_page(|number| is_given(parameters, number)) {
            let total = self.count_of(list, parameters)?;
            return self.page_of(list, parameters, page, total, read);
        }
        let mut total = 0;
        let rows = self.rows_of(list, parameters, page, |row| {
            total = row.get::<i64>("total")?.unsigned_abs();
            read(row)
        })?;
        // A page past the end has no row that shows it.
        let is_known = !rows.is_empty() || page.is_first();
        let total = if is_known { total } else { self.count_of(list, parameters)? };
        Ok(Listed { rows, total })
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
        let rows = self.rows_of(list, parameters, page, read)?;
        Ok(Listed { rows, total })
    }

    fn rows_of<T>(
        &self,
        list: &List,
        parameters: &[&dyn Parameter],
        page: Page,
        read: impl FnMut(&Row) -> RowResult<T>,
    ) -> Result<Vec<T>, Problem> {
        let statement = list.page_statement(|number| is_given(parameters, number), parameters.len());
        let (limit, offset) = (page.limit(), page.offset());
        let parameters = [parameters, &[&limit as &dyn Parameter, &offset]].concat();
        self.rows(&statement, parameters.as_slice(), read)
    }
}
