//! Projects in a seed file, their groups and their members.

use std::ops::Not;

use crate::clock::Timestamp;
use crate::file_permissions::FilePermission;
use crate::generated::models::{ApprovalMode, Permission, ProjectVersion};
use crate::store::ids::{GroupId, MemberId, ProjectId, RoleId, UserId};
use serde::{Deserialize, Serialize};

/// A project.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedProject {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ProjectId>,
    /// Lower-case letters, digits and hyphens; unique among the projects that are not deleted.
    pub key: String,
    /// The display name.
    pub name: String,
    /// `v1` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<ProjectVersion>,
    /// Whether it is protected.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub protected: bool,
    /// How changes in it are approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions_approval_mode: Option<ApprovalMode>,
    /// The groups that approve, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions_approval_groups: Vec<GroupId>,
    /// When it was deleted, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed; the creation time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Its groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<SeedGroup>,
    /// Its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<SeedMember>,
}

/// A group of a project.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedGroup {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<GroupId>,
    /// The display name.
    pub name: String,
    /// The description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The permissions of its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Permission>>,
    /// The file access of its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_permissions: Option<Vec<FilePermission>>,
    /// The role that manages it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_id: Option<RoleId>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// A user's membership in a project.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedMember {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MemberId>,
    /// A user of the same organisation.
    pub user_id: UserId,
    /// Whether the member owns the project.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub owner: bool,
    /// Groups of the same project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_ids: Vec<GroupId>,
    /// Whether a role added this member rather than a person.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub by_role: bool,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed; the creation time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}
