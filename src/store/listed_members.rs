//! The members that a list of projects shows: the first of each project.

use std::collections::{BinaryHeap, HashMap};

use crate::clock::Timestamp;
use crate::db::{Ids, Row, RowResult, Tx};
use crate::problem::Problem;
use crate::store::columns::{Record, stored};
use crate::store::ids::{MemberId, ProjectId, UserId};

/// A member of a project in a list of projects.
pub(crate) struct ListedMember {
    pub(crate) id: MemberId,
    pub(crate) owner: bool,
    pub(crate) user: ListedUser,
}

stored! {
    /// The user of such a member.
    #[derive(Clone)]
    pub(crate) struct ListedUser {
        id: UserId,
        email: String,
        first_name: Option<String>,
        last_name: Option<String>,
    }
}

/// A membership, in the order of lists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct EarlyMember {
    created_at: Timestamp,
    id: MemberId,
    user_id: UserId,
    owner: bool,
}

/// The first members of a project, of those that were looked at.
struct FirstMembers {
    project_id: ProjectId,
    members: BinaryHeap<EarlyMember>,
}

impl FirstMembers {
    /// Looks at a row of this project. Most are later than those that are there, and are not read any further.
    fn look(&mut self, row: &Row, count_max: usize) -> RowResult<()> {
        let created_at = row.get(1)?;
        let is_full = self.members.len() >= count_max;
        if is_full && self.members.peek().is_some_and(|latest| latest.created_at < created_at) {
            return Ok(());
        }
        self.members.push(EarlyMember {
            created_at,
            id: row.get(2)?,
            user_id: row.get(3)?,
            owner: row.get(4)?,
        });
        if is_full {
            self.members.pop();
        }
        Ok(())
    }
}

/// The first members of each of these projects, oldest first.
pub(crate) fn of_projects(
    tx: &Tx,
    project_ids: &[ProjectId],
    count_max: usize,
) -> Result<HashMap<ProjectId, Vec<ListedMember>>, Problem> {
    let of_project: Vec<(ProjectId, Vec<EarlyMember>)> = first(tx, project_ids, count_max)?
        .into_iter()
        .map(|first| (first.project_id, first.members.into_sorted_vec()))
        .collect();
    let ids: Vec<UserId> =
        of_project.iter().flat_map(|(_, members)| members).map(|member| member.user_id).collect();
    // By their positions, which saves looking each one up.
    let mut users = users(tx, &ids)?.into_iter();
    let mut listed = |EarlyMember { id, owner, user_id, .. }: EarlyMember| {
        let user = users.next().flatten().ok_or_else(|| missing(user_id))?;
        Ok(ListedMember { id, owner, user })
    };
    let of_project = of_project.into_iter().map(|(project_id, members)| {
        Ok((project_id, members.into_iter().map(&mut listed).collect::<Result<_, Problem>>()?))
    });
    of_project.collect()
}

/// A foreign key guarantees that the user exists.
fn missing(user_id: UserId) -> Problem {
    Problem::Internal(format!("a membership names {user_id}, which is not in the database"))
}

/// They are chosen here: SQLite takes longer to sort the members of each project, and then looks each one up again. CROSS
/// JOIN fixes the join order, so that the members of a project follow each other.
fn first(tx: &Tx, project_ids: &[ProjectId], count_max: usize) -> Result<Vec<FirstMembers>, Problem> {
    let mut found: Vec<FirstMembers> = Vec::new();
    tx.rows(
        "SELECT members.project_id, members.created_at, members.id, members.user_id, members.owner
         FROM ids(?1) AS wanted
         CROSS JOIN members
         WHERE members.project_id = wanted.id",
        [Ids::of(project_ids)],
        |row| {
            let project_id = row.get(0)?;
            // Those of a project mostly follow each other.
            if let Some(first) = found.iter_mut().rfind(|first| first.project_id == project_id) {
                return first.look(row, count_max);
            }
            let mut first = FirstMembers { project_id, members: BinaryHeap::with_capacity(count_max + 1) };
            first.look(row, count_max)?;
            found.push(first);
            Ok(())
        },
    )?;
    Ok(found)
}

/// The users with these ids, in their order.
fn users(tx: &Tx, ids: &[UserId]) -> Result<Vec<Option<ListedUser>>, Problem> {
    let mut users = vec![None; ids.len()];
    tx.rows(
        "SELECT wanted.position, users.id, users.email, users.first_name, users.last_name
         FROM ids(?1) AS wanted
         CROSS JOIN users
         WHERE users.id = wanted.id",
        [Ids::of(ids)],
        |row| {
            let position = usize::try_from(row.get::<u32>("position")?).ok();
            if let Some(place) = position.and_then(|position| users.get_mut(position)) {
                *place = Some(ListedUser::read(row)?);
            }
            Ok(())
        },
    )?;
    Ok(users)
}
