//! Members of a project: users of the organisation, with groups and the owner mark.

pub mod store;
mod wire;

use std::collections::HashMap;

use uuid::Uuid;

use crate::app::App;
use crate::audit::{self, Action, Change};
use crate::auth::permissions::ProjectAccess;
use crate::auth::{Caller, Principal};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::api::{InviteMembersParameters, InviteMembersResponse};
use crate::generated::models::{AuditLogType, InviteMembersRequest, Member, Permission, UserStatus};
use crate::groups::{self, Group};
use crate::limits;
use crate::problem::{Conflict, Place, Problem};
use crate::projects;
use crate::users::{self, User};

/// A membership as stored, without its groups.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The membership's id.
    pub id: Uuid,
    /// The project.
    pub project_id: Uuid,
    /// The user.
    pub user_id: Uuid,
    /// The owner mark.
    pub owner: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// inviteMembers: adds users to a project and answers the memberships that are new.
pub async fn invite(
    app: &App,
    principal: Principal,
    parameters: InviteMembersParameters,
    body: InviteMembersRequest,
) -> Result<InviteMembersResponse, Problem> {
    limits::check_ids("/userIds", &body.user_ids)?;
    limits::check_ids("/groupIds", body.group_ids.as_deref().unwrap_or_default())?;
    let invitation = MemberInvitation {
        project_id: parameters.project_id,
        user_ids: body.user_ids,
        group_ids: body.group_ids.unwrap_or_default(),
        owner: body.owner,
    };
    let created = app.db.write(principal.deadline(), move |tx| {
        let caller = principal.caller(tx)?;
        invitation.carry_out(tx, &caller)
    });
    Ok(InviteMembersResponse::Status200(created.await?))
}

/// Who is to come into which project as what.
struct MemberInvitation {
    project_id: Uuid,
    user_ids: Vec<Uuid>,
    group_ids: Vec<Uuid>,
    owner: bool,
}

impl MemberInvitation {
    /// Every check first, then the writes, so that a refusal has nothing to take back.
    fn carry_out(&self, tx: &Tx, caller: &Caller) -> Result<Vec<Member>, Problem> {
        let access = projects::access(tx, caller, self.project_id)?;
        let groups = groups::store::find_all(tx, self.project_id, &self.group_ids)?;
        let users = users::store::find_all(tx, caller.organisation_id, &self.user_ids)?;
        let users: HashMap<Uuid, User> = users.into_iter().map(|user| (user.id, user)).collect();

        self.check_allowed(&access, &groups)?;
        self.check_all_exist(&users, &groups)?;
        self.check_all_enabled(&users)?;

        let mut created = Vec::new();
        for user_id in &self.user_ids {
            // Two calls at once and doubles in one call are told apart by the table's key, not by a look.
            if let Some(membership) = store::create(tx, self.project_id, *user_id, self.owner)? {
                self.add_groups_and_record(tx, caller, &membership, &groups)?;
                created.push(wire::member(&membership, &users[user_id], &groups));
            }
        }
        Ok(created)
    }

    /// Nobody hands out more than they may: the owner mark and groups that carry `owner` need that right.
    fn check_allowed(&self, access: &ProjectAccess, groups: &[Group]) -> Result<(), Problem> {
        if !access.may(Permission::ProjectManage) {
            return Err(Problem::Forbidden(
                "Inviting members needs the permission project:manage in this project.",
            ));
        }
        let grants_owner = self.owner || groups.iter().any(Group::carries_owner);
        if grants_owner && !access.may_grant_owner() {
            return Err(Problem::Forbidden(
                "Giving the owner mark, or a group that carries owner, needs a project owner or an owner or \
                 admin of the organisation.",
            ));
        }
        Ok(())
    }

    fn check_all_exist(&self, users: &HashMap<Uuid, User>, groups: &[Group]) -> Result<(), Problem> {
        let missing_users =
            places("/userIds", &self.user_ids, "names no user you may see", |id| !users.contains_key(id));
        let missing_groups = places("/groupIds", &self.group_ids, "names no group of this project", |id| {
            !groups.iter().any(|group| group.id == *id)
        });
        let missing: Vec<Place> = missing_users.chain(missing_groups).collect();
        if missing.is_empty() { Ok(()) } else { Err(Problem::MissingReferences(missing)) }
    }

    fn check_all_enabled(&self, users: &HashMap<Uuid, User>) -> Result<(), Problem> {
        let disabled: Vec<Place> =
            places("/userIds", &self.user_ids, "names a disabled user; enable the user first", |id| {
                users[id].status == UserStatus::Disabled
            })
            .collect();
        if disabled.is_empty() { Ok(()) } else { Err(Problem::Conflict(Conflict::UserDisabled, disabled)) }
    }

    fn add_groups_and_record(
        &self,
        tx: &Tx,
        caller: &Caller,
        membership: &Membership,
        groups: &[Group],
    ) -> Result<(), Problem> {
        for group in groups {
            store::add_group(tx, membership, group.id)?;
        }
        let group_ids: Vec<Uuid> = groups.iter().map(|group| group.id).collect();
        let data = serde_json::json!({
            "userId": membership.user_id,
            "owner": membership.owner,
            "groupIds": group_ids,
        });
        let change = Change {
            kind: AuditLogType::Member,
            action: Action::Created,
            ref_id: membership.id,
            project_id: Some(self.project_id),
            data,
        };
        audit::record(tx, &caller.actor(), &change)
    }
}

/// The places in a list of ids where something is wrong.
fn places<'a>(
    pointer: &'a str,
    ids: &'a [Uuid],
    detail: &'a str,
    is_wrong: impl Fn(&Uuid) -> bool + 'a,
) -> impl Iterator<Item = Place> + 'a {
    let wrong = ids.iter().enumerate().filter(move |(_, id)| is_wrong(id));
    wrong.map(move |(position, id)| Place::pointer(format!("{pointer}/{position}"), format!("{id} {detail}")))
}
