// Generated from brms.json by scripts/codegen. Do not edit: change those, and build.rs generates this again.

//! The models of requests and responses.
//!
//! Fields of a request: `Option` means that it may be absent, `Option<Option<_>>` that it may also be null; a field
//! with a default is never absent. Fields of a response: `None` is sent as null if the field is nullable, and omitted
//! otherwise.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::http;

/// Stands at `listProjects.200.results[].decisionsApprovalGroups[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApprovalGroup {
    /// Id of the group
    pub id: Uuid,
    /// Group name
    pub name: String,
    /// Project of the group
    #[serde(rename = "projectId")]
    pub project_id: Uuid,
    /// Group description
    pub description: Option<String>,
    /// Role that manages the group
    #[serde(rename = "roleId")]
    pub role_id: Option<Uuid>,
}

http::words! {
    /// How changes are approved (`updateProjectApprovals.body.decisionsApprovalMode`).
    ApprovalMode {
        RequireOnePerTeam = "require_one_per_team",
        NoneCreateRequest = "none_create_request",
        RequireAny = "require_any",
        None = "none",
    }
}

/// The entry (`getAuditLog.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditLog {
    /// Id of the entry
    pub id: Uuid,
    /// When it happened
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// Kind of thing acted on
    pub r#type: AuditLogType,
    /// What was done
    pub action: String,
    /// Address the request came from
    #[serde(rename = "ipAddress", skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// Client the request came from
    #[serde(rename = "userAgent", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Id of the thing acted on
    #[serde(rename = "refId", skip_serializing_if = "Option::is_none")]
    pub ref_id: Option<String>,
    /// Who did it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<AuditLogUser>,
    /// Project it happened in
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedReference>,
    /// Organisation of the entry
    #[serde(rename = "organisationId", skip_serializing_if = "Option::is_none")]
    pub organisation_id: Option<Uuid>,
    /// Details kept with the entry, of any shape
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

/// One page of entries (`listAuditLogs.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditLogList {
    /// Entries of this page
    pub results: Vec<ListedAuditLog>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

http::words! {
    /// Stands at `listAuditLogs.query.type`.
    AuditLogType {
        Organisation = "organisation",
        User = "user",
        Group = "group",
        AccessToken = "accessToken",
        Project = "project",
        Document = "document",
        Release = "release",
        Member = "member",
        PersonalAccessToken = "personalAccessToken",
    }
}

/// Who did it (`getAuditLog.200.user`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditLogUser {
    /// Id of the user
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Email address
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Given name
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// Family name
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
}

/// Stands at `createProject.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct CreateProjectRequest {
    /// Project name
    pub name: String,
    /// Project key of lower-case letters, digits and hyphens
    pub key: String,
    /// Id of the project to copy from
    #[serde(rename = "copyContentRef")]
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub copy_content_ref: Option<Uuid>,
    /// True to keep the project from being deleted
    #[serde(default)]
    pub protected: bool,
    /// Kind of project
    #[serde(default = "CreateProjectRequest::default_version")]
    pub version: Option<ProjectVersion>,
}

http::object!(CreateProjectRequest);

impl http::Limits for CreateProjectRequest {
    fn check(&self, check: &mut http::Check) {}
}

impl CreateProjectRequest {
    fn default_version() -> Option<ProjectVersion> {
        Some(ProjectVersion::V1)
    }
}

/// Stands at `createServiceAccount.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct CreateServiceAccountRequest {
    /// Name or address of the account
    pub email: String,
    /// Standing of the account
    #[serde(default = "CreateServiceAccountRequest::default_type")]
    pub r#type: ServiceAccountType,
}

http::object!(CreateServiceAccountRequest);

impl http::Limits for CreateServiceAccountRequest {
    fn check(&self, check: &mut http::Check) {}
}

impl CreateServiceAccountRequest {
    fn default_type() -> ServiceAccountType {
        ServiceAccountType::Member
    }
}

/// Stands at `createPersonalAccessToken.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct CreateTokenRequest {
    /// Note that tells what the token is for
    pub note: String,
    /// True to reach every project
    #[serde(rename = "allProjects")]
    pub all_projects: bool,
    /// How long the token lives
    pub expiry: TokenExpiry,
    /// Projects the token reaches; used when allProjects is false
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub projects: Option<Vec<Uuid>>,
    /// What the token allows
    #[serde(default, deserialize_with = "http::present")]
    pub permissions: Option<Vec<Permission>>,
}

