//! Pagination of lists.

use crate::generated::models::Pagination;

/// The largest page size; larger values are reduced to it.
pub const SIZE_MAX: u64 = 500;

/// A requested page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    number: u64,
    size: u64,
}

impl Page {
    /// A page from its parameters; the number is counted from 1.
    #[must_use]
    pub fn new(page: u64, per_page: u64) -> Self {
        Self { number: page, size: per_page.min(SIZE_MAX) }
    }

    /// The number of rows to read, for LIMIT.
    #[must_use]
    pub fn limit(self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }

    /// The number of rows to skip, for OFFSET.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::try_from(self.skipped()).unwrap_or(i64::MAX)
    }

    /// Whether no row stands before the page.
    #[must_use]
    pub fn is_first(self) -> bool {
        self.number == 1
    }

    /// Whether the page is past the end of a list of this length, so that no query is needed.
    #[must_use]
    pub fn is_past(self, total: u64) -> bool {
        self.skipped() >= total
    }

    /// The pagination of the response. Past the end, `from` and `to` are 0.
    #[must_use]
    pub fn pagination(self, total: u64, shown: usize) -> Pagination {
        let shown = shown as u64;
        let (from, to) = if shown == 0 { (0, 0) } else { (self.skipped() + 1, self.skipped() + shown) };
        Pagination { current: self.number, from, to, total, page_size: self.size }
    }

    /// The largest number of rows of a page.
    #[must_use]
    pub fn size(self) -> u64 {
        self.size
    }

    /// The number of rows before the page.
    #[must_use]
    pub fn skipped(self) -> u64 {
        (self.number - 1).saturating_mul(self.size)
    }
}

/// The rows of one page, and the length of the list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The rows of the page.
    pub rows: Vec<T>,
    /// The number of rows of all pages.
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_it_lies() {
        for (page, per_page, total, shown, from, to) in [
            (1, 10, 25, 10, 1, 10),
            (2, 10, 25, 10, 11, 20),
            (3, 10, 25, 5, 21, 25),
            (4, 10, 25, 0, 0, 0),
            (1, 10, 0, 0, 0, 0),
            (u64::MAX, 10, 25, 0, 0, 0),
        ] {
            let pagination = Page::new(page, per_page).pagination(total, shown);
            assert_eq!((pagination.current, pagination.from, pagination.to), (page, from, to));
            assert_eq!(Page::new(page, per_page).is_past(total), shown == 0);
            assert_eq!((pagination.total, pagination.page_size), (total, per_page));
        }
    }

    #[test]
    fn a_page_that_is_too_long_is_cut() {
        let page = Page::new(2, 501);
        assert_eq!((page.limit(), page.offset()), (500, 500));
        assert_eq!(page.pagination(600, 100).page_size, 500);
    }
}
