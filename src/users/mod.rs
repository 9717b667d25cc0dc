//! Users of an organisation: people, invited people and service accounts.

mod list;
mod profile;
mod service_account;
pub mod store;
mod update;
pub mod wire;

use uuid::Uuid;

use crate::audit::{self, Action, Actor, Change};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::{AuditLogType, UserStatus, UserType};
use crate::problem::Problem;
use crate::roles::Role;

pub use list::list;
pub use profile::update as update_profile;
pub use service_account::create as create_service_account;
pub use update::update;

/// A user as stored.
#[derive(Clone, Debug)]
pub struct User {
    /// The user's id.
    pub id: Uuid,
    /// The organisation the user belongs to.
    pub organisation_id: Uuid,
    /// The address as it was typed.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Standing in the organisation.
    pub user_type: UserType,
    /// Whether the account works.
    pub status: UserStatus,
    /// True for a service account.
    pub is_service: bool,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// A user who is new in an organisation and works.
    #[must_use]
    pub fn new(tx: &Tx, organisation_id: Uuid, email: &str, user_type: UserType) -> Self {
        Self {
            id: tx.new_id(),
            organisation_id,
            email: email.to_owned(),
            first_name: None,
            last_name: None,
            user_type,
            status: UserStatus::Active,
            is_service: false,
            created_at: tx.now(),
            updated_at: tx.now(),
        }
    }

    /// First and last name as one text, if there is any.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        let parts: Vec<&str> =
            [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// Notes in the audit log what a user is now.
pub fn record(tx: &Tx, actor: &Actor, action: Action, user: &User) -> Result<(), Problem> {
    record_with_roles(tx, actor, action, user, None)
}

/// The same, with the roles that the user was given.
pub fn record_with_roles(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    user: &User,
    roles: Option<&[Role]>,
) -> Result<(), Problem> {
    let mut data = serde_json::json!({
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "type": user.user_type,
        "status": user.status,
        "isService": user.is_service,
    });
    if let Some(roles) = roles {
        data["roles"] = roles.iter().map(|role| role.id.to_string()).collect();
    }
    audit::record(tx, actor, &Change::new(AuditLogType::User, action, user.id, data))
}

/// The form of an address that decides whether two are the same.
#[must_use]
pub fn fold_email(email: &str) -> String {
    email.to_lowercase()
}