http::object!(CreateTokenRequest);

impl http::Limits for CreateTokenRequest {
    fn check(&self, check: &mut http::Check) {
        check.length("note", &self.note, 1, 100);
    }
}

/// The new token with its secret (`createPersonalAccessToken.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CreatedPersonalAccessToken {
    /// Id of the token
    pub id: Uuid,
    /// Note that tells what the token is for
    pub note: String,
    /// What the token allows
    pub permissions: Vec<Permission>,
    /// True when the token reaches every project
    #[serde(rename = "allProjects")]
    pub all_projects: bool,
    /// Projects the token reaches
    pub projects: Vec<TokenProject>,
    /// Holder of the token
    pub user: TokenUser,
    /// When the token ends; null when it never does
    #[serde(rename = "expiresAt")]
    pub expires_at: Option<String>,
    /// When the token was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the token last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
    /// The secret itself, shown this once
    pub token: String,
}

/// The new project (`createProject.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CreatedProject {
    /// The new project
    pub project: Project,
}

/// What the licence covers (`updateOrganisation.200.licenseData.environmentLimits`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvironmentLimits {
    /// Most users allowed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// Most projects allowed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projects: Option<u64>,
    /// Most documents allowed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<u64>,
    /// Most deployments allowed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployments: Option<u64>,
    /// Whether the licence covers deployment workflows
    #[serde(rename = "enableDeploymentsWorkflows", skip_serializing_if = "Option::is_none")]
    pub enable_deployments_workflows: Option<bool>,
    /// Whether the licence covers single sign-on
    #[serde(rename = "enableSSO", skip_serializing_if = "Option::is_none")]
    pub enable_sso: Option<bool>,
    /// Whether the licence covers audit logs
    #[serde(rename = "enableAuditLogs", skip_serializing_if = "Option::is_none")]
    pub enable_audit_logs: Option<bool>,
    /// Whether the licence covers branding
    #[serde(rename = "enableBranding", skip_serializing_if = "Option::is_none")]
    pub enable_branding: Option<bool>,
    /// Whether the licence covers evaluation by release
    #[serde(rename = "evaluateByRelease", skip_serializing_if = "Option::is_none")]
    pub evaluate_by_release: Option<bool>,
    /// Whether the licence covers comparing models
    #[serde(rename = "diffModel", skip_serializing_if = "Option::is_none")]
    pub diff_model: Option<bool>,
    /// Whether the licence covers comparing releases
    #[serde(rename = "diffRelease", skip_serializing_if = "Option::is_none")]
    pub diff_release: Option<bool>,
    /// Whether the licence covers active simulation
    #[serde(rename = "activeSimulation", skip_serializing_if = "Option::is_none")]
    pub active_simulation: Option<bool>,
    /// Whether the licence covers shared test events
    #[serde(rename = "testEventsShared", skip_serializing_if = "Option::is_none")]
    pub test_events_shared: Option<bool>,
    /// Whether the licence covers language models
    #[serde(rename = "enableLLM", skip_serializing_if = "Option::is_none")]
    pub enable_llm: Option<bool>,
    /// Whether the licence covers roles
    #[serde(rename = "enableRoles", skip_serializing_if = "Option::is_none")]
    pub enable_roles: Option<bool>,
}

/// The new group (`createGroup.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Id of the group
    pub id: Uuid,
    /// Group name
    pub name: String,
    /// Group description
    pub description: Option<String>,
    /// Project of the group
    #[serde(rename = "projectId")]
    pub project_id: Uuid,
    /// What the group allows
    pub permissions: Option<Vec<Permission>>,
    /// Rules on paths of files
    #[serde(rename = "filePermissions")]
    pub file_permissions: Option<Vec<GroupFilePermission>>,
    /// Role that manages the group
    #[serde(rename = "roleId")]
    pub role_id: Option<Uuid>,
    /// The role that manages the group
    pub role: Option<GroupRole>,
}

