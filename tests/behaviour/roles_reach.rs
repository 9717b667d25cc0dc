//! The effects of roles: on new and deleted projects, several roles of one user, roles assigned by updating a user,
//! effective permissions, and the limit of ten thousand rows.

use brms::db::{Ids, Parameter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::roles::{arms, create, expected, is_member, update};
use crate::support::inside::{everything, execute, id, numbered, sign_in};
use crate::support::{Answer, TestServer, seed};

/// Inserts projects into acme, without groups and members.
fn add_projects(server: &TestServer, count: u32) {
    let ids = numbered(0xAAAA, count);
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO projects (id, organisation_id, key, name, version, protected, created_at, updated_at)
             SELECT added.id, organisations.id, 'many-' || added.position, 'Many', 'v1', 0, added.position,
                    added.position
             FROM ids(?1) AS added JOIN organisations ON organisations.name = 'acme'",
            [&ids],
        )
    });
}

/// Inserts the group of a role into every project of acme. The mark is the first byte of their ids.
fn add_groups(server: &TestServer, role: &Value, mark: u8) {
    let role = id(role["id"].as_str().expect("an id"));
    let projects: Vec<Uuid> = server.look(|tx| {
        let sql = "SELECT id FROM projects
                   WHERE organisation_id = (SELECT organisation_id FROM roles WHERE id = ?1)";
        tx.rows(sql, [role], |row| row.get(0))
    });
    let marked = |id: &Uuid| {
        let mut bytes = id.into_bytes();
        bytes[0] = mark;
        Uuid::from_bytes(bytes)
    };
    let groups: Ids = Ids::of(&projects.iter().map(marked).collect::<Vec<_>>());
    let projects = Ids::of(&projects);
    server.change(move |tx| {
        tx.execute("UPDATE roles SET all_projects = 1 WHERE id = ?1", [role])?;
        tx.execute(
            "INSERT INTO groups (project_id, id, name, description, permissions, file_permissions, role_id,
                                 created_at, updated_at)
             SELECT project.id, added.id, roles.name, NULL, '[]', '[]', roles.id, 1, 1
             FROM ids(?1) AS added JOIN ids(?2) AS project ON project.position = added.position
             JOIN roles ON roles.id = ?3",
            &[&groups as &dyn Parameter, &projects, &role][..],
        )
    });
}

