// Generated from brms.json by scripts/codegen. Do not edit: change those, and build.rs generates this again.

//! Routes requests to operations.

use super::api::*;
use crate::http::{self, Reply, Request, Route, WithIdempotency, route};
use crate::problem::Problem;

/// The method and path of every operation.
pub const ROUTES: &[Route<Operation>] = &[
    route("GET", "/api/audit-logs/export", Operation::ExportAuditLogs),
    route("GET", "/api/audit-logs", Operation::ListAuditLogs),
    route("GET", "/api/audit-logs/{auditLogId}", Operation::GetAuditLog),
    route("POST", "/api/projects/{projectId}/groups", Operation::CreateGroup),
    route("GET", "/api/projects/{projectId}/groups", Operation::ListGroups),
    route("DELETE", "/api/projects/{projectId}/groups/{groupId}", Operation::DeleteGroup),
    route("PUT", "/api/projects/{projectId}/groups/{groupId}", Operation::UpdateGroup),
    route("GET", "/api/health", Operation::HealthCheck),
    route("GET", "/api/invitations", Operation::ListInvitations),
    route("POST", "/api/projects/{projectId}/members", Operation::InviteMembers),
    route("POST", "/api/projects/{projectId}/members/join", Operation::JoinProject),
    route("GET", "/api/projects/{projectId}/members/users", Operation::ListMemberUsers),
    route("GET", "/api/projects/{projectId}/members", Operation::ListMembers),
    route("PUT", "/api/projects/{projectId}/members/{memberId}", Operation::UpdateMember),
    route("PUT", "/api/organisations", Operation::UpdateOrganisation),
    route("POST", "/api/personal-access-tokens", Operation::CreatePersonalAccessToken),
    route("GET", "/api/personal-access-tokens", Operation::ListPersonalAccessTokens),
    route("POST", "/api/users/service/{userId}/personal-access-tokens", Operation::CreateServiceAccountToken),
    route("DELETE", "/api/personal-access-tokens/{patId}", Operation::DeletePersonalAccessToken),
    route("GET", "/api/personal-access-tokens/{patId}", Operation::GetPersonalAccessToken),
    route("GET", "/api/users/service/{userId}/personal-access-tokens", Operation::ListServiceAccountTokens),
    route("POST", "/api/personal-access-tokens/{patId}/regenerate", Operation::RegeneratePersonalAccessToken),
    route(
        "DELETE",
        "/api/users/service/{userId}/personal-access-tokens/{patId}",
        Operation::DeleteServiceAccountToken,
    ),
    route(
        "GET",
        "/api/users/service/{userId}/personal-access-tokens/{patId}",
        Operation::GetServiceAccountToken,
    ),
    route(
        "POST",
        "/api/users/service/{userId}/personal-access-tokens/{patId}/regenerate",
        Operation::RegenerateServiceAccountToken,
    ),
    route("PUT", "/api/profile", Operation::UpdateUserProfile),
    route("POST", "/api/projects", Operation::CreateProject),
    route("GET", "/api/projects", Operation::ListProjects),
    route("DELETE", "/api/projects/{projectId}", Operation::DeleteProject),
    route("GET", "/api/projects/{projectId}", Operation::GetProject),
    route("GET", "/api/projects/{projectId}/approvals", Operation::GetProjectWithApprovals),
    route("PUT", "/api/projects/{projectId}/restore", Operation::RestoreProject),
    route("PUT", "/api/projects/{projectId}", Operation::UpdateProject),
    route("PUT", "/api/projects/{projectId}/approvals", Operation::UpdateProjectApprovals),
    route("POST", "/api/roles", Operation::CreateRole),
    route("GET", "/api/roles", Operation::ListRoles),
    route("PUT", "/api/roles/{roleId}", Operation::UpdateRole),
    route("POST", "/api/users/service", Operation::CreateServiceAccount),
    route("POST", "/api/users", Operation::InviteUsers),
    route("GET", "/api/users", Operation::ListUsers),
    route("POST", "/api/users/{userId}/invitation", Operation::SendUserInvitation),
    route("PUT", "/api/users/{userId}", Operation::UpdateUser),
];

/// Handles one request.
pub async fn dispatch<A: Api>(api: &A, mut request: Request) -> Reply {
    let (operation, result) = match http::find(ROUTES, request.method(), request.path()) {
        Ok(route) => (Some(route.target.id()), call(api, route, &mut request).await),
        Err(Problem::UnknownPath) => (None, Err(api.unknown_path(request.path()))),
        Err(problem) => (None, Err(problem)),
    };
    request.finish(operation, result).await
}

