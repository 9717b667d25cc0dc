//! Implements the generated trait: each operation is one call into `operations`.

#![allow(clippy::wildcard_imports, reason = "all of that file is named here, and nothing else is done")]

use crate::access::{self, Principal};
use crate::app::App;
use crate::generated::api::*;
use crate::generated::models::{
    self, CreateProjectRequest, CreateServiceAccountRequest, CreateTokenRequest, InviteMembersRequest,
    InviteUsersRequest, RegenerateTokenRequest, SaveGroupRequest, SaveRoleRequest, UpdateMemberRequest,
    UpdateOrganisationRequest, UpdateProjectApprovalsRequest, UpdateProjectRequest, UpdateUserProfileRequest,
    UpdateUserRequest,
};
use crate::http::{Authorization, Download, Posted, RequestContext};
use crate::operations::tokens::personal as tokens;
use crate::operations::tokens::personal::TokenOwner;
use crate::operations::{
    audit_logs, groups, health, invitations, members, organisations, projects, roles, users,
};
use crate::problem::Problem;
use crate::unknown_path;

impl Api for App {
    type Principal = Principal;

    async fn authenticate(
        &self,
        operation: Operation,
        authorization: Authorization<'_>,
        context: &RequestContext,
    ) -> Result<Principal, Problem> {
        access::authenticate(&self.db, operation, authorization, context).await
    }

    fn unknown_path(&self, path: &str) -> Problem {
        unknown_path::problem(path)
    }

    async fn list_audit_logs(
        &self,
        principal: Principal,
        parameters: ListAuditLogsParameters,
    ) -> Result<models::AuditLogList, Problem> {
        audit_logs::list(self, principal, parameters).await
    }

    async fn get_audit_log(
        &self,
        principal: Principal,
        parameters: GetAuditLogParameters,
    ) -> Result<models::AuditLog, Problem> {
        audit_logs::get(self, principal, parameters).await
    }

    async fn create_group(
        &self,
        principal: Principal,
        parameters: CreateGroupParameters,
        body: SaveGroupRequest,
    ) -> Result<Posted<models::Group>, Problem> {
        groups::create(self, principal, parameters, body).await
    }

    async fn list_groups(
        &self,
        principal: Principal,
        parameters: ListGroupsParameters,
    ) -> Result<models::GroupList, Problem> {
        groups::list(self, principal, parameters).await
    }

    async fn update_group(
        &self,
        principal: Principal,
        parameters: UpdateGroupParameters,
        body: SaveGroupRequest,
    ) -> Result<models::Group, Problem> {
        groups::update(self, principal, parameters, body).await
    }

    async fn health_check(&self) -> Result<models::Health, Problem> {
        health::check(self).await
    }

    async fn list_invitations(
        &self,
        principal: Principal,
        parameters: ListInvitationsParameters,
    ) -> Result<models::InvitationList, Problem> {
        invitations::list(self, principal, parameters).await
    }

    async fn invite_members(
        &self,
        principal: Principal,
        parameters: InviteMembersParameters,
        body: InviteMembersRequest,
    ) -> Result<Posted<Vec<models::Member>>, Problem> {
        members::invite(self, principal, parameters, body).await
    }

    async fn list_member_users(
        &self,
        principal: Principal,
        parameters: ListMemberUsersParameters,
    ) -> Result<models::MemberUserList, Problem> {
        members::list_users(self, principal, parameters).await
    }

    async fn list_members(
        &self,
        principal: Principal,
        parameters: ListMembersParameters,
    ) -> Result<models::MemberList, Problem> {
        members::list(self, principal, parameters).await
    }

    async fn update_member(
        &self,
        principal: Principal,
        parameters: UpdateMemberParameters,
        body: UpdateMemberRequest,
    ) -> Result<models::Member, Problem> {
        members::update(self, principal, parameters, body).await
    }