/// Stands at `createGroup.200.filePermissions[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupFilePermission {
    /// Id of the rule
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Outcome of the rule, such as allow
    pub effect: String,
    /// Actions the rule covers
    pub actions: Vec<String>,
    /// Paths the rule covers
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patterns: Option<String>,
}

/// One page of groups (`listGroups.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupList {
    /// Entries of this page
    pub results: Vec<Group>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

/// The role that manages the group (`createGroup.200.role`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRole {
    /// Id of the role
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Role name
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Role description
    pub description: Option<String>,
}

http::words! {
    /// The service works (`healthCheck.200`).
    Health {
        Healthy = "healthy",
    }
}

/// The created invitation (`sendUserInvitation.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invitation {
    /// Id of the invitation
    pub id: Uuid,
    /// Address that was invited
    pub email: String,
    /// Whether the invitation was taken up
    pub status: InvitationStatus,
    /// Id of the invited user
    #[serde(rename = "userId")]
    pub user_id: Uuid,
    /// When the invitation was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the invitation ends
    #[serde(rename = "expiresAt")]
    pub expires_at: Option<String>,
}

/// One page of invitations (`listInvitations.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InvitationList {
    /// Entries of this page
    pub results: Vec<ListedInvitation>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

/// Organisation the invitation is for (`listInvitations.200.results[].organisation`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InvitationOrganisation {
    /// Id of the organisation
    pub id: Uuid,
    /// Name of the organisation
    pub name: String,
}

http::words! {
    /// Stands at `listInvitations.query.status`.
    InvitationStatus {
        Pending = "pending",
        Accepted = "accepted",
    }
}

/// Who was invited (`listInvitations.200.results[].user`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InvitationUser {
    /// Id of the user
    pub id: Uuid,
    /// Email address
    pub email: String,
    /// Given name
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// Family name
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Standing in the organisation
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<UserType>,
    /// State of the account
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
}

/// Stands at `inviteMembers.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct InviteMembersRequest {
    /// List of user IDs to invite to the project
    #[serde(rename = "userIds")]
    #[serde(deserialize_with = "http::hyphenated")]
    pub user_ids: Vec<Uuid>,
    /// List of group IDs to assign to the new members
    #[serde(rename = "groupIds")]
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub group_ids: Option<Vec<Uuid>>,
    /// Whether the invited members should be project owners
    #[serde(default)]
    pub owner: bool,
}

http::object!(InviteMembersRequest);

impl http::Limits for InviteMembersRequest {
    fn check(&self, check: &mut http::Check) {}
}

/// Stands at `inviteUsers.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct InviteUsersRequest {
    /// Addresses to invite, ten at most
    pub emails: Vec<String>,
}

http::object!(InviteUsersRequest);

impl http::Limits for InviteUsersRequest {
    fn check(&self, check: &mut http::Check) {
        check.length("emails", &self.emails, 0, 10);
        check.emails("emails", &self.emails);
    }
}

/// What is known of the licence (`updateOrganisation.200.licenseData`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LicenseData {
    /// State of the licensed environment, such as initial
    #[serde(rename = "environmentState", skip_serializing_if = "Option::is_none")]
    pub environment_state: Option<String>,
    /// State of the licensed organisation, such as active
    #[serde(rename = "organisationStatus", skip_serializing_if = "Option::is_none")]
    pub organisation_status: Option<String>,
    /// Kind of licence, such as online
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When the licence was made
    #[serde(rename = "createdAt", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When the licence ends
    #[serde(rename = "expiresAt", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// What the licence covers
    #[serde(rename = "environmentLimits", skip_serializing_if = "Option::is_none")]
    pub environment_limits: Option<EnvironmentLimits>,
}

/// Stands at `listAuditLogs.200.results[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListedAuditLog {
    /// Id of the entry
    pub id: Uuid,
    /// When it happened
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// Kind of thing acted on
    pub r#type: AuditLogType,
    /// What was done
    pub action: String,
    /// Address the request came from
    #[serde(rename = "ipAddress", skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// Client the request came from
    #[serde(rename = "userAgent", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Id of the thing acted on
    #[serde(rename = "refId", skip_serializing_if = "Option::is_none")]
    pub ref_id: Option<String>,
    /// Who did it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<AuditLogUser>,
    /// Project it happened in
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedReference>,
}

