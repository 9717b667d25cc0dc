//! Users in a seed file, their invitations and their credentials.

use std::ops::Not;

use crate::clock::Timestamp;
use crate::generated::models::{InvitationStatus, Permission, UserStatus, UserType};
use crate::secret::SecretHash;
use crate::store::ids::{InvitationId, PersonalAccessTokenId, ProjectId, SessionId, UserId};
use crate::store::invitations::SecretState;
use serde::{Deserialize, Serialize};

/// A user. One of type `invited` has a pending invitation, which was never mailed unless `invitation` says otherwise.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedUser {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// Unique in the organisation, ignoring letter case.
    pub email: String,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The type of user.
    #[serde(rename = "type")]
    pub user_type: UserType,
    /// Whether the account is usable; `active` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// True for a service account.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub is_service: bool,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed; the creation time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The user's invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<SeedInvitation>,
    /// The user's personal access tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal_access_tokens: Vec<SeedPersonalAccessToken>,
    /// The user's sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "internalTokens", alias = "sessions")]
    pub sessions: Vec<SeedSession>,
}

/// An invitation to the organisation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedInvitation {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<InvitationId>,
    /// `pending` for a user of type `invited`, `accepted` for any other type.
    pub status: InvitationStatus,
    /// When its link expires.
    pub expires_at: Timestamp,
    /// When it was accepted, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// The inviting user; the operator when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The hashes of all its secrets, past and present, so that links in earlier mails still give the same response.
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
    /// Whether it counts toward the sending limits.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub is_send: bool,
    /// The sending user; the operator when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<UserId>,
    /// When it was created.
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
    /// The SHA-256 of a secret that is not stored itself, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_sha256: Option<SecretHash>,
    /// Whether others may know the secret, which restricts `serve` to loopback; true when absent. May be false only
    /// together with `secretSha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<bool>,
    /// A note about its purpose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Its permissions; none when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    /// Whether it is valid for every project.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub all_projects: bool,
    /// Otherwise, the projects it is valid for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectId>,
    /// When it expires; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed; the creation time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// A session.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedSession {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SessionId>,
    /// `brms_ses_` and 32 to 200 letters, digits, `-` or `_`. Either this or `secretSha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The SHA-256 of a secret that is not stored itself, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_sha256: Option<SecretHash>,
    /// Whether others may know the secret, which restricts `serve` to loopback; true when absent. May be false only
    /// together with `secretSha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<bool>,
    /// When it expires; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl std::fmt::Debug for SeedPersonalAccessToken {
    /// Omits the secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedPersonalAccessToken").field("note", &self.note).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SeedSession {
    /// Omits the secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedSession").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SeedInvitationSecret {
    /// Omits the hash.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedInvitationSecret").field("state", &self.state).finish_non_exhaustive()
    }
}