    async fn update_organisation(
        &self,
        principal: Principal,
        body: UpdateOrganisationRequest,
    ) -> Result<models::Organisation, Problem> {
        organisations::update(self, principal, body).await
    }

    async fn create_personal_access_token(
        &self,
        principal: Principal,
        body: CreateTokenRequest,
    ) -> Result<Posted<models::CreatedPersonalAccessToken>, Problem> {
        tokens::create(self, principal, TokenOwner::Own, body).await
    }

    async fn list_personal_access_tokens(
        &self,
        principal: Principal,
    ) -> Result<Vec<models::PersonalAccessToken>, Problem> {
        tokens::list(self, principal, TokenOwner::Own).await
    }

    async fn create_service_account_token(
        &self,
        principal: Principal,
        parameters: CreateServiceAccountTokenParameters,
        body: CreateTokenRequest,
    ) -> Result<Posted<models::CreatedPersonalAccessToken>, Problem> {
        tokens::create(self, principal, TokenOwner::ServiceAccount(parameters.user_id.into()), body).await
    }

    async fn delete_personal_access_token(
        &self,
        principal: Principal,
        parameters: DeletePersonalAccessTokenParameters,
    ) -> Result<models::PersonalAccessToken, Problem> {
        tokens::delete(self, principal, TokenOwner::Own, parameters.pat_id.into()).await
    }

    async fn get_personal_access_token(
        &self,
        principal: Principal,
        parameters: GetPersonalAccessTokenParameters,
    ) -> Result<models::PersonalAccessToken, Problem> {
        tokens::get(self, principal, TokenOwner::Own, parameters.pat_id.into()).await
    }

    async fn list_service_account_tokens(
        &self,
        principal: Principal,
        parameters: ListServiceAccountTokensParameters,
    ) -> Result<Vec<models::PersonalAccessToken>, Problem> {
        tokens::list(self, principal, TokenOwner::ServiceAccount(parameters.user_id.into())).await
    }

    async fn regenerate_personal_access_token(
        &self,
        principal: Principal,
        parameters: RegeneratePersonalAccessTokenParameters,
        body: RegenerateTokenRequest,
    ) -> Result<Posted<models::CreatedPersonalAccessToken>, Problem> {
        tokens::regenerate(self, principal, TokenOwner::Own, parameters.pat_id.into(), body.expiry).await
    }

    async fn delete_service_account_token(
        &self,
        principal: Principal,
        parameters: DeleteServiceAccountTokenParameters,
    ) -> Result<models::PersonalAccessToken, Problem> {
        tokens::delete(
            self,
            principal,
            TokenOwner::ServiceAccount(parameters.user_id.into()),
            parameters.pat_id.into(),
        )
        .await
    }

    async fn get_service_account_token(
        &self,
        principal: Principal,
        parameters: GetServiceAccountTokenParameters,
    ) -> Result<models::PersonalAccessToken, Problem> {
        tokens::get(
            self,
            principal,
            TokenOwner::ServiceAccount(parameters.user_id.into()),
            parameters.pat_id.into(),
        )
        .await
    }

    async fn regenerate_service_account_token(
        &self,
        principal: Principal,
        parameters: RegenerateServiceAccountTokenParameters,
        body: RegenerateTokenRequest,
    ) -> Result<Posted<models::CreatedPersonalAccessToken>, Problem> {
        tokens::regenerate(
            self,
            principal,
            TokenOwner::ServiceAccount(parameters.user_id.into()),
            parameters.pat_id.into(),
            body.expiry,
        )
        .await
    }

    async fn update_user_profile(
        &self,
        principal: Principal,
        body: UpdateUserProfileRequest,
    ) -> Result<models::Profile, Problem> {
        users::update_profile(self, principal, body).await
    }

    async fn create_project(
        &self,
        principal: Principal,
        body: CreateProjectRequest,
    ) -> Result<Posted<models::CreatedProject>, Problem> {
        projects::create(self, principal, body).await
    }

