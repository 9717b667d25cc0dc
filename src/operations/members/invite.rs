//! inviteMembers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::access::{self, Caller, Principal};
use crate::app::App;
use crate::db::{Demand, Ids, Tx};
use crate::generated::api::InviteMembersParameters;
use crate::generated::models::{InviteMembersRequest, Member, UserStatus};
use crate::http::Posted;
use crate::limits::{self, CALL_ROWS, MEMBER_GROUPS, places};
use crate::operations::groups;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::groups::Group;
use crate::store::ids::{GroupId, ProjectId, UserId, typed};
use crate::store::members::Membership;
use crate::store::users::User;
use crate::views;

/// Adds users to a project and returns the new memberships.
pub async fn invite(
    app: &App,
    principal: Principal,
    parameters: InviteMembersParameters,
    body: InviteMembersRequest,
) -> Result<Posted<Vec<Member>>, Problem> {
    limits::check(&[("userIds", &body.user_ids), ("groupIds", &body.group_ids)])?;
    let invitation = Arc::new(MemberInvitation {
        project_id: parameters.project_id.into(),
        user_ids: typed(&body.user_ids),
        group_ids: typed(&body.group_ids.unwrap_or_default()),
        owner: body.owner,
    });
    let permitted = Arc::clone(&invitation);
    app.write_once(
        principal,
        move |tx, caller| permitted.permit(tx, caller),
        move |tx, caller, invitees| invitation.carry_out(tx, caller, &invitees),
    )
    .await
}

/// The project, the users, and their role in it.
struct MemberInvitation {
    project_id: ProjectId,
    user_ids: Vec<UserId>,
    group_ids: Vec<GroupId>,
    owner: bool,
}

/// The users and groups that are there of those that it names.
struct Invitees {
    users: HashMap<UserId, User>,
    groups: Vec<Group>,
}

impl MemberInvitation {
    /// Who and what is named, for a caller who may do this.
    fn permit(&self, tx: &Tx, caller: &Caller) -> Result<Invitees, Problem> {
        let (_, access) = access::projects::access(tx, caller, self.project_id)?;
        let groups = store::groups::find_all(tx, self.project_id, &self.group_ids)?;
        let users = store::users::find_all(tx, caller.organisation_id, &self.user_ids)?;
        let users: HashMap<UserId, User> = users.into_iter().map(|user| (user.id, user)).collect();

        if self.owner || groups.iter().any(Group::carries_owner) {
            access.require_grant_of_owner()?;
        }
        Ok(Invitees { users, groups })
    }

    /// Every check first, then the writes, so that a refusal has nothing to take back.
    fn carry_out(&self, tx: &Tx, caller: &Caller, invitees: &Invitees) -> Result<Vec<Member>, Problem> {
        let Invitees { users, groups } = invitees;
        self.check(users, groups)?;

        self.check_most(tx, groups)?;

        let group_ids: Vec<GroupId> = groups.iter().map(|group| group.id).collect();
        let membership = |user_id: &UserId| Membership {
            owner: self.owner,
            ..Membership::new(tx, self.project_id, *user_id)
        };
        let mut memberships: Vec<Membership> = self.user_ids.iter().map(membership).collect();
        let mut added = store::members::add_all(tx, &caller.actor(), &memberships, &group_ids)?;
        // An id that is given twice counts once.
        memberships.retain(|membership| added.remove(&membership.user_id));
        let show =
            |membership: &Membership| views::members::member(membership, &users[&membership.user_id], groups);
        Ok(memberships.iter().map(show).collect())
    }

    /// Refuses more groups than a member may have, and more rows than a call may write.
    fn check_most(&self, tx: &Tx, groups: &[Group]) -> Result<(), Problem> {
        tx.check(MEMBER_GROUPS, groups.len())?;
        let rows_each = 1 + groups.len();
        // Most calls are within the limit even if none of the users is a member yet.
        if self.user_ids.len() * rows_each <= CALL_ROWS.count {
            return Ok(());
        }
        let user_ids: HashSet<UserId> = self.user_ids.iter().copied().collect();
        let inside = store::members::members_among(tx, self.project_id, &Ids::of(&user_ids))?;
        tx.ask_for(Demand::rows((user_ids.len() - inside.len()) * rows_each))
    }

    /// What does not exist comes first (404), then every place of every conflict (409).
    fn check(&self, users: &HashMap<UserId, User>, groups: &[Group]) -> Result<(), Problem> {
        let missing_users =
            places("/userIds", &self.user_ids, "does not match a visible user", |id| !users.contains_key(id));
        let missing_groups = groups::missing_places("/groupIds", &self.group_ids, groups);
        let is_disabled = |id: &UserId| users[id].status == UserStatus::Disabled;
        let detail = "is a disabled user; enable the user first";
        let is_managed = |id: &GroupId| groups.iter().any(|group| group.id == *id && group.role_id.is_some());
        Problem::for_any(missing_users.chain(missing_groups), Problem::MissingReferences)?;
        Problem::for_all([
            (Problem::user_disabled, places("/userIds", &self.user_ids, detail, is_disabled).collect()),
            (Problem::role_managed, groups::managed_places(&self.group_ids, is_managed).collect()),
        ])
    }
}

/// Makes a user the owner of a new project.
pub fn add_owner(tx: &Tx, actor: &Actor, project_id: ProjectId, user_id: UserId) -> Result<(), Problem> {
    let membership = Membership { owner: true, ..Membership::new(tx, project_id, user_id) };
    if store::members::add(tx, &membership)? {
        store::members::record(tx, actor, Action::Created, &membership, &[])?;
    }
    Ok(())
}
