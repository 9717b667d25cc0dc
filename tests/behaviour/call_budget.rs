//! What one call may change, and how many groups there may be: beyond it 409 with nothing written, and what an earlier
//! version has stored stays as it is. FR-20, FR-21.

use serde_json::{Value, json};

use crate::roles::create as create_role;
use crate::support::inside::{everything, id};
use crate::support::postgres;
use crate::support::program::run_well;
use crate::support::{Answer, TestServer, seed};
use crate::testing_export::loaded_again;
use brms::db::{Ids, Parameter};
use uuid::Uuid;

const USER: u8 = 0xA1;
const GROUP: u8 = 0xA2;
const PROJECT: u8 = 0xA3;
const ROLE: u8 = 0xA4;

fn uuid(mark: u8, number: u32) -> Uuid {
    Uuid::from_u128((0x0190_a000_0000_7000_8000 << 48) | (u128::from(mark) << 40) | u128::from(number))
}

pub fn uuids(mark: u8, count: u32) -> Vec<Uuid> {
    (1..=count).map(|number| uuid(mark, number)).collect()
}

/// Adds so many users, who are members of no project, to acme.
fn add_users(server: &TestServer, count: u32) -> Vec<Uuid> {
    let ids = Ids::of(&uuids(USER, count));
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO users (id, organisation_id, email, email_folded, type, status, is_service, created_at,
                                updated_at)
             SELECT added.id, organisations.id, 'many-' || added.position || '@acme.test',
                    'many-' || added.position || '@acme.test', 'member',
                    'active', 0, added.position, added.position
             FROM ids(?1) AS added JOIN organisations ON organisations.name = 'acme'",
            [&ids],
        )
    });
    server.change(|tx| {
        tx.execute(
            "UPDATE user_totals SET total = (SELECT count(*) FROM users AS counted
                 WHERE counted.organisation_id = user_totals.organisation_id
                   AND counted.is_service = user_totals.is_service AND counted.status = user_totals.status)",
            (),
        )
    });
    uuids(USER, count)
}

/// Adds so many groups to a project, counted from `first`.
fn add_groups(server: &TestServer, project: &str, first: u32, count: u32) -> Vec<Uuid> {
    let groups: Vec<Uuid> = (first..first + count).map(|number| uuid(GROUP, number)).collect();
    let (ids, project) = (Ids::of(&groups), id(project));
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO groups (project_id, id, name, permissions, created_at, updated_at)
             SELECT ?1, added.id, 'Many', '[]', added.position, added.position FROM ids(?2) AS added WHERE true",
            &[&project as &dyn Parameter, &ids][..],
        )
    });
    groups
}

/// Puts a member of a project into groups.
fn put_into(server: &TestServer, project: &str, user: &str, groups: &[Uuid]) {
    let (project, user, ids) = (id(project), id(user), Ids::of(groups));
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO member_groups (project_id, user_id, group_id)
             SELECT ?1, ?2, added.id FROM ids(?3) AS added WHERE true",
            &[&project as &dyn Parameter, &user, &ids][..],
        )
    });
}

async fn invite(server: &TestServer, project: &str, body: &Value, status: u16) -> Answer {
    server.post(&seed::members_path(project)).caller(seed::OWNER_SES).json(body).expect(status).await
}

