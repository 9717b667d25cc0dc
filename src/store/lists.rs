//! All paginated lists, for checks over every list. The list of the audit log is missing: its condition depends on the
//! filters.

use super::{groups, invitations, members, projects, roles, users};
use crate::db::List;

/// All lists.
pub const ALL: [&List; 10] = [
    &groups::OF_PROJECT,
    &invitations::OF_ORGANISATION,
    &members::OF_PROJECT,
    &projects::DELETED,
    &projects::LIVE,
    &roles::OF_ORGANISATION,
    &users::INVITABLE,
    &users::INVITABLE_INSIDE,
    &users::INVITABLE_OUTSIDE,
    &users::OF_ORGANISATION,
];