/// Checks in a fixed order: credentials, parameters, content type, length, body.
async fn call<A: Api>(
    api: &A,
    &Route { path, target: operation, .. }: &Route<Operation>,
    request: &mut Request,
) -> Result<Reply, Problem> {
    match operation {
        Operation::ExportAuditLogs => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ExportAuditLogsParameters {
                project_id: request.query("projectId")?,
                user_id: request.query("userId")?,
                from_date: request.query("fromDate")?,
                to_date: request.query("toDate")?,
            };
            let answer = api.export_audit_logs(principal, parameters).await?;
            Ok(Reply::download(200, answer))
        }
        Operation::ListAuditLogs => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListAuditLogsParameters {
                project_id: request.query("projectId")?,
                user_id: request.query("userId")?,
                from_date: request.query("fromDate")?,
                to_date: request.query("toDate")?,
                r#type: request.query("type")?,
                action: request.query("action")?,
                order_by: request.query("orderBy")?,
                sort: request.query("sort")?,
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_audit_logs(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::GetAuditLog => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = GetAuditLogParameters { audit_log_id: request.in_path(path, "auditLogId")? };
            let answer = api.get_audit_log(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::CreateGroup => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = CreateGroupParameters { project_id: request.in_path(path, "projectId")? };
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.create_group(principal, parameters, body).await?;
            answer.reply()
        }
        Operation::ListGroups => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListGroupsParameters {
                project_id: request.in_path(path, "projectId")?,
                search: request.query("search")?,
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_groups(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::DeleteGroup => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = DeleteGroupParameters {
                group_id: request.in_path(path, "groupId")?,
                project_id: request.in_path(path, "projectId")?,
            };
            let answer = api.delete_group(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::UpdateGroup => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = UpdateGroupParameters {
                group_id: request.in_path(path, "groupId")?,
                project_id: request.in_path(path, "projectId")?,
            };
            let body = request.json().await?;
            let answer = api.update_group(principal, parameters, body).await?;
            Reply::json(200, &answer)
        }
        Operation::HealthCheck => {
            let answer = api.health_check().await?;
            Reply::json(200, &answer)
        }
        Operation::ListInvitations => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListInvitationsParameters {
                search: request.query("search")?,
                status: request.query("status")?,
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_invitations(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::InviteMembers => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = InviteMembersParameters { project_id: request.in_path(path, "projectId")? };
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.invite_members(principal, parameters, body).await?;
            answer.reply()
        }
        Operation::JoinProject => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = JoinProjectParameters { project_id: request.in_path(path, "projectId")? };
            request.read_idempotency_key()?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.join_project(principal, parameters).await?;
            answer.reply()
        }
        Operation::ListMemberUsers => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListMemberUsersParameters {
                project_id: request.in_path(path, "projectId")?,
                search: request.query("search")?,
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_member_users(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::ListMembers => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListMembersParameters {
                project_id: request.in_path(path, "projectId")?,
                search: request.query("search")?,
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_members(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::UpdateMember => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = UpdateMemberParameters {
                project_id: request.in_path(path, "projectId")?,
                member_id: request.in_path(path, "memberId")?,
            };
            let body = request.json().await?;
            let answer = api.update_member(principal, parameters, body).await?;
            Reply::json(200, &answer)
        }
        Operation::UpdateOrganisation => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let body = request.json().await?;
            let answer = api.update_organisation(principal, body).await?;
            Reply::json(200, &answer)
        }
        Operation::CreatePersonalAccessToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.create_personal_access_token(principal, body).await?;
            answer.reply()
        }
        Operation::ListPersonalAccessTokens => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let answer = api.list_personal_access_tokens(principal).await?;
            Reply::json(200, &answer)
        }
        Operation::CreateServiceAccountToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters =
                CreateServiceAccountTokenParameters { user_id: request.in_path(path, "userId")? };
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.create_service_account_token(principal, parameters, body).await?;
            answer.reply()
        }
        Operation::DeletePersonalAccessToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = DeletePersonalAccessTokenParameters { pat_id: request.in_path(path, "patId")? };
            let answer = api.delete_personal_access_token(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::GetPersonalAccessToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = GetPersonalAccessTokenParameters { pat_id: request.in_path(path, "patId")? };
            let answer = api.get_personal_access_token(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::ListServiceAccountTokens => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListServiceAccountTokensParameters { user_id: request.in_path(path, "userId")? };
            let answer = api.list_service_account_tokens(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::RegeneratePersonalAccessToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters =
                RegeneratePersonalAccessTokenParameters { pat_id: request.in_path(path, "patId")? };
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.regenerate_personal_access_token(principal, parameters, body).await?;
            answer.reply()
        }
        Operation::DeleteServiceAccountToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = DeleteServiceAccountTokenParameters {
                user_id: request.in_path(path, "userId")?,
                pat_id: request.in_path(path, "patId")?,
            };
            let answer = api.delete_service_account_token(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::GetServiceAccountToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = GetServiceAccountTokenParameters {
                user_id: request.in_path(path, "userId")?,
                pat_id: request.in_path(path, "patId")?,
            };
            let answer = api.get_service_account_token(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::RegenerateServiceAccountToken => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = RegenerateServiceAccountTokenParameters {
                user_id: request.in_path(path, "userId")?,
                pat_id: request.in_path(path, "patId")?,
            };
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.regenerate_service_account_token(principal, parameters, body).await?;
            answer.reply()
        }
        Operation::UpdateUserProfile => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let body = request.json().await?;
            let answer = api.update_user_profile(principal, body).await?;
            Reply::json(200, &answer)
        }
        Operation::CreateProject => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.create_project(principal, body).await?;
            answer.reply()
        }
        Operation::ListProjects => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListProjectsParameters {
                search: request.query("search")?,
                all: request.query("all")?.unwrap_or(false),
                deleted: request.query("deleted")?.unwrap_or(false),
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_projects(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::DeleteProject => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = DeleteProjectParameters { project_id: request.in_path(path, "projectId")? };
            let answer = api.delete_project(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::GetProject => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = GetProjectParameters { project_id: request.in_path(path, "projectId")? };
            let answer = api.get_project(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::GetProjectWithApprovals => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters =
                GetProjectWithApprovalsParameters { project_id: request.in_path(path, "projectId")? };
            let answer = api.get_project_with_approvals(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::RestoreProject => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = RestoreProjectParameters { project_id: request.in_path(path, "projectId")? };
            let answer = api.restore_project(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::UpdateProject => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = UpdateProjectParameters { project_id: request.in_path(path, "projectId")? };
            let body = request.json().await?;
            let answer = api.update_project(principal, parameters, body).await?;
            Reply::json(200, &answer)
        }
        Operation::UpdateProjectApprovals => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters =
                UpdateProjectApprovalsParameters { project_id: request.in_path(path, "projectId")? };
            let body = request.json().await?;
            let answer = api.update_project_approvals(principal, parameters, body).await?;
            Reply::json(200, &answer)
        }
        Operation::CreateRole => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.create_role(principal, body).await?;
            answer.reply()
        }
        Operation::ListRoles => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListRolesParameters {
                search: request.query("search")?,
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_roles(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::UpdateRole => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = UpdateRoleParameters { role_id: request.in_path(path, "roleId")? };
            let body = request.json().await?;
            let answer = api.update_role(principal, parameters, body).await?;
            Reply::json(200, &answer)
        }
        Operation::CreateServiceAccount => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.create_service_account(principal, body).await?;
            answer.reply()
        }
        Operation::InviteUsers => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            request.read_idempotency_key()?;
            let body = request.json().await?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.invite_users(principal, body).await?;
            answer.reply()
        }
        Operation::ListUsers => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = ListUsersParameters {
                is_service: request.query("isService")?,
                search: request.query("search")?,
                page: request.query("page")?.unwrap_or(1),
                per_page: request.query("perPage")?.unwrap_or(10),
            };
            let answer = api.list_users(principal, parameters).await?;
            Reply::json(200, &answer)
        }
        Operation::SendUserInvitation => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = SendUserInvitationParameters { user_id: request.in_path(path, "userId")? };
            request.read_idempotency_key()?;
            let principal = principal.with_idempotency(request.idempotency().await?);
            let answer = api.send_user_invitation(principal, parameters).await?;
            answer.reply()
        }
        Operation::UpdateUser => {
            let principal = api.authenticate(operation, request.authorization(), request.context()).await?;
            let parameters = UpdateUserParameters { user_id: request.in_path(path, "userId")? };
            let body = request.json().await?;
            let answer = api.update_user(principal, parameters, body).await?;
            Reply::json(200, &answer)
        }
    }
}