    async fn list_projects(
        &self,
        principal: Principal,
        parameters: ListProjectsParameters,
    ) -> Result<models::ProjectList, Problem> {
        projects::list(self, principal, parameters).await
    }

    async fn get_project_with_approvals(
        &self,
        principal: Principal,
        parameters: GetProjectWithApprovalsParameters,
    ) -> Result<models::Project, Problem> {
        projects::get(self, principal, parameters.project_id.into()).await
    }

    async fn restore_project(
        &self,
        principal: Principal,
        parameters: RestoreProjectParameters,
    ) -> Result<models::Project, Problem> {
        projects::restore(self, principal, parameters).await
    }

    async fn update_project_approvals(
        &self,
        principal: Principal,
        parameters: UpdateProjectApprovalsParameters,
        body: UpdateProjectApprovalsRequest,
    ) -> Result<models::Project, Problem> {
        projects::update_approvals(self, principal, parameters, body).await
    }

    async fn create_role(
        &self,
        principal: Principal,
        body: SaveRoleRequest,
    ) -> Result<Posted<models::Role>, Problem> {
        roles::create(self, principal, body).await
    }

    async fn list_roles(
        &self,
        principal: Principal,
        parameters: ListRolesParameters,
    ) -> Result<models::RoleList, Problem> {
        roles::list(self, principal, parameters).await
    }

    async fn update_role(
        &self,
        principal: Principal,
        parameters: UpdateRoleParameters,
        body: SaveRoleRequest,
    ) -> Result<models::Role, Problem> {
        roles::update(self, principal, parameters, body).await
    }

    async fn create_service_account(
        &self,
        principal: Principal,
        body: CreateServiceAccountRequest,
    ) -> Result<Posted<models::User>, Problem> {
        users::create_service_account(self, principal, body).await
    }

    async fn invite_users(
        &self,
        principal: Principal,
        body: InviteUsersRequest,
    ) -> Result<Posted<Vec<models::Invitation>>, Problem> {
        invitations::invite(self, principal, body).await
    }

    async fn list_users(
        &self,
        principal: Principal,
        parameters: ListUsersParameters,
    ) -> Result<models::UserList, Problem> {
        users::list(self, principal, parameters).await
    }

    async fn send_user_invitation(
        &self,
        principal: Principal,
        parameters: SendUserInvitationParameters,
    ) -> Result<Posted<models::Invitation>, Problem> {
        invitations::send(self, principal, parameters).await
    }

    async fn update_user(
        &self,
        principal: Principal,
        parameters: UpdateUserParameters,
        body: UpdateUserRequest,
    ) -> Result<models::User, Problem> {
        users::update(self, principal, parameters, body).await
    }

    async fn export_audit_logs(
        &self,
        principal: Principal,
        parameters: ExportAuditLogsParameters,
    ) -> Result<Download, Problem> {
        audit_logs::export(self, principal, parameters).await
    }

    async fn delete_group(
        &self,
        principal: Principal,
        parameters: DeleteGroupParameters,
    ) -> Result<models::Group, Problem> {
        groups::delete(self, principal, parameters).await
    }

    async fn join_project(
        &self,
        principal: Principal,
        parameters: JoinProjectParameters,
    ) -> Result<Posted<models::Member>, Problem> {
        members::join(self, principal, parameters).await
    }

    async fn get_project(
        &self,
        principal: Principal,
        parameters: GetProjectParameters,
    ) -> Result<models::Project, Problem> {
        projects::get(self, principal, parameters.project_id.into()).await
    }

    async fn update_project(
        &self,
        principal: Principal,
        parameters: UpdateProjectParameters,
        body: UpdateProjectRequest,
    ) -> Result<models::Project, Problem> {
        projects::update(self, principal, parameters, body).await
    }

    async fn delete_project(
        &self,
        principal: Principal,
        parameters: DeleteProjectParameters,
    ) -> Result<models::Project, Problem> {
        projects::delete(self, principal, parameters).await
    }
}
