//! The generated trait, filled in: each operation is a line that leads to its room.

#![allow(clippy::wildcard_imports, reason = "all of that file is named here, and nothing else is done")]

use crate::app::App;
use crate::auth::{self, Principal};
use crate::generated::api::*;
use crate::generated::models::{
    CreateProjectRequest, CreateServiceAccountRequest, CreateTokenRequest, InviteMembersRequest,
    InviteUsersRequest, RegenerateTokenRequest, SaveGroupRequest, SaveRoleRequest, UpdateMemberRequest,
    UpdateOrganisationRequest, UpdateProjectApprovalsRequest, UpdateUserProfileRequest, UpdateUserRequest,
};
use crate::http::{Authorization, RequestContext};
use crate::problem::Problem;
use crate::tokens::personal::{self as tokens, Whose};
use crate::{audit, groups, health, invitations, members, organisation, projects, roles, users};

impl Api for App {
    type Principal = Principal;

    fn authenticate(
        &self,
        operation: Operation,
        authorization: Authorization<'_>,
        context: &RequestContext,
    ) -> Result<Principal, Problem> {
        auth::authenticate(&self.db, operation, authorization, context)
    }

    async fn list_audit_logs(
        &self,
        principal: Principal,
        parameters: ListAuditLogsParameters,
    ) -> Result<ListAuditLogsResponse, Problem> {
        audit::list(self, principal, parameters).await
    }

    async fn get_audit_log(
        &self,
        principal: Principal,
        parameters: GetAuditLogParameters,
    ) -> Result<GetAuditLogResponse, Problem> {
        audit::get(self, principal, parameters).await
    }

    async fn create_group(
        &self,
        principal: Principal,
        parameters: CreateGroupParameters,
        body: SaveGroupRequest,
    ) -> Result<CreateGroupResponse, Problem> {
        groups::create(self, principal, parameters, body).await
    }

    async fn list_groups(
        &self,
        principal: Principal,
        parameters: ListGroupsParameters,
    ) -> Result<ListGroupsResponse, Problem> {
        groups::list(self, principal, parameters).await
    }

    async fn update_group(
        &self,
        principal: Principal,
        parameters: UpdateGroupParameters,
        body: SaveGroupRequest,
    ) -> Result<UpdateGroupResponse, Problem> {
        groups::update(self, principal, parameters, body).await
    }

    async fn health_check(&self) -> Result<HealthCheckResponse, Problem> {
        health::check(self).await
    }

    async fn list_invitations(
        &self,
        principal: Principal,
        parameters: ListInvitationsParameters,
    ) -> Result<ListInvitationsResponse, Problem> {
        invitations::list(self, principal, parameters).await
    }

    async fn invite_members(
        &self,
        principal: Principal,
        parameters: InviteMembersParameters,
        body: InviteMembersRequest,
    ) -> Result<InviteMembersResponse, Problem> {
        members::invite(self, principal, parameters, body).await
    }

    async fn list_member_users(
        &self,
        principal: Principal,
        parameters: ListMemberUsersParameters,
    ) -> Result<ListMemberUsersResponse, Problem> {
        members::list_users(self, principal, parameters).await
    }

    async fn list_members(
        &self,
        principal: Principal,
        parameters: ListMembersParameters,
    ) -> Result<ListMembersResponse, Problem> {
        members::list(self, principal, parameters).await
    }

    async fn update_member(
        &self,
        principal: Principal,
        parameters: UpdateMemberParameters,
        body: UpdateMemberRequest,
    ) -> Result<UpdateMemberResponse, Problem> {
        members::update(self, principal, parameters, body).await
    }

    async fn update_organisation(
        &self,
        principal: Principal,
        body: UpdateOrganisationRequest,
    ) -> Result<UpdateOrganisationResponse, Problem> {
        organisation::update(self, principal, body).await
    }

    async fn create_personal_access_token(
        &self,
        principal: Principal,
        body: CreateTokenRequest,
    ) -> Result<CreatePersonalAccessTokenResponse, Problem> {
        let answer = tokens::create(self, principal, Whose::Own, body).await?;
        Ok(CreatePersonalAccessTokenResponse::Status200(answer))
    }

    async fn list_personal_access_tokens(
        &self,
        principal: Principal,
    ) -> Result<ListPersonalAccessTokensResponse, Problem> {
        let answer = tokens::list(self, principal, Whose::Own).await?;
        Ok(ListPersonalAccessTokensResponse::Status200(answer))
    }

    async fn create_service_account_token(
        &self,
        principal: Principal,
        parameters: CreateServiceAccountTokenParameters,
        body: CreateTokenRequest,
    ) -> Result<CreateServiceAccountTokenResponse, Problem> {
        let answer = tokens::create(self, principal, Whose::ServiceAccount(parameters.user_id), body).await?;
        Ok(CreateServiceAccountTokenResponse::Status200(answer))
    }

    async fn delete_personal_access_token(
        &self,
        principal: Principal,
        parameters: DeletePersonalAccessTokenParameters,
    ) -> Result<DeletePersonalAccessTokenResponse, Problem> {
        let answer = tokens::delete(self, principal, Whose::Own, parameters.pat_id).await?;
        Ok(DeletePersonalAccessTokenResponse::Status200(answer))
    }

    async fn get_personal_access_token(
        &self,
        principal: Principal,
        parameters: GetPersonalAccessTokenParameters,
    ) -> Result<GetPersonalAccessTokenResponse, Problem> {
        let answer = tokens::get(self, principal, Whose::Own, parameters.pat_id).await?;
        Ok(GetPersonalAccessTokenResponse::Status200(answer))
    }

