//! Every list that has pages, for those who look at all of them. The one of the audit log is put together as it is
//! asked for.

use super::{groups, invitations, members, projects, roles, users};
use crate::db::List;

/// All of them.
pub const ALL: [&List; 9] = [
    &groups::OF_PROJECT,
    &invitations::OF_ORGANISATION,
    &members::OF_PROJECT,
    &projects::OF_ORGANISATION,
    &roles::OF_ORGANISATION,
    &users::INVITABLE,
    &users::INVITABLE_INSIDE,
    &users::INVITABLE_OUTSIDE,
    &users::OF_ORGANISATION,
];