/// Stands at `listInvitations.200.results[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListedInvitation {
    /// Id of the invitation
    pub id: Uuid,
    /// Address that was invited
    pub email: String,
    /// When the invitation ends
    #[serde(rename = "expiresAt")]
    pub expires_at: Option<String>,
    /// When the invitation was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the invitation was taken up
    #[serde(rename = "acceptedAt")]
    pub accepted_at: Option<String>,
    /// Whether the invitation was taken up
    pub status: InvitationStatus,
    /// Who sent the invitation
    #[serde(rename = "createdBy", skip_serializing_if = "Option::is_none")]
    pub created_by: Option<InvitationUser>,
    /// Who was invited
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<InvitationUser>,
    /// Organisation the invitation is for
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<InvitationOrganisation>,
}

/// Stands at `listProjects.200.results[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListedProject {
    /// Id of the project
    pub id: Uuid,
    /// Project name
    pub name: String,
    /// Project key
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Organisation of the project
    #[serde(rename = "organisationId")]
    pub organisation_id: Uuid,
    /// Kind of project
    pub version: ProjectVersion,
    /// True when the project cannot be deleted
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// When the project was put aside
    #[serde(rename = "deletedAt")]
    pub deleted_at: Option<String>,
    /// How changes are approved
    #[serde(rename = "decisionsApprovalMode")]
    pub decisions_approval_mode: Option<ApprovalMode>,
    /// Groups whose approval is asked
    #[serde(rename = "decisionsApprovalGroups", skip_serializing_if = "Option::is_none")]
    pub decisions_approval_groups: Option<Vec<ApprovalGroup>>,
    /// When the project was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the project last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
    /// Members of the project
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<ProjectMember>>,
}

/// Stands at `inviteMembers.200[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// Id of the membership
    pub id: Uuid,
    /// True for a project owner
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<bool>,
    /// Id of the user
    #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
    /// Id of the project
    #[serde(rename = "projectId", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<Uuid>,
    /// The user behind the membership
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<MemberUser>,
    /// Groups of the member
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<MemberGroup>>,
    /// When the membership was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the membership last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// Stands at `inviteMembers.200[].groups[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberGroup {
    /// Id of the group
    pub id: Uuid,
    /// Group name
    pub name: String,
    /// Group description
    pub description: Option<String>,
    /// Project of the group
    #[serde(rename = "projectId")]
    pub project_id: Uuid,
    /// What the group allows
    pub permissions: Option<Vec<String>>,
    /// Role that manages the group
    #[serde(rename = "roleId")]
    pub role_id: Option<Uuid>,
}

/// One page of members (`listMembers.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberList {
    /// Entries of this page
    pub results: Vec<Member>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

/// User details of the member (`inviteMembers.200[].user`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberUser {
    /// Id of the user
    pub id: Uuid,
    /// Email address
    pub email: String,
    /// Given name
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// Family name
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Standing in the organisation
    pub r#type: String,
    /// State of the account
    pub status: String,
    /// Organisation of the user
    #[serde(rename = "organisationId")]
    pub organisation_id: Uuid,
    /// True for a service account
    #[serde(rename = "isService", skip_serializing_if = "Option::is_none")]
    pub is_service: Option<bool>,
    /// When the account was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the account last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// One page of users (`listMemberUsers.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberUserList {
    /// Entries of this page
    pub results: Vec<MemberUser>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

