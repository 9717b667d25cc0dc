//! Projects in a seed file, their groups and their members.

use super::omitted::seed_object;
use crate::clock::Timestamp;
use crate::file_permissions::FilePermission;
use crate::generated::models::{ApprovalMode, Permission, ProjectVersion};
use crate::store::ids::{GroupId, MemberId, ProjectId, RoleId, UserId};

seed_object! {
    /// A project.
    pub struct SeedProject {
        /// The id.
        id: Option<ProjectId> = default,
        /// Lower-case letters, digits and hyphens; unique among the projects that are not deleted.
        key: String,
        /// The display name.
        name: String,
        /// `v1` when absent.
        version: Option<ProjectVersion> = default,
        /// Whether it is protected.
        protected: bool = default,
        /// How changes in it are approved.
        decisions_approval_mode: Option<ApprovalMode> = default,
        /// The groups that approve, in order.
        decisions_approval_groups: Vec<GroupId> = default,
        /// When it was deleted, if it was.
        deleted_at: Option<Timestamp> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
        /// When it was last changed; the creation time when absent.
        updated_at: Option<Timestamp> = default,
        /// Its groups.
        groups: Vec<SeedGroup> = default,
        /// Its members.
        members: Vec<SeedMember> = default,
    }
}

seed_object! {
    /// A group of a project.
    pub struct SeedGroup {
        /// The id.
        id: Option<GroupId> = default,
        /// The display name.
        name: String,
        /// The description.
        description: Option<String> = default,
        /// The permissions of its members.
        permissions: Option<Vec<Permission>> = default,
        /// The file access of its members.
        file_permissions: Option<Vec<FilePermission>> = default,
        /// The role that manages it.
        role_id: Option<RoleId> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
    }
}

seed_object! {
    /// A user's membership in a project.
    pub struct SeedMember {
        /// The id.
        id: Option<MemberId> = default,
        /// A user of the same organisation.
        user_id: UserId,
        /// Whether the member owns the project.
        owner: bool = default,
        /// Groups of the same project.
        group_ids: Vec<GroupId> = default,
        /// Whether a role added this member rather than a person.
        by_role: bool = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
        /// When it was last changed; the creation time when absent.
        updated_at: Option<Timestamp> = default,
    }
}
