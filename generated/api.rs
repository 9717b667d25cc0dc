// Generated from brms.json by scripts/codegen. Do not edit: change those, and build.rs generates this again.

//! The operations: their ids, security, parameters and results.

use std::future::Future;

use uuid::Uuid;

use super::models;
use crate::http::{Authorization, Download, Posted, RequestContext, WithIdempotency};
use crate::problem::Problem;

/// Every operation of the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Export audit logs.
    ExportAuditLogs,
    /// Page through recorded actions.
    ListAuditLogs,
    /// One recorded action.
    GetAuditLog,
    /// Add a group.
    CreateGroup,
    /// Page through groups.
    ListGroups,
    /// Remove a group.
    DeleteGroup,
    /// Change a group.
    UpdateGroup,
    /// Is the service up.
    HealthCheck,
    /// Page through invitations.
    ListInvitations,
    /// Invite members.
    InviteMembers,
    /// Join a project.
    JoinProject,
    /// Page through users not yet in a project.
    ListMemberUsers,
    /// Page through members.
    ListMembers,
    /// Change a member.
    UpdateMember,
    /// Change the organisation.
    UpdateOrganisation,
    /// Add an own token.
    CreatePersonalAccessToken,
    /// Own tokens.
    ListPersonalAccessTokens,
    /// Add a token to a service account.
    CreateServiceAccountToken,
    /// Remove an own token.
    DeletePersonalAccessToken,
    /// One own token.
    GetPersonalAccessToken,
    /// Tokens of a service account.
    ListServiceAccountTokens,
    /// Renew an own token.
    RegeneratePersonalAccessToken,
    /// Remove a token of a service account.
    DeleteServiceAccountToken,
    /// One token of a service account.
    GetServiceAccountToken,
    /// Renew a token of a service account.
    RegenerateServiceAccountToken,
    /// Change own name.
    UpdateUserProfile,
    /// Add a project.
    CreateProject,
    /// Page through projects.
    ListProjects,
    /// Put a project aside.
    DeleteProject,
    /// One project.
    GetProject,
    /// Project and its approval settings.
    GetProjectWithApprovals,
    /// Bring a project back.
    RestoreProject,
    /// Change a project.
    UpdateProject,
    /// Change approval settings.
    UpdateProjectApprovals,
    /// Add a role.
    CreateRole,
    /// Page through roles.
    ListRoles,
    /// Change a role.
    UpdateRole,
    /// Add a service account.
    CreateServiceAccount,
    /// Invite people by email.
    InviteUsers,
    /// Page through users.
    ListUsers,
    /// Send a user invitation.
    SendUserInvitation,
    /// Change a user.
    UpdateUser,
}