/// Project it happened in (`getAuditLog.200.project`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedReference {
    /// Id of the organisation
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Name of the organisation
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Stands at `createGroup.body.filePermissions[]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct NewFilePermission {
    /// Id of the rule
    #[serde(default, deserialize_with = "http::present")]
    pub id: Option<String>,
    /// Outcome of the rule, such as allow
    #[serde(default, deserialize_with = "http::present")]
    pub effect: Option<String>,
    /// Actions the rule covers
    #[serde(default, deserialize_with = "http::present")]
    pub actions: Option<Vec<String>>,
    /// Paths the rule covers
    #[serde(default, deserialize_with = "http::present")]
    pub patterns: Option<String>,
}

http::object!(NewFilePermission);

impl http::Limits for NewFilePermission {
    fn check(&self, check: &mut http::Check) {}
}

/// The organisation as changed (`updateOrganisation.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Organisation {
    /// Id of the organisation
    pub id: String,
    /// Name that fits in a URL
    pub name: String,
    /// Name shown to people
    #[serde(rename = "displayName")]
    pub display_name: String,
    /// True once first set-up is done
    pub onboarded: bool,
    /// Where the logo is found
    #[serde(rename = "themeLogo")]
    pub theme_logo: Option<String>,
    /// Main colour
    #[serde(rename = "themePrimaryColor")]
    pub theme_primary_color: String,
    /// Settings of the organisation
    pub preferences: OrganisationPreferences,
    /// Licence key
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// What is known of the licence
    #[serde(rename = "licenseData", skip_serializing_if = "Option::is_none")]
    pub license_data: Option<LicenseData>,
    /// Address of the organisation
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When the organisation was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the organisation last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
    /// When the organisation was deleted
    #[serde(rename = "deletedAt", skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
}

/// Settings of the organisation (`updateOrganisation.200.preferences`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrganisationPreferences {
    /// Email domains that may sign up by themselves, comma-separated
    #[serde(rename = "emailSignupDomains", skip_serializing_if = "Option::is_none")]
    pub email_signup_domains: Option<String>,
    /// Main colour
    #[serde(rename = "themePrimaryColor", skip_serializing_if = "Option::is_none")]
    pub theme_primary_color: Option<String>,
    /// Where the logo is found
    #[serde(rename = "themeLogo", skip_serializing_if = "Option::is_none")]
    pub theme_logo: Option<String>,
}

/// Where this page lies in the whole list (`listUsers.200.paginate`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pagination {
    /// Number of this page
    pub current: u64,
    /// Position of the first entry shown
    pub from: u64,
    /// Position of the last entry shown
    pub to: u64,
    /// Entries over all pages
    pub total: u64,
    /// Entries asked for per page
    #[serde(rename = "pageSize")]
    pub page_size: u64,
}

http::words! {
    /// Stands at `createGroup.body.permissions[]`.
    Permission {
        Owner = "owner",
        Documents = "documents",
        Releases = "releases",
        ReleasesManage = "releases:manage",
        ReleasesDeploy = "releases:deploy",
        ReleasesDelete = "releases:delete",
        IntegrationsManage = "integrations:manage",
        DocumentsFull = "documents:full",
        DocumentsViewContent = "documents:view-content",
        DocumentsEditContent = "documents:edit-content",
        DocumentsEditView = "documents:edit-view",
        Branches = "branches",
        BranchesCreate = "branches:create",
        BranchesMerge = "branches:merge",
        BranchesDelete = "branches:delete",
        ProjectManage = "project:manage",
        Environments = "environments",
        EnvironmentsManage = "environments:manage",
        EnvironmentsDelete = "environments:delete",
    }
}

/// The token (`getPersonalAccessToken.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonalAccessToken {
    /// Id of the token
    pub id: Uuid,
    /// Note that tells what the token is for
    pub note: String,
    /// What the token allows
    pub permissions: Vec<Permission>,
    /// True when the token reaches every project
    #[serde(rename = "allProjects")]
    pub all_projects: bool,
    /// Projects the token reaches
    pub projects: Vec<TokenProject>,
    /// Holder of the token
    pub user: TokenUser,
    /// When the token ends; null when it never does
    #[serde(rename = "expiresAt")]
    pub expires_at: Option<String>,
    /// When the token was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the token last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// The caller as changed (`updateUserProfile.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// The caller as changed
    pub user: ProfileUser,
}