    async fn list_service_account_tokens(
        &self,
        principal: Principal,
        parameters: ListServiceAccountTokensParameters,
    ) -> Result<ListServiceAccountTokensResponse, Problem> {
        let answer = tokens::list(self, principal, Whose::ServiceAccount(parameters.user_id)).await?;
        Ok(ListServiceAccountTokensResponse::Status200(answer))
    }

    async fn regenerate_personal_access_token(
        &self,
        principal: Principal,
        parameters: RegeneratePersonalAccessTokenParameters,
        body: RegenerateTokenRequest,
    ) -> Result<RegeneratePersonalAccessTokenResponse, Problem> {
        let answer = tokens::regenerate(self, principal, Whose::Own, parameters.pat_id, body.expiry).await?;
        Ok(RegeneratePersonalAccessTokenResponse::Status200(answer))
    }

    async fn delete_service_account_token(
        &self,
        principal: Principal,
        parameters: DeleteServiceAccountTokenParameters,
    ) -> Result<DeleteServiceAccountTokenResponse, Problem> {
        let answer =
            tokens::delete(self, principal, Whose::ServiceAccount(parameters.user_id), parameters.pat_id)
                .await?;
        Ok(DeleteServiceAccountTokenResponse::Status200(answer))
    }

    async fn get_service_account_token(
        &self,
        principal: Principal,
        parameters: GetServiceAccountTokenParameters,
    ) -> Result<GetServiceAccountTokenResponse, Problem> {
        let answer =
            tokens::get(self, principal, Whose::ServiceAccount(parameters.user_id), parameters.pat_id)
                .await?;
        Ok(GetServiceAccountTokenResponse::Status200(answer))
    }

    async fn regenerate_service_account_token(
        &self,
        principal: Principal,
        parameters: RegenerateServiceAccountTokenParameters,
        body: RegenerateTokenRequest,
    ) -> Result<RegenerateServiceAccountTokenResponse, Problem> {
        let answer = tokens::regenerate(
            self,
            principal,
            Whose::ServiceAccount(parameters.user_id),
            parameters.pat_id,
            body.expiry,
        )
        .await?;
        Ok(RegenerateServiceAccountTokenResponse::Status200(answer))
    }

    async fn update_user_profile(
        &self,
        principal: Principal,
        body: UpdateUserProfileRequest,
    ) -> Result<UpdateUserProfileResponse, Problem> {
        users::update_profile(self, principal, body).await
    }

    async fn create_project(
        &self,
        principal: Principal,
        body: CreateProjectRequest,
    ) -> Result<CreateProjectResponse, Problem> {
        projects::create(self, principal, body).await
    }

    async fn list_projects(
        &self,
        principal: Principal,
        parameters: ListProjectsParameters,
    ) -> Result<ListProjectsResponse, Problem> {
        projects::list(self, principal, parameters).await
    }

    async fn get_project_with_approvals(
        &self,
        principal: Principal,
        parameters: GetProjectWithApprovalsParameters,
    ) -> Result<GetProjectWithApprovalsResponse, Problem> {
        projects::approvals(self, principal, parameters).await
    }

    async fn restore_project(
        &self,
        principal: Principal,
        parameters: RestoreProjectParameters,
    ) -> Result<RestoreProjectResponse, Problem> {
        projects::restore(self, principal, parameters).await
    }

    async fn update_project_approvals(
        &self,
        principal: Principal,
        parameters: UpdateProjectApprovalsParameters,
        body: UpdateProjectApprovalsRequest,
    ) -> Result<UpdateProjectApprovalsResponse, Problem> {
        projects::update_approvals(self, principal, parameters, body).await
    }

    async fn create_role(
        &self,
        principal: Principal,
        body: SaveRoleRequest,
    ) -> Result<CreateRoleResponse, Problem> {
        roles::create(self, principal, body).await
    }

    async fn list_roles(
        &self,
        principal: Principal,
        parameters: ListRolesParameters,
    ) -> Result<ListRolesResponse, Problem> {
        roles::list(self, principal, parameters).await
    }

    async fn update_role(
        &self,
        principal: Principal,
        parameters: UpdateRoleParameters,
        body: SaveRoleRequest,
    ) -> Result<UpdateRoleResponse, Problem> {
        roles::update(self, principal, parameters, body).await
    }

    async fn create_service_account(
        &self,
        principal: Principal,
        body: CreateServiceAccountRequest,
    ) -> Result<CreateServiceAccountResponse, Problem> {
        users::create_service_account(self, principal, body).await
    }

    async fn invite_users(
        &self,
        principal: Principal,
        body: InviteUsersRequest,
    ) -> Result<InviteUsersResponse, Problem> {
        invitations::invite(self, principal, body).await
    }

    async fn list_users(
        &self,
        principal: Principal,
        parameters: ListUsersParameters,
    ) -> Result<ListUsersResponse, Problem> {
        users::list(self, principal, parameters).await
    }

    async fn send_user_invitation(
        &self,
        principal: Principal,
        parameters: SendUserInvitationParameters,
    ) -> Result<SendUserInvitationResponse, Problem> {
        invitations::send(self, principal, parameters).await
    }

    async fn update_user(
        &self,
        principal: Principal,
        parameters: UpdateUserParameters,
        body: UpdateUserRequest,
    ) -> Result<UpdateUserResponse, Problem> {
        users::update(self, principal, parameters, body).await
    }
}
