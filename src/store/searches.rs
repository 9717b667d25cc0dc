//! The conditions of searches. They look at columns that hold texts as [`crate::search`] folds them; what writes a name or
//! an address writes these, too.

/// The condition that a thing has the search text (a parameter) in its name.
macro_rules! in_name {
    ($search:literal) => {
        concat!("has_text(", $search, ", search_name)")
    };
}
pub(super) use in_name;

/// The same for the address of a user.
macro_rules! in_address {
    ($search:literal) => {
        concat!("has_text(", $search, ", search_address)")
    };
}
pub(super) use in_address;

/// The same for the address or the names of a user.
macro_rules! in_address_or_name {
    ($search:literal) => {
        concat!("(has_text(", $search, ", search_address) OR has_text(", $search, ", search_name))")
    };
}
pub(super) use in_address_or_name;
