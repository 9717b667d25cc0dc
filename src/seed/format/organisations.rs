//! A seed file, its organisations, and their roles and audit logs.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::omitted::seed_object;
use super::people::SeedUser;
use super::projects::SeedProject;
use crate::clock::Timestamp;
use crate::file_permissions::FilePermission;
use crate::generated::models::{AuditLogType, Permission};
use crate::store::ids::{AuditLogId, OrganisationId, ProjectId, RoleId, UserId};

seed_object! {
    /// A whole file.
    pub struct Seed {
        /// Organisations, isolated from each other.
        organisations: Vec<SeedOrganisation>,
    }
}

seed_object! {
    /// An organisation.
    pub struct SeedOrganisation {
        /// The id.
        id: Option<OrganisationId> = default,
        /// Its name in addresses.
        name: String,
        /// The display name; its name when absent.
        display_name: Option<String> = default,
        /// Settings, in the form of the API.
        preferences: Map<String, Value> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
        /// When it was last changed; the creation time when absent.
        updated_at: Option<Timestamp> = default,
        /// Its users; exactly one of type `owner`.
        users: Vec<SeedUser>,
        /// Its roles.
        roles: Vec<SeedRole> = default,
        /// Its projects.
        projects: Vec<SeedProject> = default,
        /// The whole audit log. When absent, it says that the operator created everything.
        audit_logs: Option<Vec<SeedAuditLog>> = default,
    }
}

seed_object! {
    /// A role. Its groups in projects and their memberships are created if the file does not contain them.
    pub struct SeedRole {
        /// The id.
        id: Option<RoleId> = default,
        /// The display name.
        name: String,
        /// The description.
        description: Option<String> = default,
        /// Whether it applies to every project.
        all_projects: bool = default,
        /// Groups of an identity provider; stored unchanged.
        idp_groups: Vec<String> = default,
        /// The permissions of its users in its projects.
        project_permissions: Vec<Permission> = default,
        /// The file access of its users in its projects.
        project_file_permissions: Vec<FilePermission> = default,
        /// Users of the same organisation.
        users: Vec<UserId> = default,
        /// The projects it applies to, unless it applies to all.
        projects: Vec<ProjectId> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
        /// When it was last changed; the creation time when absent.
        updated_at: Option<Timestamp> = default,
    }
}

seed_object! {
    /// An entry of the audit log.
    pub struct SeedAuditLog {
        /// The id.
        id: Option<AuditLogId> = default,
        /// When it happened.
        created_at: Timestamp,
        /// The type of object that changed.
        #[serde(rename = "type")]
        kind: AuditLogType,
        /// The action.
        action: String,
        /// The acting user; the operator when absent.
        user_id: Option<UserId> = default,
        /// The project it belongs to.
        project_id: Option<ProjectId> = default,
        /// The object that changed.
        ref_id: Uuid,
        /// The IP address of the request.
        ip_address: Option<String> = default,
        /// The user agent of the request.
        user_agent: Option<String> = default,
        /// The details of the change.
        data: Map<String, Value> = default,
    }
}