impl Operation {
    /// All operations, in the order of the description's tags.
    pub const ALL: &'static [Self] = &[
        Self::ExportAuditLogs,
        Self::ListAuditLogs,
        Self::GetAuditLog,
        Self::CreateGroup,
        Self::ListGroups,
        Self::DeleteGroup,
        Self::UpdateGroup,
        Self::HealthCheck,
        Self::ListInvitations,
        Self::InviteMembers,
        Self::JoinProject,
        Self::ListMemberUsers,
        Self::ListMembers,
        Self::UpdateMember,
        Self::UpdateOrganisation,
        Self::CreatePersonalAccessToken,
        Self::ListPersonalAccessTokens,
        Self::CreateServiceAccountToken,
        Self::DeletePersonalAccessToken,
        Self::GetPersonalAccessToken,
        Self::ListServiceAccountTokens,
        Self::RegeneratePersonalAccessToken,
        Self::DeleteServiceAccountToken,
        Self::GetServiceAccountToken,
        Self::RegenerateServiceAccountToken,
        Self::UpdateUserProfile,
        Self::CreateProject,
        Self::ListProjects,
        Self::DeleteProject,
        Self::GetProject,
        Self::GetProjectWithApprovals,
        Self::RestoreProject,
        Self::UpdateProject,
        Self::UpdateProjectApprovals,
        Self::CreateRole,
        Self::ListRoles,
        Self::UpdateRole,
        Self::CreateServiceAccount,
        Self::InviteUsers,
        Self::ListUsers,
        Self::SendUserInvitation,
        Self::UpdateUser,
    ];

    /// The `operationId`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ExportAuditLogs => "exportAuditLogs",
            Self::ListAuditLogs => "listAuditLogs",
            Self::GetAuditLog => "getAuditLog",
            Self::CreateGroup => "createGroup",
            Self::ListGroups => "listGroups",
            Self::DeleteGroup => "deleteGroup",
            Self::UpdateGroup => "updateGroup",
            Self::HealthCheck => "healthCheck",
            Self::ListInvitations => "listInvitations",
            Self::InviteMembers => "inviteMembers",
            Self::JoinProject => "joinProject",
            Self::ListMemberUsers => "listMemberUsers",
            Self::ListMembers => "listMembers",
            Self::UpdateMember => "updateMember",
            Self::UpdateOrganisation => "updateOrganisation",
            Self::CreatePersonalAccessToken => "createPersonalAccessToken",
            Self::ListPersonalAccessTokens => "listPersonalAccessTokens",
            Self::CreateServiceAccountToken => "createServiceAccountToken",
            Self::DeletePersonalAccessToken => "deletePersonalAccessToken",
            Self::GetPersonalAccessToken => "getPersonalAccessToken",
            Self::ListServiceAccountTokens => "listServiceAccountTokens",
            Self::RegeneratePersonalAccessToken => "regeneratePersonalAccessToken",
            Self::DeleteServiceAccountToken => "deleteServiceAccountToken",
            Self::GetServiceAccountToken => "getServiceAccountToken",
            Self::RegenerateServiceAccountToken => "regenerateServiceAccountToken",
            Self::UpdateUserProfile => "updateUserProfile",
            Self::CreateProject => "createProject",
            Self::ListProjects => "listProjects",
            Self::DeleteProject => "deleteProject",
            Self::GetProject => "getProject",
            Self::GetProjectWithApprovals => "getProjectWithApprovals",
            Self::RestoreProject => "restoreProject",
            Self::UpdateProject => "updateProject",
            Self::UpdateProjectApprovals => "updateProjectApprovals",
            Self::CreateRole => "createRole",
            Self::ListRoles => "listRoles",
            Self::UpdateRole => "updateRole",
            Self::CreateServiceAccount => "createServiceAccount",
            Self::InviteUsers => "inviteUsers",
            Self::ListUsers => "listUsers",
            Self::SendUserInvitation => "sendUserInvitation",
            Self::UpdateUser => "updateUser",
        }
    }

    /// The accepted alternatives, each a list of schemes that are all required. Empty if no credentials are required.
    #[must_use]
    pub const fn security(self) -> &'static [&'static [SecurityScheme]] {
        use SecurityScheme::{InternalAuth, PersonalAccessToken};
        match self {
            Self::ExportAuditLogs => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::ListAuditLogs => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::GetAuditLog => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::CreateGroup => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::ListGroups => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::DeleteGroup => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::UpdateGroup => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::HealthCheck => &[],
            Self::ListInvitations => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::InviteMembers => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::JoinProject => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::ListMemberUsers => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::ListMembers => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::UpdateMember => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::UpdateOrganisation => &[&[InternalAuth]],
            Self::CreatePersonalAccessToken => &[&[InternalAuth]],
            Self::ListPersonalAccessTokens => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::CreateServiceAccountToken => &[&[InternalAuth]],
            Self::DeletePersonalAccessToken => &[&[InternalAuth]],
            Self::GetPersonalAccessToken => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::ListServiceAccountTokens => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::RegeneratePersonalAccessToken => &[&[InternalAuth]],
            Self::DeleteServiceAccountToken => &[&[InternalAuth]],
            Self::GetServiceAccountToken => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::RegenerateServiceAccountToken => &[&[InternalAuth]],
            Self::UpdateUserProfile => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::CreateProject => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::ListProjects => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::DeleteProject => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::GetProject => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::GetProjectWithApprovals => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::RestoreProject => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::UpdateProject => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::UpdateProjectApprovals => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::CreateRole => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::ListRoles => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::UpdateRole => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::CreateServiceAccount => &[&[InternalAuth]],
            Self::InviteUsers => &[&[InternalAuth]],
            Self::ListUsers => &[&[PersonalAccessToken], &[InternalAuth]],
            Self::SendUserInvitation => &[&[InternalAuth]],
            Self::UpdateUser => &[&[InternalAuth]],
        }
    }
}

