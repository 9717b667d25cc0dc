//! Users of an organisation: people, invited people and service accounts.

pub mod store;
pub mod wire;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::generated::models::{UserStatus, UserType};

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
    /// First and last name as one text, if there is any.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        let parts: Vec<&str> =
            [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// The form of an address that decides whether two are the same.
#[must_use]
pub fn fold_email(email: &str) -> String {
    email.to_lowercase()
}