/// The caller as changed (`updateUserProfile.200.user`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfileUser {
    /// Id of the user
    pub id: Uuid,
    /// Email address
    pub email: String,
    /// Given name
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// Family name
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Standing in the organisation
    pub r#type: UserType,
    /// State of the account
    pub status: UserStatus,
    /// Organisation of the user
    #[serde(rename = "organisationId")]
    pub organisation_id: Uuid,
    /// Project the user opened last
    #[serde(rename = "lastProjectId")]
    pub last_project_id: Option<Uuid>,
    /// True for the owner of the organisation
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<bool>,
    /// True for a service account
    #[serde(rename = "isService", skip_serializing_if = "Option::is_none")]
    pub is_service: Option<bool>,
    /// When the account was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the account last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// The new project (`createProject.200.project`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Project {
    /// Id of the project
    pub id: Uuid,
    /// Project name
    pub name: String,
    /// Project key
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Organisation of the project
    #[serde(rename = "organisationId")]
    pub organisation_id: Uuid,
    /// Kind of project
    pub version: ProjectVersion,
    /// True when the project cannot be deleted
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// When the project was put aside
    #[serde(rename = "deletedAt")]
    pub deleted_at: Option<String>,
    /// How changes are approved
    #[serde(rename = "decisionsApprovalMode")]
    pub decisions_approval_mode: Option<ApprovalMode>,
    /// Groups whose approval is asked
    #[serde(rename = "decisionsApprovalGroups", skip_serializing_if = "Option::is_none")]
    pub decisions_approval_groups: Option<Vec<ApprovalGroup>>,
    /// When the project was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the project last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// One page of projects (`listProjects.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectList {
    /// Entries of this page
    pub results: Vec<ListedProject>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

/// Stands at `listProjects.200.results[].members[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectMember {
    /// Id of the membership
    pub id: Uuid,
    /// True for a project owner
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<bool>,
    /// The user behind the membership
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserSummary>,
}

http::words! {
    /// Kind of project (`createProject.200.project.version`).
    ProjectVersion {
        V1 = "v1",
        V2 = "v2",
    }
}

/// Stands at `regeneratePersonalAccessToken.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct RegenerateTokenRequest {
    /// How long the new token lives
    pub expiry: TokenExpiry,
}

http::object!(RegenerateTokenRequest);

impl http::Limits for RegenerateTokenRequest {
    fn check(&self, check: &mut http::Check) {}
}

/// The new role (`createRole.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Role {
    /// Id of the role
    pub id: Uuid,
    /// Role name
    pub name: String,
    /// Role description
    pub description: Option<String>,
    /// True when the role reaches every project
    #[serde(rename = "allProjects")]
    pub all_projects: bool,
    /// Groups of the identity provider that give this role
    #[serde(rename = "idpGroups", skip_serializing_if = "Option::is_none")]
    pub idp_groups: Option<Vec<String>>,
    /// What the role allows in a project
    #[serde(rename = "projectPermissions", skip_serializing_if = "Option::is_none")]
    pub project_permissions: Option<Vec<Permission>>,
    /// Rules on paths of files
    #[serde(rename = "projectFilePermissions", skip_serializing_if = "Option::is_none")]
    pub project_file_permissions: Option<Vec<RoleFilePermission>>,
    /// Groups that carry the role
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<RoleGroup>>,
    /// Users who hold the role
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserSummary>>,
    /// Organisation of the role
    #[serde(rename = "organisationId")]
    pub organisation_id: Uuid,
    /// Organisation of the role
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<NamedReference>,
    /// When the role was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the role last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// Stands at `createRole.200.projectFilePermissions[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoleFilePermission {
    /// Id of the rule
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Outcome of the rule, such as allow
    pub effect: String,
    /// Actions the rule covers
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Paths the rule covers
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patterns: Option<String>,
}

/// Stands at `createRole.200.groups[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoleGroup {
    /// Id of the group
    pub id: Uuid,
    /// Group name
    pub name: String,
    /// Project of the group
    #[serde(rename = "projectId")]
    pub project_id: Uuid,
    /// Group description
    pub description: Option<String>,
    /// Project of the group
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<RoleGroupProject>,
    /// Role that manages the group
    #[serde(rename = "roleId")]
    pub role_id: Option<Uuid>,
}