/// A security scheme of the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityScheme {
    /// Personal access token is obtained through your profile
    PersonalAccessToken,
    /// Cannot be used directly
    InternalAuth,
}

impl SecurityScheme {
    /// The scheme's name in the `Authorization` header, case-insensitive.
    #[must_use]
    pub const fn http_scheme(self) -> &'static str {
        match self {
            Self::PersonalAccessToken => "bearer",
            Self::InternalAuth => "internal",
        }
    }
}

/// The path and query parameters of `exportAuditLogs`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportAuditLogsParameters {
    /// Keep only entries of this project
    pub project_id: Option<Uuid>,
    /// Keep only entries of this user
    pub user_id: Option<Uuid>,
    /// Earliest day, itself included
    pub from_date: Option<String>,
    /// Latest day, itself included
    pub to_date: Option<String>,
}

/// The path and query parameters of `listAuditLogs`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListAuditLogsParameters {
    /// Keep only entries of this project
    pub project_id: Option<Uuid>,
    /// Keep only entries of this user
    pub user_id: Option<Uuid>,
    /// Earliest day, itself included
    pub from_date: Option<String>,
    /// Latest day, itself included
    pub to_date: Option<String>,
    /// Keep only entries on this kind of thing
    pub r#type: Option<models::AuditLogType>,
    /// Keep only entries with this action
    pub action: Option<String>,
    /// Field to sort by
    pub order_by: Option<String>,
    /// ASC or DESC
    pub sort: Option<String>,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `getAuditLog`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetAuditLogParameters {
    /// Id of the entry
    pub audit_log_id: Uuid,
}

/// The path and query parameters of `createGroup`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateGroupParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `listGroups`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListGroupsParameters {
    /// Id of the project
    pub project_id: Uuid,
    /// Part of the group name to look for
    pub search: Option<String>,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `deleteGroup`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteGroupParameters {
    /// Id of the group
    pub group_id: Uuid,
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `updateGroup`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateGroupParameters {
    /// Id of the group
    pub group_id: Uuid,
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `listInvitations`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListInvitationsParameters {
    /// Part of the email address to look for
    pub search: Option<String>,
    /// Keep only invitations in this state
    pub status: Option<models::InvitationStatus>,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `inviteMembers`.
#[derive(Clone, Debug, PartialEq)]
pub struct InviteMembersParameters {
    /// Unique identifier of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `joinProject`.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinProjectParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `listMemberUsers`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListMemberUsersParameters {
    /// Id of the project
    pub project_id: Uuid,
    /// Part of an email address or name to look for
    pub search: Option<String>,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `listMembers`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListMembersParameters {
    /// Id of the project
    pub project_id: Uuid,
    /// Part of an email address or name to look for
    pub search: Option<String>,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `updateMember`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateMemberParameters {
    /// Id of the project
    pub project_id: Uuid,
    /// Id of the membership
    pub member_id: Uuid,
}

/// The path and query parameters of `createServiceAccountToken`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateServiceAccountTokenParameters {
    /// Id of the service account; admins only
    pub user_id: Uuid,
}

/// The path and query parameters of `deletePersonalAccessToken`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletePersonalAccessTokenParameters {
    /// Id of the token
    pub pat_id: Uuid,
}

/// The path and query parameters of `getPersonalAccessToken`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetPersonalAccessTokenParameters {
    /// Id of the token
    pub pat_id: Uuid,
}

/// The path and query parameters of `listServiceAccountTokens`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListServiceAccountTokensParameters {
    /// Id of the service account; admins only
    pub user_id: Uuid,
}

/// The path and query parameters of `regeneratePersonalAccessToken`.
#[derive(Clone, Debug, PartialEq)]
pub struct RegeneratePersonalAccessTokenParameters {
    /// Id of the token
    pub pat_id: Uuid,
}

/// The path and query parameters of `deleteServiceAccountToken`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteServiceAccountTokenParameters {
    /// Id of the service account; admins only
    pub user_id: Uuid,
    /// Id of the token
    pub pat_id: Uuid,
}

