//! Paginated lists: the count and the page query are both built from one condition.

use super::rows::{Row, RowResult};
use super::tx::Tx;
use super::values::Parameter;
use crate::paging::{Listed, Page};
use crate::problem::Problem;

/// A list of rows. The condition uses the parameters `?1` to at most `?9`, without gaps.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The table, which has a column `id`.
    pub table: &'static str,
    /// The `WHERE` condition.
    pub condition: &'static str,
    /// The columns of the `ORDER BY`.
    pub order: &'static str,
}

impl List {
    /// The number of parameters in the condition.
    fn parameters(&self) -> usize {
        (1..=9).take_while(|number| self.condition.contains(&format!("?{number}"))).count()
    }

    /// The statement that counts the rows.
    #[must_use]
    pub fn count_statement(&self) -> String {
        let Self { table, condition, .. } = self;
        format!("SELECT count(*) FROM {table} WHERE {condition}")
    }

    /// The statement that reads one page. The inner query can be answered by a covering index; only the rows of the
    /// page are read in full.
    #[must_use]
    pub fn page_statement(&self) -> String {
        let Self { table, condition, order } = self;
        let limit = self.parameters() + 1;
        let offset = limit + 1;
        format!(
            "SELECT {table}.*
             FROM (SELECT id AS listed FROM {table} WHERE {condition} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset})
                  AS page
             JOIN {table} ON {table}.id = listed
             ORDER BY {order}"
        )
    }
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
        let total = self.count(&list.count_statement(), parameters)?;
        self.page_of(list, parameters, page, total, read)
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
        let (limit, offset) = (page.limit(), page.offset());
        let parameters = [parameters, &[&limit as &dyn Parameter, &offset]].concat();
        let rows = self.rows(&list.page_statement(), parameters.as_slice(), read)?;
        Ok(Listed { rows, total })
    }
}
