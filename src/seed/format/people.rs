//! Users in a seed file, how they came in, and what opens the door for them.

use std::ops::Not;

use crate::clock::Timestamp;
use crate::generated::models::{InvitationStatus, Permission, UserStatus, UserType};
use crate::secret::SecretHash;
use crate::store::ids::{InvitationId, PersonalAccessTokenId, ProjectId, SignInId, UserId};
use crate::store::invitations::SecretState;
use serde::{Deserialize, Serialize};

/// A user. One of type `invited` has a pending invitation, which was never mailed unless `invitation` says so.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedUser {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// Unique in the organisation, whatever its letter case.
    pub email: String,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Standing in the organisation.
    #[serde(rename = "type")]
    pub user_type: UserType,
    /// Whether the account works; `active` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// True for a service account.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub is_service: bool,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it last changed; when it was made, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// How the user was invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<SeedInvitation>,
    /// Tokens that act for this user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal_access_tokens: Vec<SeedPersonalAccessToken>,
    /// Sign-ins of this user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub internal_tokens: Vec<SeedInternalToken>,
}

/// An invitation to the organisation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedInvitation {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<InvitationId>,
    /// `pending` for a user of type `invited`, `accepted` for any other.
    pub status: InvitationStatus,
    /// When its link ends.
    pub expires_at: Timestamp,
    /// When it was taken up, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// The user who invited; the operator when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Every secret it ever had, by its hash, so that the links in mails keep their meaning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SeedInvitationSecret>,
}

/// A secret of an invitation.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedInvitationSecret {
    /// The SHA-256 of the code in the link, in hexadecimal.
    pub sha256: SecretHash,
    /// `live` (at most one), `used`, `replaced` or `withdrawn`.
    pub state: SecretState,
    /// Whether it counts as a send for the throttles.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub is_send: bool,
    /// The user who sent it; the operator when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<UserId>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// A personal access token.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedPersonalAccessToken {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PersonalAccessTokenId>,
    /// `brms_pat_` and 32 to 200 letters, digits, `-` or `_`. Either this or `secretSha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What is kept of a secret that is written down nowhere: its SHA-256, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_sha256: Option<SecretHash>,
    /// Whether others may know the secret, so that `serve` stays on loopback; true when absent. Only beside
    /// `secretSha256` it may be false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<bool>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What it may do at most; nothing when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    /// Whether it reaches every project.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub all_projects: bool,
    /// The projects it reaches otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectId>,
    /// When it ends; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it last changed; when it was made, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// A sign-in.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedInternalToken {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SignInId>,
    /// `brms_ses_` and 32 to 200 letters, digits, `-` or `_`. Either this or `secretSha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What is kept of a secret that is written down nowhere: its SHA-256, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_sha256: Option<SecretHash>,
    /// Whether others may know the secret, so that `serve` stays on loopback; true when absent. Only beside
    /// `secretSha256` it may be false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<bool>,
    /// When it ends; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl std::fmt::Debug for SeedPersonalAccessToken {
    /// Without the secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedPersonalAccessToken").field("note", &self.note).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SeedInternalToken {
    /// Without the secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedInternalToken").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SeedInvitationSecret {
    /// Without the hash.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedInvitationSecret").field("state", &self.state).finish_non_exhaustive()
    }
}
