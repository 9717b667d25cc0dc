//! The users and objects of `tests/fixtures/seed-example.json`, by name.

/// The seed file itself.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/seed-example.json");

/// Users of acme.
pub const OWNER: &str = "0190a000-0000-7000-8000-000000000001";
pub const ADMIN: &str = "0190a000-0000-7000-8000-000000000002";
pub const MANAGER: &str = "0190a000-0000-7000-8000-000000000003";
pub const READER: &str = "0190a000-0000-7000-8000-000000000004";
/// Invited, pending.
pub const IVY: &str = "0190a000-0000-7000-8000-000000000005";
pub const IVY_EMAIL: &str = "ivy@acme.test";
/// Invited, pending.
pub const IAN: &str = "0190a000-0000-7000-8000-000000000006";
pub const IAN_EMAIL: &str = "ian@acme.test";
/// Disabled.
pub const DORA: &str = "0190a000-0000-7000-8000-000000000007";
/// A service account.
pub const ROBOT: &str = "0190a000-0000-7000-8000-000000000008";
/// Active members in no project.
pub const NINA: &str = "0190a000-0000-7000-8000-000000000009";
pub const OTTO: &str = "0190a000-0000-7000-8000-000000000010";

/// acme's project that has owner, manager and reader as members.
pub const PRICING: &str = "0190a000-0000-7000-a000-000000000001";
/// acme's project that has admin as a member.
pub const CLAIMS: &str = "0190a000-0000-7000-a000-000000000002";
/// Groups of pricing.
pub const EDITORS: &str = "0190a000-0000-7000-9000-000000000001";
pub const MANAGERS: &str = "0190a000-0000-7000-9000-000000000002";
/// Group of claims.
pub const ADJUSTERS: &str = "0190a000-0000-7000-9000-000000000003";

/// The other organisation.
pub const GLOBEX_OWNER: &str = "0190a000-0000-7000-8000-000000000101";
pub const GLOBEX_GUEST: &str = "0190a000-0000-7000-8000-000000000102";
pub const GLOBEX_PROJECT: &str = "0190a000-0000-7000-a000-000000000101";
pub const GLOBEX_SPIES: &str = "0190a000-0000-7000-9000-000000000101";

/// An unknown id.
pub const UNKNOWN_ID: &str = "0190a000-0000-7000-8000-00000000dead";

/// `Authorization` values, one for each credential of the seed.
pub const OWNER_PAT: &str = "Bearer brms_pat_seed_owner_00000000000000000000000000000000000000";
pub const OWNER_SES: &str = "Internal brms_ses_seed_owner_00000000000000000000000000000000000000";
pub const ADMIN_PAT: &str = "Bearer brms_pat_seed_admin_00000000000000000000000000000000000000";
pub const ADMIN_SES: &str = "Internal brms_ses_seed_admin_00000000000000000000000000000000000000";
/// Restricted to project:manage in pricing.
pub const MANAGER_PAT: &str = "Bearer brms_pat_seed_manager_000000000000000000000000000000000000";
pub const MANAGER_SES: &str = "Internal brms_ses_seed_manager_000000000000000000000000000000000000";
/// The reader may edit documents only, whatever this token says.
pub const READER_PAT: &str = "Bearer brms_pat_seed_reader_0000000000000000000000000000000000000";
pub const READER_SES: &str = "Internal brms_ses_seed_reader_0000000000000000000000000000000000000";
/// The service account's token: documents everywhere.
pub const ROBOT_PAT: &str = "Bearer brms_pat_seed_robot_00000000000000000000000000000000000000";
pub const GLOBEX_PAT: &str = "Bearer brms_pat_seed_globex_0000000000000000000000000000000000000";
pub const GLOBEX_SES: &str = "Internal brms_ses_seed_globex_0000000000000000000000000000000000000";

/// The path for inviting members of a project.
pub fn members_path(project_id: &str) -> String {
    format!("/api/projects/{project_id}/members")
}

/// The path for sending a user's invitation.
pub fn invitation_path(user_id: &str) -> String {
    format!("/api/users/{user_id}/invitation")
}
