//! The one table of who may call what: for each operation what it asks of its caller.
//!
//! Read it with three rules. A personal access token acts within its own permissions and projects, and
//! outside one project it needs `allProjects` and `owner` (but for the own profile and the own tokens).
//! Owner and admin of the organisation have every permission in every project. Handing out `owner` asks for
//! more than this table says: see [`super::permissions::ProjectAccess::may_grant_owner`]. So does changing key or protection
//! of a project (updateProject).

use crate::generated::api::Operation;
use crate::generated::models::Permission;

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing: it is open.
    NoCredentials,
    /// To be a caller: it is about the caller's own things.
    Own,
    /// To be a caller, by a token that reaches everything if by a token.
    AnyUser,
    /// Standing author, admin or owner.
    Author,
    /// Standing admin or owner.
    Administrator,
    /// To see the project.
    InProject,
    /// To see the project and to have the permission there.
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
    /// What is said to a caller who does not meet it.
    #[must_use]
    pub const fn refusal(self) -> &'static str {
        match self {
            Self::NoCredentials | Self::Own | Self::InProject => "This is not allowed.",
            Self::AnyUser => "A token needs allProjects and the permission owner for this.",
            Self::Author => {
                "This needs an author, admin or owner of the organisation, and of a token allProjects and the \
                 permission owner."
            }
            Self::Administrator => {
                "This needs an admin or owner of the organisation, and of a token allProjects and the permission \
                 owner."
            }
            Self::Permission(Permission::Owner) => {
                "This needs the permission owner in the project, of the user and of a token."
            }
            Self::Permission(_) => {
                "This needs the permission project:manage in the project, of the user and of a token."
            }
        }
    }
}