/// The path and query parameters of `getServiceAccountToken`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetServiceAccountTokenParameters {
    /// Id of the service account; admins only
    pub user_id: Uuid,
    /// Id of the token
    pub pat_id: Uuid,
}

/// The path and query parameters of `regenerateServiceAccountToken`.
#[derive(Clone, Debug, PartialEq)]
pub struct RegenerateServiceAccountTokenParameters {
    /// Id of the service account; admins only
    pub user_id: Uuid,
    /// Id of the token
    pub pat_id: Uuid,
}

/// The path and query parameters of `listProjects`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListProjectsParameters {
    /// Part of the project name to look for
    pub search: Option<String>,
    /// Take in every project of the organisation; admins and the owner only
    pub all: bool,
    /// Give deleted projects instead; admins and the owner only
    pub deleted: bool,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `deleteProject`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteProjectParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `getProject`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetProjectParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `getProjectWithApprovals`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetProjectWithApprovalsParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `restoreProject`.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoreProjectParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `updateProject`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateProjectParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `updateProjectApprovals`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateProjectApprovalsParameters {
    /// Id of the project
    pub project_id: Uuid,
}

/// The path and query parameters of `listRoles`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListRolesParameters {
    /// Part of the role name to look for
    pub search: Option<String>,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `updateRole`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRoleParameters {
    /// Id of the role
    pub role_id: Uuid,
}

/// The path and query parameters of `listUsers`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListUsersParameters {
    /// true for service accounts only, false for people only
    pub is_service: Option<String>,
    /// Part of an email address or of a name to look for
    pub search: Option<String>,
    /// Page to return, counted from 1
    pub page: u64,
    /// How many entries a page holds
    pub per_page: u64,
}

/// The path and query parameters of `sendUserInvitation`.
#[derive(Clone, Debug, PartialEq)]
pub struct SendUserInvitationParameters {
    /// Unique identifier of the invited user
    pub user_id: Uuid,
}

/// The path and query parameters of `updateUser`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateUserParameters {
    /// Id of the user
    pub user_id: Uuid,
}

