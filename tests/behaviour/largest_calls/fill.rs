//! An organisation as full as the limits allow, written into the file of a stopped server.

use std::path::Path;

use crate::support::inside::onlooker;
use crate::support::seed;

/// Users of acme who are members of no project.
pub const OUTSIDERS: u32 = 1_000;
/// Projects of acme besides those of the seed.
pub const PROJECTS: u32 = 2_000;
/// Roles of acme, each with a group in four projects and without users.
pub const ROLES: u32 = 1_000;

/// The ids of rows of one kind sort in their order.
pub fn id(kind: u8, number: u32) -> String {
    format!("0190b0{kind:02x}-0000-7000-8000-0000{number:08x}")
}

/// The same as an expression of a statement in which `i` is the number.
fn id_of(kind: u8, number: &str) -> String {
    format!("unhex(printf('0190b0{kind:02x}0000700080000000%08x', {number}))")
}

pub const USER: u8 = 1;
pub const PROJECT: u8 = 2;
pub const ROLE: u8 = 3;
/// Groups of pricing.
pub const GROUP: u8 = 4;
/// Groups of claims.
pub const CLAIMS_GROUP: u8 = 5;
/// Groups of roles.
const ROLE_GROUP: u8 = 6;
/// Users of acme who are members of pricing, each in a hundred groups.
const INSIDER: u8 = 7;
/// Memberships of them.
pub const MEMBER: u8 = 8;
/// Tokens of acme's owner.
pub const TOKEN: u8 = 9;

/// Tokens of acme's service account.
pub const ROBOT_TOKEN: u8 = 10;
/// A long entry of the log.
pub const AUDIT_LOG: u8 = 11;

/// A text of 200 characters.
const LONG: &str = "printf('%05d', i) || substr(hex(zeroblob(100)), 6)";
const PERMISSIONS: &str = r#"'["documents","project:manage"]'"#;
const ACME: &str = "(SELECT id FROM organisations WHERE name = 'acme')";

fn seeded(id: &str) -> String {
    format!("unhex('{}')", id.replace('-', ""))
}

/// The beginning of a statement in which `i` is each of so many numbers.
fn numbers(count: u32) -> String {
    format!("WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})")
}

fn users(kind: u8, word: &str, count: u32) -> String {
    format!(
        "{} INSERT INTO users (id, organisation_id, email, email_folded, first_name, last_name, type, status,
                               is_service, created_at, updated_at, search_address, search_name)
         SELECT {}, {ACME}, address, address, name, name, 'member', 'active', 0, i, i, address, name || ' ' || name
         FROM (SELECT i, printf('{word}%d@acme.test', i) AS address, {LONG} AS name FROM numbers)",
        numbers(count),
        id_of(kind, "i"),
    )
}

fn groups(kind: u8, project: &str, files: &str, count: u32) -> String {
    format!(
        "{} INSERT INTO groups (project_id, id, name, description, permissions, file_permissions, created_at,
                                updated_at, search_name)
         SELECT {project}, {}, {LONG}, {LONG}, {PERMISSIONS}, {files}, i, i, lower({LONG}) FROM numbers",
        numbers(count),
        id_of(kind, "i"),
    )
}

/// People, groups and memberships.
fn people() -> Vec<String> {
    let (pricing, claims) = (seeded(seed::PRICING), seeded(seed::CLAIMS));
    // Nearly 16 KiB.
    let files = r#"'[{"effect":"allow","actions":["view"],"patterns":"' || hex(zeroblob(8100)) || '"}]'"#;
    vec![
        users(USER, "outside", OUTSIDERS),
        users(INSIDER, "inside", 500),
        "UPDATE user_totals SET total = (SELECT count(*) FROM users AS counted
             WHERE counted.organisation_id = user_totals.organisation_id
               AND counted.is_service = user_totals.is_service AND counted.status = user_totals.status)"
            .to_owned(),
        // With the two of the seed, one that is added and the one of a role there are a thousand.
        groups(GROUP, &pricing, files, 996),
        groups(CLAIMS_GROUP, &claims, "NULL", 100),
        format!(
            "{} INSERT INTO members (project_id, user_id, id, owner, created_at, updated_at)
             SELECT {pricing}, {}, {}, 0, i, i FROM numbers",
            numbers(500),
            id_of(INSIDER, "i"),
            id_of(MEMBER, "i"),
        ),
        format!(
            "{} INSERT INTO member_groups (project_id, user_id, group_id)
             SELECT {pricing}, {}, {} FROM numbers AS one JOIN numbers AS other ON other.i <= 100",
            numbers(500),
            id_of(INSIDER, "one.i"),
            id_of(GROUP, "other.i"),
        ),
    ]
}

