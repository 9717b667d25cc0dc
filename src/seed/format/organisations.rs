//! A seed file, its organisations, and their roles and audit logs.

use std::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::people::SeedUser;
use super::projects::SeedProject;
use crate::clock::Timestamp;
use crate::file_permissions::FilePermission;
use crate::generated::models::{AuditLogType, Permission};
use crate::store::ids::{AuditLogId, OrganisationId, ProjectId, RoleId, UserId};

/// A whole file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Seed {
    /// Organisations, isolated from each other.
    pub organisations: Vec<SeedOrganisation>,
}

/// An organisation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedOrganisation {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<OrganisationId>,
    /// Its name in addresses.
    pub name: String,
    /// The display name; its name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Settings, in the form of the API.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub preferences: Map<String, Value>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed; the creation time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Its users; exactly one of type `owner`.
    pub users: Vec<SeedUser>,
    /// Its roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<SeedRole>,
    /// Its projects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<SeedProject>,
    /// The whole audit log. When absent, it says that the operator created everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_logs: Option<Vec<SeedAuditLog>>,
}

/// A role. Its groups in projects and their memberships are created if the file does not contain them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedRole {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RoleId>,
    /// The display name.
    pub name: String,
    /// The description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it applies to every project.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub all_projects: bool,
    /// Groups of an identity provider; stored unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idp_groups: Vec<String>,
    /// The permissions of its users in its projects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_permissions: Vec<Permission>,
    /// The file access of its users in its projects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_file_permissions: Vec<FilePermission>,
    /// Users of the same organisation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
    /// The projects it applies to, unless it applies to all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectId>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed; the creation time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedAuditLog {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AuditLogId>,
    /// When it happened.
    pub created_at: Timestamp,
    /// The type of object that changed.
    #[serde(rename = "type")]
    pub kind: AuditLogType,
    /// The action.
    pub action: String,
    /// The acting user; the operator when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// The object that changed.
    pub ref_id: Uuid,
    /// The IP address of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The user agent of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The details of the change.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}
