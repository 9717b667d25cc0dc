//! The seed file as it is written. Unknown keys are refused: a misspelt one would be data left out.

use serde::Deserialize;
use uuid::Uuid;

use crate::generated::models::{Permission, ProjectVersion, UserStatus, UserType};

/// A whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Seed {
    /// Organisations, closed to each other.
    pub organisations: Vec<SeedOrganisation>,
}

/// An organisation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedOrganisation {
    /// Made when absent, as every id of this file.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// Its name in addresses.
    pub name: String,
    /// What people call it; its name when absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Its users; exactly one of type `owner`.
    pub users: Vec<SeedUser>,
    /// Its projects.
    #[serde(default)]
    pub projects: Vec<SeedProject>,
}

/// A user. One of type `invited` has a pending invitation that was never mailed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedUser {
    /// See [`SeedOrganisation::id`].
    #[serde(default)]
    pub id: Option<Uuid>,
    /// Unique in the organisation, whatever its letter case.
    pub email: String,
    /// Given name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// Standing in the organisation.
    #[serde(rename = "type")]
    pub user_type: UserType,
    /// Whether the account works.
    #[serde(default = "active")]
    pub status: UserStatus,
    /// True for a service account.
    #[serde(default)]
    pub is_service: bool,
    /// Tokens that act for this user.
    #[serde(default)]
    pub personal_access_tokens: Vec<SeedPersonalAccessToken>,
    /// Sign-ins of this user.
    #[serde(default)]
    pub internal_tokens: Vec<SeedInternalToken>,
}

fn active() -> UserStatus {
    UserStatus::Active
}

/// A personal access token with a known secret.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedPersonalAccessToken {
    /// `brms_pat_` and 32 to 200 letters, digits, `-` or `_`.
    pub secret: String,
    /// What it is for.
    #[serde(default)]
    pub note: String,
    /// What it may do at most; nothing when absent.
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// Whether it reaches every project.
    #[serde(default)]
    pub all_projects: bool,
    /// The projects it reaches otherwise.
    #[serde(default)]
    pub projects: Vec<Uuid>,
    /// RFC 3339; never when absent.
    #[serde(default)]
    pub expires_at: Option<String>,
}

/// A sign-in with a known secret.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedInternalToken {
    /// `brms_ses_` and 32 to 200 letters, digits, `-` or `_`.
    pub secret: String,
    /// RFC 3339; never when absent.
    #[serde(default)]
    pub expires_at: Option<String>,
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

/// A project.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedProject {
    /// See [`SeedOrganisation::id`].
    #[serde(default)]
    pub id: Option<Uuid>,
    /// Lower-case letters, digits and hyphens; unique in the organisation.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// `v1` when absent.
    #[serde(default)]
    pub version: Option<ProjectVersion>,
    /// Whether it is protected.
    #[serde(default)]
    pub protected: bool,
    /// Its groups.
    #[serde(default)]
    pub groups: Vec<SeedGroup>,
    /// Its members.
    #[serde(default)]
    pub members: Vec<SeedMember>,
}

/// A group of a project.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedGroup {
    /// See [`SeedOrganisation::id`].
    #[serde(default)]
    pub id: Option<Uuid>,
    /// What people call it.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// What it lets its members do.
    #[serde(default)]
    pub permissions: Option<Vec<Permission>>,
}

/// A user's place in a project.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedMember {
    /// A user of the same organisation.
    pub user_id: Uuid,
    /// The owner mark.
    #[serde(default)]
    pub owner: bool,
    /// Groups of the same project.
    #[serde(default)]
    pub group_ids: Vec<Uuid>,
}
