//! A list, written once: the condition of its rows makes both the count of them and each page.

use super::rows::{Row, RowResult};
use super::tx::Tx;
use super::values::Parameter;
use crate::paging::{Listed, Page};
use crate::problem::Problem;

/// The rows that a list goes over. A condition names its parameters `?1` to at most `?9`, without a
/// gap.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// Their table, which has an `id`.
    pub table: &'static str,
    /// Which of its rows.
    pub condition: &'static str,
    /// The columns of the table that the rows are in the order of.
    pub order: &'static str,
}

impl List {
    /// How many parameters the condition names.
    fn parameters(&self) -> usize {
        (1..=9).take_while(|number| self.condition.contains(&format!("?{number}"))).count()
    }

    /// The statement that counts them.
    #[must_use]
    pub fn count_statement(&self) -> String {
        let Self { table, condition, .. } = self;
        format!("SELECT count(*) FROM {table} WHERE {condition}")
    }

    /// The statement that reads a page of them. The page is found in an index alone where one has all that the
    /// condition asks for; only the rows on it are read whole.
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
    /// A page of a list, and how many rows the whole list has.
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

    /// The same where it is known how many rows the whole list has. Past the end nothing is looked for.
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