/// Project of the group (`createRole.200.groups[].project`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoleGroupProject {
    /// Project name
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One page of roles (`listRoles.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoleList {
    /// Entries of this page
    pub results: Vec<Role>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

/// Stands at `createGroup.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct SaveGroupRequest {
    /// Group name
    pub name: String,
    /// Group description
    #[serde(default, deserialize_with = "http::present")]
    pub description: Option<String>,
    /// What the group allows
    #[serde(default, deserialize_with = "http::present")]
    pub permissions: Option<Vec<Permission>>,
    /// Rules on paths of files
    #[serde(rename = "filePermissions")]
    #[serde(default, deserialize_with = "http::present")]
    pub file_permissions: Option<Option<Vec<NewFilePermission>>>,
}

http::object!(SaveGroupRequest);

impl http::Limits for SaveGroupRequest {
    fn check(&self, check: &mut http::Check) {
        check.inside("filePermissions", &self.file_permissions);
    }
}

/// Stands at `createRole.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct SaveRoleRequest {
    /// Role name
    pub name: String,
    /// True to reach every project
    #[serde(rename = "allProjects")]
    pub all_projects: bool,
    /// Role description
    #[serde(default, deserialize_with = "http::present")]
    pub description: Option<String>,
    /// Groups of the identity provider that give this role
    #[serde(rename = "idpGroups")]
    #[serde(default, deserialize_with = "http::present")]
    pub idp_groups: Option<Vec<String>>,
    /// What the role allows in a project
    #[serde(rename = "projectPermissions")]
    #[serde(default, deserialize_with = "http::present")]
    pub project_permissions: Option<Vec<Permission>>,
    /// Rules on paths of files
    #[serde(rename = "projectFilePermissions")]
    #[serde(default, deserialize_with = "http::present")]
    pub project_file_permissions: Option<Vec<NewFilePermission>>,
    /// Users to give the role to
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub users: Option<Vec<Uuid>>,
    /// Projects the role reaches; not used when allProjects is true
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub projects: Option<Vec<Uuid>>,
}

http::object!(SaveRoleRequest);

impl http::Limits for SaveRoleRequest {
    fn check(&self, check: &mut http::Check) {
        check.inside("projectFilePermissions", &self.project_file_permissions);
    }
}

http::words! {
    /// Standing of the account (`createServiceAccount.body.type`).
    ServiceAccountType {
        Admin = "admin",
        Member = "member",
    }
}

http::words! {
    /// How long the token lives (`createPersonalAccessToken.body.expiry`).
    TokenExpiry {
        Week = "week",
        Month = "month",
        ThreeMonths = "three_months",
        Year = "year",
        Indefinite = "indefinite",
    }
}

/// Stands at `getPersonalAccessToken.200.projects[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenProject {
    /// Id of the project
    pub id: Uuid,
    /// Project name
    pub name: String,
    /// Project key
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Organisation of the project
    #[serde(rename = "organisationId")]
    pub organisation_id: Uuid,
    /// Kind of project
    pub version: String,
    /// True when the project cannot be deleted
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// When the project was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the project last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// Holder of the token (`getPersonalAccessToken.200.user`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenUser {
    /// Id of the user
    pub id: Uuid,
    /// Email address
    pub email: String,
    /// Given name
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// Family name
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Standing in the organisation
    pub r#type: String,
    /// State of the account
    pub status: String,
    /// True for a service account
    #[serde(rename = "isService", skip_serializing_if = "Option::is_none")]
    pub is_service: Option<bool>,
    /// When the account was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the account last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// Stands at `updateMember.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct UpdateMemberRequest {
    /// Groups the member shall be in
    #[serde(rename = "groupIds")]
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub group_ids: Option<Vec<Uuid>>,
    /// True to make the member a project owner
    #[serde(default)]
    pub owner: bool,
}

http::object!(UpdateMemberRequest);

impl http::Limits for UpdateMemberRequest {
    fn check(&self, check: &mut http::Check) {}
}

/// Stands at `updateOrganisation.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct UpdateOrganisationRequest {
    /// New name that fits in a URL
    #[serde(default, deserialize_with = "http::present")]
    pub name: Option<String>,
    /// New name shown to people
    #[serde(rename = "displayName")]
    #[serde(default, deserialize_with = "http::present")]
    pub display_name: Option<String>,
    /// Settings to change
    #[serde(default, deserialize_with = "http::present")]
    pub preferences: Option<serde_json::Map<String, serde_json::Value>>,
}

http::object!(UpdateOrganisationRequest);

impl http::Limits for UpdateOrganisationRequest {
    fn check(&self, check: &mut http::Check) {}
}