/// The service, with a method for each operation.
///
/// Methods are called after the checks of the description: the principal is authenticated, and the parameters and the
/// body are valid.
pub trait Api: Send + Sync + 'static {
    /// The authenticated principal.
    type Principal: WithIdempotency + Send + 'static;

    /// Authenticates the request before anything else of it is read. Called only for operations with a security
    /// scheme.
    fn authenticate(
        &self,
        operation: Operation,
        authorization: Authorization<'_>,
        context: &RequestContext,
    ) -> impl Future<Output = Result<Self::Principal, Problem>> + Send;

    /// The problem for a path that no operation has.
    fn unknown_path(&self, path: &str) -> Problem;

    /// Export audit logs.
    ///
    /// `GET /api/audit-logs/export`, its shape concluded from others.
    fn export_audit_logs(
        &self,
        principal: Self::Principal,
        parameters: ExportAuditLogsParameters,
    ) -> impl Future<Output = Result<Download, Problem>> + Send;

    /// Page through recorded actions.
    ///
    /// `GET /api/audit-logs`, its shape seen on public pages.
    fn list_audit_logs(
        &self,
        principal: Self::Principal,
        parameters: ListAuditLogsParameters,
    ) -> impl Future<Output = Result<models::AuditLogList, Problem>> + Send;

    /// One recorded action.
    ///
    /// `GET /api/audit-logs/{auditLogId}`, its shape seen on public pages.
    fn get_audit_log(
        &self,
        principal: Self::Principal,
        parameters: GetAuditLogParameters,
    ) -> impl Future<Output = Result<models::AuditLog, Problem>> + Send;

    /// Add a group.
    ///
    /// `POST /api/projects/{projectId}/groups`, its shape seen on public pages.
    fn create_group(
        &self,
        principal: Self::Principal,
        parameters: CreateGroupParameters,
        body: models::SaveGroupRequest,
    ) -> impl Future<Output = Result<Posted<models::Group>, Problem>> + Send;

    /// Page through groups.
    ///
    /// `GET /api/projects/{projectId}/groups`, its shape seen on public pages.
    fn list_groups(
        &self,
        principal: Self::Principal,
        parameters: ListGroupsParameters,
    ) -> impl Future<Output = Result<models::GroupList, Problem>> + Send;

    /// Remove a group.
    ///
    /// `DELETE /api/projects/{projectId}/groups/{groupId}`, its shape taken from what a public client sends and reads.
    fn delete_group(
        &self,
        principal: Self::Principal,
        parameters: DeleteGroupParameters,
    ) -> impl Future<Output = Result<models::Group, Problem>> + Send;

    /// Change a group.
    ///
    /// `PUT /api/projects/{projectId}/groups/{groupId}`, its shape seen on public pages.
    fn update_group(
        &self,
        principal: Self::Principal,
        parameters: UpdateGroupParameters,
        body: models::SaveGroupRequest,
    ) -> impl Future<Output = Result<models::Group, Problem>> + Send;

    /// Is the service up.
    ///
    /// `GET /api/health`, its shape seen on public pages.
    fn health_check(&self) -> impl Future<Output = Result<models::Health, Problem>> + Send;

    /// Page through invitations.
    ///
    /// `GET /api/invitations`, its shape seen on public pages.
    fn list_invitations(
        &self,
        principal: Self::Principal,
        parameters: ListInvitationsParameters,
    ) -> impl Future<Output = Result<models::InvitationList, Problem>> + Send;

    /// Invite members.
    ///
    /// `POST /api/projects/{projectId}/members`, in the vendor's own words.
    fn invite_members(
        &self,
        principal: Self::Principal,
        parameters: InviteMembersParameters,
        body: models::InviteMembersRequest,
    ) -> impl Future<Output = Result<Posted<Vec<models::Member>>, Problem>> + Send;

    /// Join a project.
    ///
    /// `POST /api/projects/{projectId}/members/join`, its shape seen on public pages.
    fn join_project(
        &self,
        principal: Self::Principal,
        parameters: JoinProjectParameters,
    ) -> impl Future<Output = Result<Posted<models::Member>, Problem>> + Send;

    /// Page through users not yet in a project.
    ///
    /// `GET /api/projects/{projectId}/members/users`, its shape seen on public pages.
    fn list_member_users(
        &self,
        principal: Self::Principal,
        parameters: ListMemberUsersParameters,
    ) -> impl Future<Output = Result<models::MemberUserList, Problem>> + Send;

    /// Page through members.
    ///
    /// `GET /api/projects/{projectId}/members`, its shape seen on public pages.
    fn list_members(
        &self,
        principal: Self::Principal,
        parameters: ListMembersParameters,
    ) -> impl Future<Output = Result<models::MemberList, Problem>> + Send;

    /// Change a member.
    ///
    /// `PUT /api/projects/{projectId}/members/{memberId}`, its shape seen on public pages.
    fn update_member(
        &self,
        principal: Self::Principal,
        parameters: UpdateMemberParameters,
        body: models::UpdateMemberRequest,
    ) -> impl Future<Output = Result<models::Member, Problem>> + Send;

    /// Change the organisation.
    ///
    /// `PUT /api/organisations`, its shape seen on public pages.
    fn update_organisation(
        &self,
        principal: Self::Principal,
        body: models::UpdateOrganisationRequest,
    ) -> impl Future<Output = Result<models::Organisation, Problem>> + Send;

    /// Add an own token.
    ///
    /// `POST /api/personal-access-tokens`, its shape concluded from others.
    fn create_personal_access_token(
        &self,
        principal: Self::Principal,
        body: models::CreateTokenRequest,
    ) -> impl Future<Output = Result<Posted<models::CreatedPersonalAccessToken>, Problem>> + Send;

    /// Own tokens.
    ///
    /// `GET /api/personal-access-tokens`, its shape concluded from others.
    fn list_personal_access_tokens(
        &self,
        principal: Self::Principal,
    ) -> impl Future<Output = Result<Vec<models::PersonalAccessToken>, Problem>> + Send;

    /// Add a token to a service account.
    ///
    /// `POST /api/users/service/{userId}/personal-access-tokens`, its shape seen on public pages.
    fn create_service_account_token(
        &self,
        principal: Self::Principal,
        parameters: CreateServiceAccountTokenParameters,
        body: models::CreateTokenRequest,
    ) -> impl Future<Output = Result<Posted<models::CreatedPersonalAccessToken>, Problem>> + Send;

    /// Remove an own token.
    ///
    /// `DELETE /api/personal-access-tokens/{patId}`, its shape concluded from others.
    fn delete_personal_access_token(
        &self,
        principal: Self::Principal,
        parameters: DeletePersonalAccessTokenParameters,
    ) -> impl Future<Output = Result<models::PersonalAccessToken, Problem>> + Send;

    /// One own token.
    ///
    /// `GET /api/personal-access-tokens/{patId}`, its shape concluded from others.
    fn get_personal_access_token(
        &self,
        principal: Self::Principal,
        parameters: GetPersonalAccessTokenParameters,
    ) -> impl Future<Output = Result<models::PersonalAccessToken, Problem>> + Send;

    /// Tokens of a service account.
    ///
    /// `GET /api/users/service/{userId}/personal-access-tokens`, its shape seen on public pages.
    fn list_service_account_tokens(
        &self,
        principal: Self::Principal,
        parameters: ListServiceAccountTokensParameters,
    ) -> impl Future<Output = Result<Vec<models::PersonalAccessToken>, Problem>> + Send;

    /// Renew an own token.
    ///
    /// `POST /api/personal-access-tokens/{patId}/regenerate`, its shape seen on public pages.
    fn regenerate_personal_access_token(
        &self,
        principal: Self::Principal,
        parameters: RegeneratePersonalAccessTokenParameters,
        body: models::RegenerateTokenRequest,
    ) -> impl Future<Output = Result<Posted<models::CreatedPersonalAccessToken>, Problem>> + Send;

    /// Remove a token of a service account.
    ///
    /// `DELETE /api/users/service/{userId}/personal-access-tokens/{patId}`, its shape seen on public pages.
    fn delete_service_account_token(
        &self,
        principal: Self::Principal,
        parameters: DeleteServiceAccountTokenParameters,
    ) -> impl Future<Output = Result<models::PersonalAccessToken, Problem>> + Send;

    /// One token of a service account.
    ///
    /// `GET /api/users/service/{userId}/personal-access-tokens/{patId}`, its shape seen on public pages.
    fn get_service_account_token(
        &self,
        principal: Self::Principal,
        parameters: GetServiceAccountTokenParameters,
    ) -> impl Future<Output = Result<models::PersonalAccessToken, Problem>> + Send;

    /// Renew a token of a service account.
    ///
    /// `POST /api/users/service/{userId}/personal-access-tokens/{patId}/regenerate`, its shape seen on public pages.
    fn regenerate_service_account_token(
        &self,
        principal: Self::Principal,
        parameters: RegenerateServiceAccountTokenParameters,
        body: models::RegenerateTokenRequest,
    ) -> impl Future<Output = Result<Posted<models::CreatedPersonalAccessToken>, Problem>> + Send;

    /// Change own name.
    ///
    /// `PUT /api/profile`, its shape seen on public pages.
    fn update_user_profile(
        &self,
        principal: Self::Principal,
        body: models::UpdateUserProfileRequest,
    ) -> impl Future<Output = Result<models::Profile, Problem>> + Send;

    /// Add a project.
    ///
    /// `POST /api/projects`, its shape seen on public pages.
    fn create_project(
        &self,
        principal: Self::Principal,
        body: models::CreateProjectRequest,
    ) -> impl Future<Output = Result<Posted<models::CreatedProject>, Problem>> + Send;

    /// Page through projects.
    ///
    /// `GET /api/projects`, its shape seen on public pages.
    fn list_projects(
        &self,
        principal: Self::Principal,
        parameters: ListProjectsParameters,
    ) -> impl Future<Output = Result<models::ProjectList, Problem>> + Send;

    /// Put a project aside.
    ///
    /// `DELETE /api/projects/{projectId}`, its shape taken from what a public client sends and reads.
    fn delete_project(
        &self,
        principal: Self::Principal,
        parameters: DeleteProjectParameters,
    ) -> impl Future<Output = Result<models::Project, Problem>> + Send;

    /// One project.
    ///
    /// `GET /api/projects/{projectId}`, its shape taken from what a public client sends and reads.
    fn get_project(
        &self,
        principal: Self::Principal,
        parameters: GetProjectParameters,
    ) -> impl Future<Output = Result<models::Project, Problem>> + Send;

    /// Project and its approval settings.
    ///
    /// `GET /api/projects/{projectId}/approvals`, its shape seen on public pages.
    fn get_project_with_approvals(
        &self,
        principal: Self::Principal,
        parameters: GetProjectWithApprovalsParameters,
    ) -> impl Future<Output = Result<models::Project, Problem>> + Send;

    /// Bring a project back.
    ///
    /// `PUT /api/projects/{projectId}/restore`, its shape seen on public pages.
    fn restore_project(
        &self,
        principal: Self::Principal,
        parameters: RestoreProjectParameters,
    ) -> impl Future<Output = Result<models::Project, Problem>> + Send;

    /// Change a project.
    ///
    /// `PUT /api/projects/{projectId}`, its shape concluded from others.
    fn update_project(
        &self,
        principal: Self::Principal,
        parameters: UpdateProjectParameters,
        body: models::UpdateProjectRequest,
    ) -> impl Future<Output = Result<models::Project, Problem>> + Send;

    /// Change approval settings.
    ///
    /// `PUT /api/projects/{projectId}/approvals`, its shape seen on public pages.
    fn update_project_approvals(
        &self,
        principal: Self::Principal,
        parameters: UpdateProjectApprovalsParameters,
        body: models::UpdateProjectApprovalsRequest,
    ) -> impl Future<Output = Result<models::Project, Problem>> + Send;

    /// Add a role.
    ///
    /// `POST /api/roles`, its shape seen on public pages.
    fn create_role(
        &self,
        principal: Self::Principal,
        body: models::SaveRoleRequest,
    ) -> impl Future<Output = Result<Posted<models::Role>, Problem>> + Send;

    /// Page through roles.
    ///
    /// `GET /api/roles`, its shape seen on public pages.
    fn list_roles(
        &self,
        principal: Self::Principal,
        parameters: ListRolesParameters,
    ) -> impl Future<Output = Result<models::RoleList, Problem>> + Send;

    /// Change a role.
    ///
    /// `PUT /api/roles/{roleId}`, its shape seen on public pages.
    fn update_role(
        &self,
        principal: Self::Principal,
        parameters: UpdateRoleParameters,
        body: models::SaveRoleRequest,
    ) -> impl Future<Output = Result<models::Role, Problem>> + Send;

    /// Add a service account.
    ///
    /// `POST /api/users/service`, its shape seen on public pages.
    fn create_service_account(
        &self,
        principal: Self::Principal,
        body: models::CreateServiceAccountRequest,
    ) -> impl Future<Output = Result<Posted<models::User>, Problem>> + Send;

    /// Invite people by email.
    ///
    /// `POST /api/users`, its shape seen on public pages.
    fn invite_users(
        &self,
        principal: Self::Principal,
        body: models::InviteUsersRequest,
    ) -> impl Future<Output = Result<Posted<Vec<models::Invitation>>, Problem>> + Send;

    /// Page through users.
    ///
    /// `GET /api/users`, its shape seen on public pages.
    fn list_users(
        &self,
        principal: Self::Principal,
        parameters: ListUsersParameters,
    ) -> impl Future<Output = Result<models::UserList, Problem>> + Send;

    /// Send a user invitation.
    ///
    /// `POST /api/users/{userId}/invitation`, in the vendor's own words.
    fn send_user_invitation(
        &self,
        principal: Self::Principal,
        parameters: SendUserInvitationParameters,
    ) -> impl Future<Output = Result<Posted<models::Invitation>, Problem>> + Send;

    /// Change a user.
    ///
    /// `PUT /api/users/{userId}`, its shape seen on public pages.
    fn update_user(
        &self,
        principal: Self::Principal,
        parameters: UpdateUserParameters,
        body: models::UpdateUserRequest,
    ) -> impl Future<Output = Result<models::User, Problem>> + Send;
}
