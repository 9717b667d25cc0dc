//! What is wrong with the database below its rows, for `brms check`.

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageCheck {
    /// Pages and indexes.
    Pages,
    /// Rows refer to rows that exist.
    Keys,
    /// Tables, indexes and triggers are those that brms makes.
    Schema,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageFault {
    /// What was checked.
    pub check: StorageCheck,
    /// What was found.
    pub what: String,
}

impl StorageFault {
    /// Rows that refer to rows which do not exist.
    pub(super) fn missing(child: &str, parent: &str, number: i64) -> Self {
        let rows = if number == 1 { "row refers" } else { "rows refer" };
        let what = format!("{number} {rows} to nothing: in {child}, to {parent}");
        Self { check: StorageCheck::Keys, what }
    }
}
