//! Checks for groups that a request refers to.

use crate::db::Tx;
use crate::limits::places;
use crate::problem::{Place, Problem};
use crate::store;
use crate::store::groups::Group;
use crate::store::ids::{GroupId, ProjectId};

/// The groups of the project with these ids. Fails with 404 and every place that does not match.
pub fn find_named(
    tx: &Tx,
    project_id: ProjectId,
    pointer: &str,
    group_ids: &[GroupId],
) -> Result<Vec<Group>, Problem> {
    let groups = store::groups::find_all(tx, project_id, group_ids)?;
    Problem::for_any(missing_places(pointer, group_ids, &groups), Problem::MissingReferences)?;
    Ok(groups)
}

/// The places of groups that a role manages, where members are assigned by hand.
pub fn managed_places<'a>(
    group_ids: &'a [GroupId],
    is_managed: impl Fn(&GroupId) -> bool + 'a,
) -> impl Iterator<Item = Place> + 'a {
    places("/groupIds", group_ids, "belongs to a role; give the user that role instead", is_managed)
}

/// The places in a list of ids that do not match any of the groups.
pub fn missing_places<'a>(
    pointer: &'a str,
    group_ids: &'a [GroupId],
    groups: &'a [Group],
) -> impl Iterator<Item = Place> + 'a {
    places(pointer, group_ids, "does not match a group of this project", |id| {
        !groups.iter().any(|group| group.id == *id)
    })
}