/// Projects, and roles in them.
fn projects() -> Vec<String> {
    vec![
        format!(
            "{} INSERT INTO projects (id, organisation_id, key, name, version, protected, created_at, updated_at,
                                      search_name)
             SELECT {}, {ACME}, 'many-' || i || '-' || substr(lower(hex(zeroblob(100))), 16), {LONG}, 'v1', 0, i, i,
                    lower({LONG}) FROM numbers",
            numbers(PROJECTS),
            id_of(PROJECT, "i"),
        ),
        format!(
            "{} INSERT INTO roles (id, organisation_id, name, description, all_projects, idp_groups,
                                   project_permissions, project_file_permissions, created_at, updated_at, search_name)
             SELECT {}, {ACME}, {LONG}, {LONG}, 0, '[]', {PERMISSIONS}, '[]', i, i, lower({LONG}) FROM numbers",
            numbers(ROLES),
            id_of(ROLE, "i"),
        ),
        format!(
            "{} INSERT INTO role_projects (role_id, project_id)
             SELECT {}, {} FROM numbers JOIN (VALUES (0), (1), (2), (3)) AS one",
            numbers(ROLES),
            id_of(ROLE, "i"),
            id_of(PROJECT, "1 + (i * 4 + one.column1) % 2000"),
        ),
        format!(
            "INSERT INTO groups (project_id, id, name, description, permissions, file_permissions, role_id,
                                 created_at, updated_at, search_name)
             SELECT project_id, {}, name, description, project_permissions, '[]', role_id, 1, 1, search_name
             FROM role_projects JOIN roles ON roles.id = role_id",
            id_of(ROLE_GROUP, "row_number() OVER (ORDER BY role_id, project_id)"),
        ),
    ]
}

/// Tokens, each for a thousand projects, and an entry of the log.
fn tokens() -> Vec<String> {
    let of_user = |kind: u8, user: &str, count: u32| {
        [
            format!(
                "{} INSERT INTO personal_access_tokens (id, user_id, secret_hash, note, permissions, all_projects,
                                                        seeded, created_at, updated_at)
                 SELECT {}, {}, unhex(printf('%02x%062x', {kind}, i)), {LONG}, '[]', 0, 0, i, i FROM numbers",
                numbers(count),
                id_of(kind, "i"),
                seeded(user),
            ),
            format!(
                "{} INSERT INTO personal_access_token_projects (token_id, project_id)
                 SELECT {}, {} FROM numbers AS one JOIN numbers AS other ON one.i <= {count}",
                numbers(1_000),
                id_of(kind, "one.i"),
                id_of(PROJECT, "other.i"),
            ),
        ]
    };
    let entry = format!(
        "INSERT INTO audit_logs (id, organisation_id, created_at, type, action, ref_id, data)
         SELECT {}, id, 1, 'organisation', 'updated', id,
                json_object('changes', json_object('preferences', hex(zeroblob(65536))))
         FROM organisations WHERE name = 'acme'",
        id_of(AUDIT_LOG, "1"),
    );
    let all = [of_user(TOKEN, seed::OWNER, 98), of_user(ROBOT_TOKEN, seed::ROBOT, 98)];
    all.into_iter().flatten().chain([entry]).collect()
}

/// Fills the file.
pub fn fill(file: &Path) {
    let database = onlooker(file);
    let all = [people(), projects(), tokens()].concat();
    for statement in ["BEGIN".to_owned()].into_iter().chain(all).chain(["COMMIT".to_owned()]) {
        database.execute_batch(&statement).unwrap_or_else(|cause| panic!("{cause}: {statement}"));
    }
}
