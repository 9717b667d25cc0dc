//! Members of a project: users of the organisation, with groups and the owner mark.

mod invite;
mod list;
pub mod store;
mod update;
mod wire;

use uuid::Uuid;

use crate::audit::{self, Action, Actor, Change};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::AuditLogType;
use crate::problem::Problem;

pub use invite::invite;
pub use list::{list, list_users};
pub use update::update;

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
    /// Whether a role brought this member, and nobody by hand.
    pub by_role: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Membership {
    /// A membership that is new, made by hand.
    #[must_use]
    pub fn new(tx: &Tx, project_id: Uuid, user_id: Uuid, owner: bool) -> Self {
        let now = tx.now();
        Self { id: tx.new_id(), project_id, user_id, owner, by_role: false, created_at: now, updated_at: now }
    }
}

/// Notes in the audit log what a membership is now.
pub fn record(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    membership: &Membership,
    group_ids: &[Uuid],
) -> Result<(), Problem> {
    let mut data = serde_json::json!({
        "userId": membership.user_id,
        "owner": membership.owner,
        "groupIds": group_ids,
    });
    if membership.by_role {
        data["byRole"] = true.into();
    }
    let change =
        Change::new(AuditLogType::Member, action, membership.id, data).in_project(membership.project_id);
    audit::record(tx, actor, &change)
}

/// Makes a user the owner-member of a new project.
pub fn add_owner(tx: &Tx, actor: &Actor, project_id: Uuid, user_id: Uuid) -> Result<(), Problem> {
    match store::create(tx, project_id, user_id, true)? {
        Some(membership) => record(tx, actor, Action::Created, &membership, &[]),
        None => Ok(()),
    }
}
