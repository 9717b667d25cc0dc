//! Memberships of users in projects: the record type, its audit log entries and its SQL.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::db::{Candidates, Filter, Ids, List, Scan, Search, Tx, params};
use crate::generated::models::{AuditLogType, UserStatus, UserType};
use crate::paging::{Listed, Page};
use crate::problem::Problem;
use crate::store::audit_changes::{Values, record_update as record_change};
use crate::store::audit_logs::{self, Action, Actor, Change};
use crate::store::columns::{Record, insert, insert_all, insert_unless, stored};
use crate::store::groups::Group;
use crate::store::ids::{GroupId, MemberId, ProjectId, UserId};
use crate::store::projects::Project;
use crate::store::searches::{self, Searched, in_address_or_name};
use crate::store::sets::named;
use crate::store::users::{self, User};

stored! {
    /// A membership as stored, without its groups.
    #[derive(Clone, Debug)]
    pub struct Membership {
        /// The membership's id.
        id: MemberId,
        /// The project.
        project_id: ProjectId,
        /// The user.
        user_id: UserId,
        /// Whether the member is an owner of the project.
        owner: bool,
        /// Whether a role created the membership.
        by_role: bool,
        /// When it was created.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
}

impl Membership {
    /// A new membership that was not created by a role, without the owner flag.
    #[must_use]
    pub fn new(tx: &Tx, project_id: ProjectId, user_id: UserId) -> Self {
        let (id, now) = (tx.new_id(), tx.now());
        Self { id, project_id, user_id, owner: false, by_role: false, created_at: now, updated_at: now }
    }
}

/// The values of a membership in the audit log.
fn values(membership: &Membership, group_ids: &[GroupId]) -> Value {
    let mut values = json!({
        "userId": membership.user_id,
        "owner": membership.owner,
        "groupIds": group_ids,
    });
    if membership.by_role {
        values["byRole"] = true.into();
    }
    values
}

/// Records the current values of a membership in the audit log.
pub fn record(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    membership: &Membership,
    group_ids: &[GroupId],
) -> Result<(), Problem> {
    let change = Change::new(AuditLogType::Member, action, membership.id, values(membership, group_ids));
    audit_logs::record(tx, actor, change.in_project(membership.project_id))
}

/// Records new memberships, each with the same groups.
fn record_created(
    tx: &Tx,
    actor: &Actor,
    memberships: &[&Membership],
    group_ids: &[GroupId],
) -> Result<(), Problem> {
    let change = |membership: &&Membership| {
        let values = values(membership, group_ids);
        Change::new(AuditLogType::Member, Action::Created, membership.id, values)
            .in_project(membership.project_id)
    };
    audit_logs::record_all(tx, actor, memberships.iter().map(change).collect())
}

/// Records an update with what it changed. Returns false, and records nothing, if it changed nothing.
pub fn record_update(
    tx: &Tx,
    actor: &Actor,
    (before, had): (&Membership, &[GroupId]),
    (after, has): (&Membership, &[GroupId]),
) -> Result<bool, Problem> {
    let values = Values { before: values(before, had), after: values(after, has) };
    let change = Change::new(AuditLogType::Member, Action::Updated, after.id, values.after.clone());
    record_change(tx, actor, change.in_project(after.project_id), &values)
}

/// One membership of the project, by its id.
pub(crate) fn find(
    tx: &Tx,
    project_id: ProjectId,
    member_id: MemberId,
) -> Result<Option<Membership>, Problem> {
    tx.optional(
        "SELECT *
         FROM members
         WHERE id = ?1 AND project_id = ?2",
        params![member_id, project_id],
        Membership::read,
    )
}

/// The membership of a user in a project.
pub fn find_of_user(tx: &Tx, project_id: ProjectId, user_id: UserId) -> Result<Option<Membership>, Problem> {
    tx.optional(
        "SELECT *
         FROM members
         WHERE project_id = ?1 AND user_id = ?2",
        params![project_id, user_id],
        Membership::read,
    )
}

/// The membership of a user who is a member of the project.
pub fn get_of_user(tx: &Tx, project_id: ProjectId, user_id: UserId) -> Result<Membership, Problem> {
    tx.row(
        "SELECT * FROM members WHERE project_id = ?1 AND user_id = ?2",
        params![project_id, user_id],
        Membership::read,
    )
}

/// A search text (`?2`) in the address or the name of a member.
const SEARCHED: Filter = Filter {
    parameter: 2,
    condition: concat!(
        "EXISTS (SELECT 1 FROM users WHERE users.id = members.user_id AND ",
        in_address_or_name!("?2"),
        ")"
    ),
};

/// The members of a project (`?1`), optionally with a search text (`?2`) in address or name, looked
/// for in the users that are candidates (`?3`).
pub const OF_PROJECT: List = List {
    table: "members",
    condition: "project_id = ?1",
    filters: &[],
    search: Some(Search {
        filter: SEARCHED,
        candidates: Some(Candidates { parameter: 3, column: "user_id", condition: SEARCHED.condition }),
    }),
    totals: None,
    order: "created_at, id",
    scan: Scan::Table,
};

/// One page of the members of a project, with their users.
pub(crate) fn list(
    tx: &Tx,
    project: &Project,
    search: Option<&str>,
    page: Page,
) -> Result<Listed<(Membership, User)>, Problem> {
    let Searched { text, candidates } = searches::of_users(tx, project.organisation_id, search)?;
    let Listed { rows, total } =
        tx.page(&OF_PROJECT, params![project.id, text, candidates], page, Membership::read)?;
    let users = users::by_id(tx, rows.iter().map(|membership| membership.user_id))?;
    let with_user = |membership: Membership| {
        let user = named(&users, membership.user_id)?.clone();
        Ok((membership, user))
    };
    let rows = rows.into_iter().map(with_user).collect::<Result<_, Problem>>()?;
    Ok(Listed { rows, total })
}

/// Every membership of the project, oldest first, for an export.
pub fn all(tx: &Tx, project_id: ProjectId) -> Result<Vec<Membership>, Problem> {
    tx.rows(
        "SELECT *
         FROM members
         WHERE project_id = ?1
         ORDER BY created_at, id",
        [project_id],
        Membership::read,
    )
}

/// The memberships of these users in the project, oldest first.
pub(crate) fn of_users(
    tx: &Tx,
    project_id: ProjectId,
    user_ids: &[UserId],
) -> Result<Vec<Membership>, Problem> {
    tx.rows(
        "SELECT *
         FROM members
         WHERE project_id = ?1 AND user_id IN (SELECT id FROM ids(?2) AS listed)
         ORDER BY created_at, id",
        params![project_id, Ids::of(user_ids)],
        Membership::read,
    )
}

/// Adds a membership. Returns false if the user is already a member, and changes nothing then. The primary key on
/// project and user decides concurrent calls.
pub fn add(tx: &Tx, membership: &Membership) -> Result<bool, Problem> {
    insert_unless(tx, "members", membership, &[], "(project_id, user_id)")
}

/// Adds memberships in one project with these groups, and records them. A user who is a member already is left alone.
/// Returns the users who were not.
pub fn add_all(
    tx: &Tx,
    actor: &Actor,
    memberships: &[Membership],
    group_ids: &[GroupId],
) -> Result<HashSet<UserId>, Problem> {
    let mut added = HashSet::new();
    if memberships.len() < TOGETHER_MIN {
        for membership in memberships {
            if add(tx, membership)? {
                add_to_groups(tx, membership, group_ids)?;
                record(tx, actor, Action::Created, membership, group_ids)?;
                added.insert(membership.user_id);
            }
        }
        return Ok(added);
    }
    let inside = users_among(tx, memberships)?;
    let is_new =
        |membership: &&Membership| !inside.contains(&membership.user_id) && added.insert(membership.user_id);
    let new: Vec<&Membership> = memberships.iter().filter(is_new).collect();
    insert_all(tx, "members", &new, |membership| membership.columns(), |one| add(tx, one).map(drop))?;
    let mut in_groups = Vec::with_capacity(new.len() * group_ids.len());
    for membership in &new {
        let in_group = |group_id: &GroupId| InGroup {
            project: membership.project_id,
            user: membership.user_id,
            group: *group_id,
        };
        in_groups.extend(group_ids.iter().map(in_group));
    }
    insert_all(tx, "member_groups", &in_groups, InGroup::columns, |one| {
        insert(tx, "member_groups", one, &[])
    })?;
    record_created(tx, actor, &new, group_ids)?;
    Ok(added)
}

/// The number of memberships from which on they are added together.
const TOGETHER_MIN: usize = 8;

stored! {
    /// A member in a group.
    struct InGroup {
        project: ProjectId = "project_id",
        user: UserId = "user_id",
        group: GroupId = "group_id",
    }
}

/// The users of memberships of one project who are members already.
fn users_among(tx: &Tx, memberships: &[Membership]) -> Result<HashSet<UserId>, Problem> {
    let Some(first) = memberships.first() else { return Ok(HashSet::new()) };
    let user_ids = memberships.iter().map(|membership| &membership.user_id);
    members_among(tx, first.project_id, &Ids::of(user_ids))
}

/// Those of the users who are members of the project.
pub(crate) fn members_among(
    tx: &Tx,
    project_id: ProjectId,
    user_ids: &Ids,
) -> Result<HashSet<UserId>, Problem> {
    let inside = tx.rows(
        "SELECT user_id FROM members
         WHERE project_id = ?1 AND user_id IN (SELECT id FROM ids(?2) AS listed)",
        params![project_id, user_ids],
        |row| row.get(0),
    )?;
    Ok(inside.into_iter().collect())
}

/// Sets the owner flag. From then on the membership no longer counts as created by a role.
pub(crate) fn update(tx: &Tx, membership: &Membership) -> Result<Membership, Problem> {
    tx.row(
        "UPDATE members
         SET owner = ?3, by_role = 0, updated_at = ?4
         WHERE project_id = ?1 AND user_id = ?2
         RETURNING *",
        params![membership.project_id, membership.user_id, membership.owner, tx.now()],
        Membership::read,
    )
}

/// Whether the project has another member with the owner flag whose credentials are accepted: an active user who is
/// not invited.
pub(crate) fn has_other_owner(tx: &Tx, membership: &Membership) -> Result<bool, Problem> {
    tx.exists(
        "SELECT 1
         FROM members
         JOIN users ON users.id = members.user_id
         WHERE members.project_id = ?1 AND members.user_id <> ?2 AND members.owner = 1
           AND users.status = ?3 AND users.type <> ?4
         LIMIT 1",
        params![membership.project_id, membership.user_id, UserStatus::Active, UserType::Invited],
    )
}

/// Removes a membership with its groups.
pub fn delete(tx: &Tx, membership: &Membership) -> Result<(), Problem> {
    tx.execute(
        "DELETE FROM members WHERE project_id = ?1 AND user_id = ?2",
        params![membership.project_id, membership.user_id],
    )?;
    Ok(())
}

/// The ids of the groups of a member, by the creation time of the groups.
pub fn group_ids_of(tx: &Tx, membership: &Membership) -> Result<Vec<GroupId>, Problem> {
    tx.rows(
        "SELECT member_groups.group_id
         FROM member_groups
         JOIN groups ON groups.project_id = member_groups.project_id AND groups.id = member_groups.group_id
         WHERE member_groups.project_id = ?1 AND member_groups.user_id = ?2
         ORDER BY groups.created_at, groups.id",
        params![membership.project_id, membership.user_id],
        |row| row.get(0),
    )
}

/// The groups of a member, by creation time.
pub fn groups_of(tx: &Tx, membership: &Membership) -> Result<Vec<Group>, Problem> {
    tx.rows(
        "SELECT groups.*
         FROM member_groups
         JOIN groups ON groups.project_id = member_groups.project_id AND groups.id = member_groups.group_id
         WHERE member_groups.project_id = ?1 AND member_groups.user_id = ?2
         ORDER BY groups.created_at, groups.id",
        params![membership.project_id, membership.user_id],
        Group::read,
    )
}

/// Adds a member to groups. A foreign key ensures that they belong to the same project.
pub fn add_to_groups(tx: &Tx, membership: &Membership, group_ids: &[GroupId]) -> Result<(), Problem> {
    for group_id in group_ids {
        tx.execute(
            "INSERT INTO member_groups (project_id, user_id, group_id) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
            params![membership.project_id, membership.user_id, group_id],
        )?;
    }
    Ok(())
}

/// Removes a member from groups.
pub fn remove_from_groups(tx: &Tx, membership: &Membership, group_ids: &[GroupId]) -> Result<(), Problem> {
    if group_ids.is_empty() {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM member_groups
         WHERE project_id = ?1 AND user_id = ?2 AND group_id IN (SELECT id FROM ids(?3) AS listed)",
        params![membership.project_id, membership.user_id, Ids::of(group_ids)],
    )?;
    Ok(())
}
