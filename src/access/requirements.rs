//! The table of what each operation requires of its caller.
//!
//! Three rules apply to it. A personal access token acts within its own permissions and projects, and outside projects
//! it needs `allProjects` and `owner` (except for the caller's own profile and tokens). Owners and admins of the
//! organisation have every permission in every project. Granting `owner` requires more than this table says, see
//! [`super::permissions::ProjectAccess::may_grant_owner`]; so does changing the key or the protection of a project
//! (updateProject).

use crate::generated::api::Operation;
use crate::generated::models::Permission;

/// What an operation requires of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing; no credentials are needed.
    NoCredentials,
    /// An authenticated caller; the operation concerns only the caller's own data.
    Own,
    /// An authenticated caller; a token must have `allProjects` and `owner`.
    AnyUser,
    /// User type author, admin or owner.
    Author,
    /// User type admin or owner.
    Administrator,
    /// The project is visible.
    InProject,
    /// The project is visible, and the caller has the permission in it.
    Permission(Permission),
}

/// The table.
#[must_use]
pub const fn requirement(operation: Operation) -> Requirement {
    match operation {
        Operation::HealthCheck => Requirement::NoCredentials,

        Operation::UpdateUserProfile
        | Operation::ListPersonalAccessTokens
        | Operation::CreatePersonalAccessToken
        | Operation::GetPersonalAccessToken
        | Operation::DeletePersonalAccessToken
        | Operation::RegeneratePersonalAccessToken => Requirement::Own,

        Operation::ListProjects | Operation::JoinProject => Requirement::AnyUser,

        Operation::CreateProject => Requirement::Author,

        Operation::ListUsers
        | Operation::InviteUsers
        | Operation::UpdateUser
        | Operation::CreateServiceAccount
        | Operation::SendUserInvitation
        | Operation::ListInvitations
        | Operation::ListServiceAccountTokens
        | Operation::CreateServiceAccountToken
        | Operation::GetServiceAccountToken
        | Operation::DeleteServiceAccountToken
        | Operation::RegenerateServiceAccountToken
        | Operation::ListRoles
        | Operation::CreateRole
        | Operation::UpdateRole
        | Operation::UpdateOrganisation
        | Operation::ListAuditLogs
        | Operation::GetAuditLog
        | Operation::ExportAuditLogs => Requirement::Administrator,

        Operation::ListMembers
        | Operation::ListGroups
        | Operation::GetProject
        | Operation::GetProjectWithApprovals => Requirement::InProject,

        Operation::InviteMembers
        | Operation::UpdateMember
        | Operation::ListMemberUsers
        | Operation::CreateGroup
        | Operation::UpdateGroup
        | Operation::DeleteGroup
        | Operation::UpdateProject
        | Operation::UpdateProjectApprovals => Requirement::Permission(Permission::ProjectManage),

        Operation::DeleteProject | Operation::RestoreProject => Requirement::Permission(Permission::Owner),
    }
}

impl Requirement {
    /// The error text for a caller who does not meet the requirement.
    #[must_use]
    pub const fn refusal(self) -> &'static str {
        match self {
            Self::NoCredentials | Self::Own | Self::InProject => "This is not allowed.",
            Self::AnyUser => "This requires allProjects and the permission owner, if a token is used.",
            Self::Author => {
                "This requires an author, admin or owner of the organisation, and from a token also allProjects and \
                 the permission owner."
            }
            Self::Administrator => {
                "This requires an admin or owner of the organisation, and from a token also allProjects and the \
                 permission owner."
            }
            Self::Permission(Permission::Owner) => {
                "This requires the permission owner in the project, for the user and for a token."
            }
            Self::Permission(_) => {
                "This requires the permission project:manage in the project, for the user and for a token."
            }
        }
    }
}
