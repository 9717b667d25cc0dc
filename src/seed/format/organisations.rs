//! A file, its organisations, and what is theirs as a whole.

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
    /// Organisations, closed to each other.
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
    /// What people call it; its name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Settings, as the API takes them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub preferences: Map<String, Value>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it last changed; when it was made, if absent.
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
    /// The whole audit log. When absent, it says that the operator made all of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_logs: Option<Vec<SeedAuditLog>>,
}

/// A role. Its groups in the projects it reaches, and who is in them, are made when they are not in the file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SeedRole {
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RoleId>,
    /// What people call it.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it reaches every project.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub all_projects: bool,
    /// Groups of an identity provider; kept as given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idp_groups: Vec<String>,
    /// What it lets its users do in the projects it reaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_permissions: Vec<Permission>,
    /// Which files it lets them see or change there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_file_permissions: Vec<FilePermission>,
    /// Users of the same organisation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
    /// The projects it reaches, unless it reaches all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectId>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it last changed; when it was made, if absent.
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
    /// What kind of thing changed.
    #[serde(rename = "type")]
    pub kind: AuditLogType,
    /// What was done to it.
    pub action: String,
    /// Who did it; the operator when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// The thing that changed.
    pub ref_id: Uuid,
    /// Where the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// What sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// What changed.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}