/// Stands at `updateProjectApprovals.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct UpdateProjectApprovalsRequest {
    /// How changes are approved
    #[serde(rename = "decisionsApprovalMode")]
    #[serde(default, deserialize_with = "http::present")]
    pub decisions_approval_mode: Option<ApprovalMode>,
    /// Groups whose approval is asked
    #[serde(rename = "decisionsApprovalGroups")]
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub decisions_approval_groups: Option<Vec<Uuid>>,
}

http::object!(UpdateProjectApprovalsRequest);

impl http::Limits for UpdateProjectApprovalsRequest {
    fn check(&self, check: &mut http::Check) {}
}

/// Stands at `updateProject.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct UpdateProjectRequest {
    /// Project name
    #[serde(default, deserialize_with = "http::present")]
    pub name: Option<String>,
    /// Project key of lower-case letters, digits and hyphens
    #[serde(default, deserialize_with = "http::present")]
    pub key: Option<String>,
    /// True to keep the project from being deleted
    #[serde(default, deserialize_with = "http::present")]
    pub protected: Option<bool>,
}

http::object!(UpdateProjectRequest);

impl http::Limits for UpdateProjectRequest {
    fn check(&self, check: &mut http::Check) {}
}

/// Stands at `updateUserProfile.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct UpdateUserProfileRequest {
    /// New given name
    #[serde(rename = "firstName")]
    pub first_name: String,
    /// New family name
    #[serde(rename = "lastName")]
    pub last_name: String,
}

http::object!(UpdateUserProfileRequest);

impl http::Limits for UpdateUserProfileRequest {
    fn check(&self, check: &mut http::Check) {
        check.length("firstName", &self.first_name, 0, 100);
        check.length("lastName", &self.last_name, 0, 100);
    }
}

/// Stands at `updateUser.body`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", expecting = "an object")]
pub struct UpdateUserRequest {
    /// New given name
    #[serde(rename = "firstName")]
    #[serde(default, deserialize_with = "http::present")]
    pub first_name: Option<String>,
    /// New family name
    #[serde(rename = "lastName")]
    #[serde(default, deserialize_with = "http::present")]
    pub last_name: Option<String>,
    /// New state of the account
    #[serde(default, deserialize_with = "http::present")]
    pub status: Option<UserStatus>,
    /// New standing in the organisation
    #[serde(default, deserialize_with = "http::present")]
    pub r#type: Option<UserType>,
    /// Roles the user shall hold
    #[serde(default, deserialize_with = "http::hyphenated")]
    pub roles: Option<Vec<Uuid>>,
}

http::object!(UpdateUserRequest);

impl http::Limits for UpdateUserRequest {
    fn check(&self, check: &mut http::Check) {}
}

/// The user as changed (`updateUser.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// Id of the user
    pub id: Uuid,
    /// Email address
    pub email: String,
    /// Given name
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// Family name
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Standing of the user in the organisation
    pub r#type: UserType,
    /// State of the account
    pub status: UserStatus,
    /// True for a service account
    #[serde(rename = "isService", skip_serializing_if = "Option::is_none")]
    pub is_service: Option<bool>,
    /// Organisation roles given to the user
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<UserRole>>,
    /// When the account was made
    #[serde(rename = "createdAt")]
    pub created_at: String,
    /// When the account last changed
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
}

/// One page of users (`listUsers.200`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserList {
    /// Entries of this page
    pub results: Vec<User>,
    /// Where this page lies in the whole list
    pub paginate: Pagination,
}

/// Stands at `updateUser.200.roles[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserRole {
    /// Id of the role
    pub id: Uuid,
    /// Role name
    pub name: String,
    /// Role description
    pub description: Option<String>,
}

http::words! {
    /// State of the account (`updateUser.200.status`).
    UserStatus {
        Active = "active",
        Disabled = "disabled",
        Locked = "locked",
    }
}

/// Stands at `createRole.200.users[]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserSummary {
    /// Id of the user
    pub id: Uuid,
    /// Email address
    pub email: String,
    /// Given name
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// Family name
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
}

http::words! {
    /// Standing of the user in the organisation (`updateUser.200.type`).
    UserType {
        Invited = "invited",
        Member = "member",
        Author = "author",
        Admin = "admin",
        Owner = "owner",
    }
}