async fn set_roles(server: &TestServer, user: &str, roles: &[&Value], status: u16) -> Answer {
    let ids: Vec<&Value> = roles.iter().map(|role| &role["id"]).collect();
    let call = server.call("PUT", &format!("/api/users/{user}")).caller(seed::OWNER_SES);
    call.json(&json!({ "roles": ids })).expect(status).await
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_added_to_a_role_and_taken_away() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Helpers", "allProjects": false, "users": [seed::NINA],
                       "projects": [seed::PRICING] });
    let role = create(&server, &body, 200).await.json();
    let save = async |all: bool, projects: Option<Value>| {
        let mut body = json!({ "name": "Helpers", "allProjects": all });
        if let Some(projects) = projects {
            body["projects"] = projects;
        }
        update(&server, &role, &body, 200).await;
        let reached = async |project| arms(&server, project).await == expected(&[("Helpers", &["nina"])]);
        let found = [reached(seed::PRICING).await, reached(seed::CLAIMS).await];
        let members = [seed::PRICING, seed::CLAIMS].map(|project| is_member(&server, project, seed::NINA));
        assert_eq!(found, members);
        found
    };
    assert_eq!(save(false, None).await, [true, false], "absent: unchanged");
    assert_eq!(save(false, Some(json!([seed::CLAIMS]))).await, [false, true]);
    assert_eq!(save(false, Some(json!([seed::CLAIMS, seed::PRICING]))).await, [true, true]);
    assert_eq!(save(false, Some(json!([seed::PRICING]))).await, [true, false]);
    assert_eq!(save(true, Some(json!([seed::UNKNOWN_ID]))).await, [true, true], "projects are not used");
    assert_eq!(save(false, None).await, [true, false], "back to those that were chosen");
    assert_eq!(save(true, None).await, [true, true]);
    assert_eq!(save(false, Some(json!([seed::CLAIMS]))).await, [false, true]);
    assert_eq!(save(false, Some(json!([]))).await, [false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_two_roles_is_removed_with_the_last_of_them() {
    let server = TestServer::start().await;
    let here = json!({ "name": "Here", "allProjects": false, "projects": [seed::PRICING],
                       "users": [seed::NINA] });
    let everywhere = json!({ "name": "Everywhere", "allProjects": true, "users": [seed::NINA] });
    let here = create(&server, &here, 200).await.json();
    let everywhere = create(&server, &everywhere, 200).await.json();
    let both = expected(&[("Here", &["nina"]), ("Everywhere", &["nina"])]);
    assert_eq!(arms(&server, seed::PRICING).await, both);
    update(&server, &here, &json!({ "name": "Here", "allProjects": false, "users": [] }), 200).await;
    assert_eq!(arms(&server, seed::PRICING).await, expected(&[("Here", &[]), ("Everywhere", &["nina"])]));
    assert!(is_member(&server, seed::PRICING, seed::NINA), "the other role still reaches her");
    let emptied = json!({ "name": "Everywhere", "allProjects": true, "users": [] });
    update(&server, &everywhere, &emptied, 200).await;
    assert!(!is_member(&server, seed::PRICING, seed::NINA));
    assert!(!is_member(&server, seed::CLAIMS, seed::NINA));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_assigned_by_updating_a_user_have_the_same_effects() {
    let server = TestServer::start().await;
    let one = create(&server, &json!({ "name": "One", "allProjects": true }), 200).await.json();
    let two = json!({ "name": "Two", "allProjects": false, "projects": [seed::PRICING] });
    let two = create(&server, &two, 200).await.json();
    set_roles(&server, seed::NINA, &[&one, &two, &one], 200).await;
    assert_eq!(arms(&server, seed::PRICING).await, expected(&[("One", &["nina"]), ("Two", &["nina"])]));
    assert_eq!(arms(&server, seed::CLAIMS).await, expected(&[("One", &["nina"])]));
    set_roles(&server, seed::NINA, &[&two], 200).await;
    assert_eq!(arms(&server, seed::PRICING).await, expected(&[("One", &[]), ("Two", &["nina"])]));
    assert!(!is_member(&server, seed::CLAIMS, seed::NINA));
    let path = format!("/api/users/{}", seed::NINA);
    server.call("PUT", &path).caller(seed::OWNER_SES).json(&json!({ "firstName": "N" })).expect(200).await;
    assert!(is_member(&server, seed::PRICING, seed::NINA), "absent roles stay");

    let before = everything(&server);
    let unknown = json!({ "id": seed::UNKNOWN_ID });
    assert_eq!(set_roles(&server, seed::NINA, &[&one, &unknown], 404).await.places(), ["/roles/1"]);
    assert_eq!(everything(&server), before);
    set_roles(&server, seed::NINA, &[], 200).await;
    assert!(!is_member(&server, seed::PRICING, seed::NINA));
    let list = server.get("/api/roles").caller(seed::OWNER_PAT).expect(200).await.json();
    assert!(list["results"].as_array().unwrap().iter().all(|role| role["users"] == json!([])), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_permissions_of_a_role_apply_until_its_removal_from_the_next_request_on() {
    let server = TestServer::start().await;
    let nina = sign_in(&server, seed::NINA, None);
    let invite = async |caller: &str, status: u16| {
        let path = seed::members_path(seed::PRICING);
        server.post(&path).caller(caller).json(&json!({ "userIds": [] })).expect(status).await;
    };
    let body = |permissions: Value, users: Value| json!({ "name": "Managers", "allProjects": true, "projectPermissions": permissions, "users": users });
    let both = json!([seed::NINA, seed::READER]);
    let role = create(&server, &body(json!(["documents"]), both.clone()), 200).await.json();
    invite(&nina, 403).await;
    update(&server, &role, &body(json!(["project:manage"]), both), 200).await;
    invite(&nina, 200).await;
    invite(seed::READER_SES, 200).await;
    // Permissions of a role cannot be used to grant owner either.
    let path = seed::members_path(seed::PRICING);
    let king = json!({ "userIds": [seed::OTTO], "owner": true });
    server.post(&path).caller(&nina).json(&king).expect(403).await;
    update(&server, &role, &body(json!(["owner"]), json!([seed::NINA])), 200).await;
    server.post(&path).caller(&nina).json(&king).expect(200).await;
    invite(seed::READER_SES, 403).await;
    update(&server, &role, &body(json!(["owner"]), json!([])), 200).await;
    invite(&nina, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_and_invited_users_and_service_accounts_may_have_roles() {
    let server = TestServer::start().await;
    let users = json!([seed::DORA, seed::IVY, seed::ROBOT, seed::OWNER]);
    let body = json!({ "name": "All", "allProjects": true, "users": users,
                       "projectPermissions": ["project:manage"] });
    let role = create(&server, &body, 200).await.json();
    let names = ["dora", "ivy", "owner", "robot"];
    assert_eq!(arms(&server, seed::CLAIMS).await, expected(&[("All", &names)]));
    // The service account's token stays restricted.
    let invite = json!({ "userIds": [] });
    server.post(&seed::members_path(seed::CLAIMS)).caller(seed::ROBOT_PAT).json(&invite).expect(403).await;
    let path = format!("/api/users/{}", seed::ROBOT);
    server
        .call("PUT", &path)
        .caller(seed::OWNER_SES)
        .json(&json!({ "status": "disabled" }))
        .expect(200)
        .await;
    update(&server, &role, &json!({ "name": "Renamed", "allProjects": true }), 200).await;
    assert_eq!(arms(&server, seed::CLAIMS).await, expected(&[("Renamed", &names)]));
    let none = json!({ "name": "Renamed", "allProjects": true, "users": [] });
    update(&server, &role, &none, 200).await;
    for user in [seed::DORA, seed::IVY, seed::ROBOT] {
        assert!(!is_member(&server, seed::CLAIMS, user), "{user}");
    }
    assert!(is_member(&server, seed::PRICING, seed::OWNER), "by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_does_not_list_deleted_projects() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Helpers", "allProjects": true, "users": [seed::NINA] });
    create(&server, &body, 200).await;
    execute(&server, "UPDATE projects SET deleted_at = 1 WHERE key = 'claims'");
    let list = server.get("/api/roles").caller(seed::OWNER_PAT).expect(200).await.json();
    let groups = list["results"][0]["groups"].as_array().unwrap();
    let projects: Vec<&Value> = groups.iter().map(|group| &group["projectId"]).collect();
    assert_eq!(projects, [seed::PRICING]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_rows_are_accepted_and_one_more_is_409_with_nothing_written() {
    let server = TestServer::start().await;
    // With the two of the seed there are 10,000 groups to make, and the role is one row more.
    add_projects(&server, 9_998);
    let before = everything(&server);
    let body = json!({ "name": "All", "allProjects": true });
    let answer = create(&server, &body, 409).await;
    assert_eq!(answer.problem(), "too-many");
    assert_eq!(everything(&server), before);
    execute(&server, "UPDATE projects SET deleted_at = 1 WHERE key = 'many-1'");
    let role = create(&server, &body, 200).await.json();
    assert_eq!(role["groups"].as_array().map(Vec::len), Some(9_999));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_rows_are_counted_over_all_roles_of_a_call() {
    let server = TestServer::start().await;
    let role =
        async |name: &str| create(&server, &json!({ "name": name, "allProjects": false }), 200).await.json();
    let (one, two) = (role("One").await, role("Two").await);
    // Each role puts its user into a group of each project, and the first one makes the user a member.
    add_projects(&server, 4_000);
    add_groups(&server, &one, 0xA1);
    add_groups(&server, &two, 0xA2);
    let before = everything(&server);
    assert_eq!(set_roles(&server, seed::NINA, &[&one, &two], 409).await.problem(), "too-many");
    assert_eq!(everything(&server), before);
    set_roles(&server, seed::NINA, &[&one], 200).await;
    let before = everything(&server);
    let all = json!({ "name": "Two", "allProjects": true, "users": [seed::NINA, seed::OTTO, seed::IVY] });
    assert_eq!(update(&server, &two, &all, 409).await.problem(), "too-many");
    assert_eq!(everything(&server), before);
}