/// The call is answered 409 `too-many` with this number in its text, and nothing is written.
async fn refused(server: &TestServer, method: &str, path: &str, body: &Value, most: &str) {
    let before = everything(server);
    let answer = server.call(method, path).caller(seed::OWNER_SES).json(body).expect(409).await;
    assert_eq!(answer.problem(), "too-many", "{}", answer.text());
    assert!(answer.text().contains(most), "{}", answer.text());
    assert!(everything(server) == before, "{method} {path} has written something");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_20_users_times_groups_are_counted_before_the_first_write() {
    let server = TestServer::start().await;
    let created = "SELECT count(*) FROM audit_logs WHERE type = 'member' AND action = 'created'";
    let created_before = server.count(created);
    let users = add_users(&server, 1_000);
    let groups = add_groups(&server, seed::PRICING, 1, 50);
    let path = seed::members_path(seed::PRICING);
    let body = |users: &[Uuid], groups: &[Uuid]| json!({ "userIds": users, "groupIds": groups });
    refused(&server, "POST", &path, &body(&users, &groups), "10000").await;
    refused(&server, "POST", &path, &body(&users, &groups[..10]), "10000").await;
    // Doubles and those who are members already do not count.
    let twice = [&users[..500], &users[..500]].concat();
    let half = invite(&server, seed::PRICING, &body(&twice, &groups[..19]), 200).await.json();
    assert_eq!(
        (half.as_array().map(Vec::len), &half[499]["groups"][18]["name"]),
        (Some(500), &json!("Many"))
    );
    let all = invite(&server, seed::PRICING, &body(&users, &groups[..19]), 200).await.json();
    let invited: Vec<&str> =
        all.as_array().expect("members").iter().filter_map(|one| one["userId"].as_str()).collect();
    assert_eq!(invited, users[500..].iter().map(Uuid::to_string).collect::<Vec<_>>());
    let inside = "SELECT count(*) FROM member_groups
                  WHERE group_id IN (SELECT id FROM groups WHERE name = 'Many')";
    assert_eq!(server.count(inside), 19_000);
    assert_eq!(server.count(created) - created_before, 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_20_ten_thousand_rows_are_the_last_that_are_taken() {
    let server = TestServer::start().await;
    let (users, groups) = (add_users(&server, 1_000), add_groups(&server, seed::CLAIMS, 1, 9));
    let before =
        server.count("SELECT count(*) FROM members") + server.count("SELECT count(*) FROM member_groups");
    invite(&server, seed::CLAIMS, &json!({ "userIds": users, "groupIds": groups }), 200).await;
    let after =
        server.count("SELECT count(*) FROM members") + server.count("SELECT count(*) FROM member_groups");
    assert_eq!(after - before, 10_000);
}

/// Adds ten roles for all projects to acme, with these users, as they were in a project that does not exist yet.
fn add_roles(server: &TestServer, users: &[Uuid]) {
    let (roles, users) = (Ids::of(&uuids(ROLE, 10)), Ids::of(users));
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO roles (id, organisation_id, name, all_projects, idp_groups, project_permissions,
                                project_file_permissions, created_at, updated_at)
             SELECT added.id, organisations.id, 'Many', 1, '[]', '[]', '[]', 1, 1
             FROM ids(?1) AS added JOIN organisations ON organisations.name = 'acme'",
            [&roles],
        )?;
        tx.execute(
            "INSERT INTO role_users (role_id, user_id)
             SELECT roles.id, added.id FROM ids(?1) AS added JOIN roles ON roles.name = 'Many'",
            [&users],
        )
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_20_every_operation_that_multiplies_has_the_same_limit() {
    let server = TestServer::start().await;
    let users = add_users(&server, 1_000);
    let projects = Ids::of(&uuids(PROJECT, 10));
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO projects (id, organisation_id, key, name, version, protected, created_at, updated_at)
             SELECT added.id, organisations.id, 'many-' || added.position, 'Many', 'v1', 0, 1, 1
             FROM ids(?1) AS added JOIN organisations ON organisations.name = 'acme'",
            [&projects],
        )
    });
    let small = json!({ "name": "Small", "allProjects": false });
    let small = create_role(&server, &small, 200).await.json()["id"].as_str().expect("an id").to_owned();
    let role = json!({ "name": "All", "allProjects": true, "users": users });
    refused(&server, "POST", "/api/roles", &role, "10000").await;
    refused(&server, "PUT", &format!("/api/roles/{small}"), &role, "10000").await;
    add_roles(&server, &users);
    refused(&server, "POST", "/api/projects", &json!({ "name": "New", "key": "new" }), "10000").await;
    server.execute_of("UPDATE projects SET deleted_at = 5 WHERE id = ?1", [id(seed::CLAIMS)]);
    refused(&server, "PUT", &format!("/api/projects/{}/restore", seed::CLAIMS), &Value::Null, "10000").await;
    // One role reaches eleven projects, and its groups and nine hundred members are missing in each.
    let of_nina = json!({ "roles": [uuid(ROLE, 1)] });
    refused(&server, "PUT", &format!("/api/users/{}", seed::NINA), &of_nina, "10000").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_20_a_group_with_more_members_than_a_call_may_change_is_emptied_first() {
    let server = TestServer::start().await;
    let users = add_users(&server, 10_001);
    let group = add_groups(&server, seed::PRICING, 1, 1)[0];
    let (ids, project) = (Ids::of(&users), id(seed::PRICING));
    server.change(move |tx| {
        let parameters: &[&dyn Parameter] = &[&project, &ids, &group];
        tx.execute(
            "INSERT INTO members (project_id, user_id, id, owner, created_at, updated_at)
             SELECT ?1, added.id, added.id, 0, 1, 1 FROM ids(?2) AS added WHERE true",
            &parameters[..2],
        )?;
        tx.execute(
            "INSERT INTO member_groups (project_id, user_id, group_id)
             SELECT ?1, added.id, ?3 FROM ids(?2) AS added WHERE true",
            parameters,
        )
    });
    let path = format!("/api/projects/{}/groups/{group}", seed::PRICING);
    refused(&server, "DELETE", &path, &Value::Null, "10000").await;
    for user in &users[..2] {
        let path = format!("{}/{user}", seed::members_path(seed::PRICING));
        server.call("PUT", &path).caller(seed::OWNER_SES).json(&json!({ "groupIds": [] })).expect(200).await;
    }
    server.call("DELETE", &path).caller(seed::OWNER_SES).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_21_a_project_has_at_most_a_thousand_groups() {
    let server = TestServer::start().await;
    // Two are of the seed.
    add_groups(&server, seed::PRICING, 1, 997);
    let groups = format!("/api/projects/{}/groups", seed::PRICING);
    let group = json!({ "name": "The last", "permissions": [] });
    server.post(&groups).caller(seed::OWNER_SES).json(&group).expect(200).await;
    refused(&server, "POST", &groups, &group, "1000 groups").await;
    let role = json!({ "name": "One more", "allProjects": false, "projects": [seed::PRICING] });
    refused(&server, "POST", "/api/roles", &role, "1000 groups").await;
    refused(
        &server,
        "POST",
        "/api/roles",
        &json!({ "name": "Everywhere", "allProjects": true }),
        "1000 groups",
    )
    .await;
    let elsewhere = json!({ "name": "Elsewhere", "allProjects": false, "projects": [seed::CLAIMS] });
    create_role(&server, &elsewhere, 200).await;
    let copy = json!({ "name": "Copy", "key": "copy", "copyContentRef": seed::PRICING });
    server.post("/api/projects").caller(seed::OWNER_SES).json(&copy).expect(200).await;

    // More of an earlier version can be read, changed, deleted and restored, but not copied.
    add_groups(&server, seed::PRICING, 2_001, 10);
    let list =
        server.get(&format!("{groups}?perPage=500&page=3")).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(
        (&list["paginate"]["total"], list["results"].as_array().map(Vec::len)),
        (&json!(1_010), Some(10))
    );
    refused(
        &server,
        "POST",
        "/api/projects",
        &json!({ "name": "C", "key": "c2", "copyContentRef": seed::PRICING }),
        "1000 groups",
    )
    .await;
    let one = format!("{groups}/{}", uuid(GROUP, 2_001));
    let changed = json!({ "name": "Changed" });
    server.call("PUT", &one).caller(seed::OWNER_SES).json(&changed).expect(200).await;
    server.call("DELETE", &one).caller(seed::OWNER_SES).expect(200).await;
    let project = format!("/api/projects/{}", seed::PRICING);
    server.call("DELETE", &project).caller(seed::OWNER_SES).expect(200).await;
    server.call("PUT", &format!("{project}/restore")).caller(seed::OWNER_SES).expect(200).await;
    let list = server.get(&groups).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(list["paginate"]["total"], 1_009);
    let folder = server.stop().await;
    can_be_seeded(&folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_21_a_member_has_at_most_a_hundred_groups() {
    let server = TestServer::start().await;
    let groups = add_groups(&server, seed::PRICING, 1, 120);
    let path = seed::members_path(seed::PRICING);
    let body = |count: usize| json!({ "userIds": [seed::NINA], "groupIds": groups[..count] });
    refused(&server, "POST", &path, &body(101), "100 groups").await;
    let made = invite(&server, seed::PRICING, &body(100), 200).await.json();
    let member = format!("{path}/{}", made[0]["id"].as_str().expect("an id"));
    let update = |count: usize| json!({ "groupIds": groups[..count] });
    refused(&server, "PUT", &member, &update(101), "100 groups").await;
    // The group of a role counts, too.
    let role = json!({ "name": "One more", "allProjects": true, "users": [seed::NINA] });
    refused(&server, "POST", "/api/roles", &role, "100 groups").await;

    // More of an earlier version stay, also with the owner flag, and become fewer.
    put_into(&server, seed::PRICING, seed::NINA, &groups[100..]);
    let save = async |body: Value| {
        server.call("PUT", &member).caller(seed::OWNER_SES).json(&body).expect(200).await.json()["groups"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(save(json!({ "owner": true })).await, Some(120));
    assert_eq!(save(update(120)).await, Some(120));
    assert_eq!(save(update(110)).await, Some(110));
    let list = server.get(&format!("{path}?search=nina")).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(list["results"][0]["groups"].as_array().map(Vec::len), Some(110));
    refused(&server, "PUT", &member, &update(111), "100 groups").await;
    let folder = server.stop().await;
    can_be_seeded(&folder);
}

/// What the file holds can be exported and seeded.
fn can_be_seeded(folder: &tempfile::TempDir) {
    let export = run_well(&["export", "--database", &postgres::location(folder.path()).to_string_lossy()]);
    let export = serde_json::from_str(&export).expect("an export is JSON");
    assert!(loaded_again(folder.path(), &export) == export, "it loads as something else");
}
