//! Lists of project members and of users who can be added, and changing a member.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::inside::{everything, execute, id, sign_in};
use crate::support::{Answer, TestServer, seed};

async fn list(server: &TestServer, project: &str, query: &str) -> Value {
    let path = format!("{}{query}", seed::members_path(project));
    server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json()
}

/// The value of one field in every entry.
fn each<'l>(list: &'l Value, pointer: &str) -> Vec<&'l str> {
    let results = list["results"].as_array().expect("results");
    let text = |entry: &'l Value| entry.pointer(pointer).and_then(Value::as_str);
    results.iter().map(|entry| text(entry).expect("text")).collect()
}

/// A member of pricing in the form of the list.
async fn member(server: &TestServer, user: &str) -> Value {
    let list = list(server, seed::PRICING, "?perPage=500").await;
    let results = list["results"].as_array().expect("results");
    results.iter().find(|member| member["userId"] == user).expect("a member").clone()
}

async fn invite(server: &TestServer, body: &Value) {
    server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).json(body).expect(200).await;
}

async fn update(server: &TestServer, caller: &str, user: &str, body: &Value, status: u16) -> Answer {
    let id = member(server, user).await["id"].as_str().expect("an id").to_owned();
    let path = format!("{}/{id}", seed::members_path(seed::PRICING));
    server.call("PUT", &path).caller(caller).json(body).expect(status).await
}

fn group_ids(member: &Value) -> Vec<&str> {
    let groups = member["groups"].as_array().expect("groups");
    groups.iter().map(|group| group["id"].as_str().expect("an id")).collect()
}

async fn create_group(server: &TestServer, permission: &str) -> String {
    let path = format!("/api/projects/{}/groups", seed::PRICING);
    let body = json!({ "name": permission, "permissions": [permission] });
    let made = server.post(&path).caller(seed::OWNER_PAT).json(&body).expect(200).await.json();
    made["id"].as_str().expect("an id").to_owned()
}

/// Gives Nina and the manager a role in pricing and returns its group there.
async fn managed_group(server: &TestServer, role: &mut String) -> String {
    let body = json!({ "name": "Helpers", "allProjects": false, "projects": [seed::PRICING],
                       "projectPermissions": ["documents"], "users": [seed::NINA, seed::MANAGER] });
    let made = server.post("/api/roles").caller(seed::OWNER_PAT).json(&body).expect(200).await.json();
    made["id"].as_str().expect("an id").clone_into(role);
    made["groups"][0]["id"].as_str().expect("a group").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_listed_in_order_with_user_and_groups_page_by_page() {
    let server = TestServer::start().await;
    let start = list(&server, seed::PRICING, "").await;
    let mut emails: Vec<String> = each(&start, "/user/email").into_iter().map(str::to_owned).collect();
    assert_eq!(emails.len(), 3);
    invite(
        &server,
        &json!({ "userIds": [seed::OTTO, seed::IVY], "groupIds": [seed::MANAGERS, seed::EDITORS] }),
    )
    .await;
    emails.extend(["otto@acme.test".to_owned(), seed::IVY_EMAIL.to_owned()]);
    for (query, range, numbers) in [
        ("", 0..5, [1, 1, 5, 5, 10]),
        ("?perPage=2", 0..2, [1, 1, 2, 5, 2]),
        ("?perPage=2&page=2", 2..4, [2, 3, 4, 5, 2]),
        ("?perPage=2&page=3", 4..5, [3, 5, 5, 5, 2]),
        ("?perPage=2&page=4", 0..0, [4, 0, 0, 5, 2]),
    ] {
        let list = list(&server, seed::PRICING, query).await;
        assert_eq!(each(&list, "/user/email"), emails[range], "{query}");
        let page = &list["paginate"];
        let shown = ["current", "from", "to", "total", "pageSize"].map(|name| page[name].as_i64().unwrap());
        assert_eq!(shown, numbers, "{query}");
    }
    let otto = member(&server, seed::OTTO).await;
    assert_eq!(group_ids(&otto), [seed::EDITORS, seed::MANAGERS]);
    assert_eq!(otto["groups"][0]["permissions"], json!(["documents:full", "releases"]));
    assert_eq!(json!([otto["user"]["type"], otto["user"]["status"]]), json!(["MEMBER", "ACTIVE"]));
    assert_eq!(json!([otto["owner"], otto["projectId"]]), json!([false, seed::PRICING]));
    assert_eq!(member(&server, seed::IVY).await["user"]["type"], "INVITED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_members_covers_address_and_name() {
    let server = TestServer::start().await;
    let name = json!({ "firstName": "JÖRG", "lastName": "Öz 5%" });
    let call = server.call("PUT", &format!("/api/users/{}", seed::READER)).caller(seed::OWNER_SES);
    call.json(&name).expect(200).await;
    for (search, found) in [
        ("OWNER%40acme", vec!["owner@acme.test"]),
        ("olga", vec!["owner@acme.test"]),
        ("j%C3%B6rg", vec!["reader@acme.test"]),
        ("%C3%96Z", vec!["reader@acme.test"]),
        ("5%25", vec!["reader@acme.test"]),
        ("_", vec![]),
        ("nina", vec![]),
        ("Adjusters", vec![]),
    ] {
        let list = list(&server, seed::PRICING, &format!("?search={search}")).await;
        assert_eq!(each(&list, "/user/email"), found, "{search}");
        assert_eq!(list["paginate"]["total"], found.len(), "{search}");
    }
    let path = seed::members_path(seed::PRICING);
    server.get(&path).caller(seed::READER_SES).expect(200).await;
    server.get(&path).caller(&sign_in(&server, seed::NINA, None)).expect(404).await;
    server.get(&path).caller(seed::GLOBEX_PAT).expect(404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_who_can_be_added_are_neither_members_nor_disabled() {
    let server = TestServer::start().await;
    execute(&server, "UPDATE users SET status = 'locked' WHERE email = 'otto@acme.test'");
    let path = format!("{}/users", seed::members_path(seed::PRICING));
    let read = async |query: &str| {
        server.get(&format!("{path}{query}")).caller(seed::MANAGER_PAT).expect(200).await.json()
    };
    let all = ["admin", "ivy", "ian", "robot", "nina", "otto"].map(|name| format!("{name}@acme.test"));
    let found = read("").await;
    let (mut emails, mut wanted) = (each(&found, "/email"), all.each_ref().map(String::as_str));
    emails.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(emails, wanted);
    let of = |email: &str| {
        let results = found["results"].as_array().unwrap();
        let user = results.iter().find(|user| user["email"] == email).unwrap();
        json!([user["type"], user["status"]])
    };
    assert_eq!(of("admin@acme.test"), json!(["ADMIN", "ACTIVE"]));
    assert_eq!(of(seed::IVY_EMAIL), json!(["INVITED", "ACTIVE"]));
    assert_eq!(of("otto@acme.test"), json!(["MEMBER", "INACTIVE"]));
    for (query, found) in [
        ("?search=O%27NEIL", vec!["otto@acme.test"]),
        ("?search=NIN", vec!["nina@acme.test"]),
        ("?search=dora", vec![]),
        ("?search=manager", vec![]),
        ("?search=globex", vec![]),
        ("?page=9", vec![]),
    ] {
        assert_eq!(each(&read(query).await, "/email"), found, "{query}");
    }
    let page = read("?perPage=4&page=2").await;
    assert_eq!(page["paginate"], json!({ "current": 2, "from": 5, "to": 6, "total": 6, "pageSize": 4 }));
    invite(&server, &json!({ "userIds": [seed::NINA] })).await;
    assert_eq!(read("").await["paginate"]["total"], 5);
    for (caller, status) in [(seed::READER_SES, 403), (seed::READER_PAT, 403), (seed::GLOBEX_SES, 404)] {
        server.get(&path).caller(caller).expect(status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_groups_of_a_member_are_kept_and_an_empty_list_removes_them() {
    let server = TestServer::start().await;
    let before = member(&server, seed::READER).await;
    for (body, groups) in [
        (json!({}), vec![seed::EDITORS]),
        (json!({ "owner": false }), vec![seed::EDITORS]),
        (json!({ "groupIds": [seed::MANAGERS, seed::EDITORS, seed::MANAGERS] }), {
            vec![seed::EDITORS, seed::MANAGERS]
        }),
        (json!({ "groupIds": [seed::MANAGERS.to_uppercase()] }), vec![seed::MANAGERS]),
        (json!({ "groupIds": [] }), vec![]),
    ] {
        server.clock.advance(std::time::Duration::from_millis(2));
        let answer = update(&server, seed::MANAGER_PAT, seed::READER, &body, 200).await.json();
        assert_eq!(group_ids(&answer), groups, "{body}");
        assert_eq!(answer, member(&server, seed::READER).await, "{body}");
        assert_eq!(json!([answer["id"], answer["createdAt"]]), json!([before["id"], before["createdAt"]]));
        let is_first_state = groups == [seed::EDITORS];
        assert_eq!(answer["updatedAt"] == before["updatedAt"], is_first_state, "{answer}");
    }
    let rows = "SELECT count(*) FROM audit_logs WHERE type = 'member' AND action = 'updated'";
    assert_eq!(server.count(rows), 3, "two calls changed nothing");
    assert_eq!(server.count(&format!("{rows} AND data LIKE '%\"groupIds\":[\"{}\"%'", seed::MANAGERS)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_flag_is_off_unless_given_and_the_last_owner_stays() {
    let server = TestServer::start().await;
    let (on, off) = (json!({ "owner": true }), json!({}));
    let answer = update(&server, seed::ADMIN_PAT, seed::OWNER, &off, 409).await;
    assert_eq!(answer.problem(), "last-owner");
    update(&server, seed::ADMIN_PAT, seed::OWNER, &on, 200).await;
    assert_eq!(update(&server, seed::OWNER_PAT, seed::READER, &on, 200).await.json()["owner"], true);
    // The flag takes effect at once, also for a user without permission to manage.
    update(&server, seed::READER_SES, seed::OWNER, &json!({ "groupIds": [] }), 200).await;
    assert_eq!(member(&server, seed::OWNER).await["owner"], false);
    let before = everything(&server);
    update(&server, seed::READER_SES, seed::READER, &off, 409).await;
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_59_owners_who_cannot_act_do_not_count_as_other_owners() {
    let server = TestServer::start().await;
    let (on, off) = (json!({ "owner": true }), json!({}));
    invite(&server, &json!({ "userIds": [seed::IVY, seed::NINA] })).await;
    for user in [seed::IVY, seed::NINA] {
        update(&server, seed::OWNER_PAT, user, &on, 200).await;
    }
    for status in ["disabled", "locked"] {
        execute(&server, &format!("UPDATE users SET status = '{status}' WHERE email = 'nina@acme.test'"));
        let answer = update(&server, seed::ADMIN_PAT, seed::OWNER, &off, 409).await;
        assert_eq!(answer.problem(), "last-owner", "one is invited, one is {status}");
    }
    execute(&server, "UPDATE users SET status = 'active' WHERE email = 'nina@acme.test'");
    update(&server, seed::ADMIN_PAT, seed::OWNER, &off, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_owners_who_remove_each_other_concurrently_one_stays() {
    let server = Arc::new(TestServer::start().await);
    invite(&server, &json!({ "userIds": [seed::ADMIN] })).await;
    for _ in 0..10 {
        execute(
            &server,
            "UPDATE members SET owner = (SELECT count(*) FROM users
                                         WHERE users.id = user_id AND type IN ('owner', 'admin'))",
        );
        let start = Arc::new(tokio::sync::Barrier::new(2));
        let calls = [(seed::OWNER_PAT, seed::ADMIN), (seed::ADMIN_SES, seed::OWNER)].map(|(caller, user)| {
            let (server, start) = (Arc::clone(&server), Arc::clone(&start));
            tokio::spawn(async move {
                let id = member(&server, user).await["id"].as_str().expect("an id").to_owned();
                let path = format!("{}/{id}", seed::members_path(seed::PRICING));
                start.wait().await;
                server.call("PUT", &path).caller(caller).json(&json!({})).send().await.status
            })
        });
        let mut statuses = Vec::new();
        for call in calls {
            statuses.push(call.await.expect("the call ends well"));
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let owners = "SELECT count(*) FROM members WHERE owner = 1 AND project_id = ?1";
        assert_eq!(server.count_of(owners, [id(seed::PRICING)]), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_07_a_manager_neither_grants_nor_revokes_owner_by_flag_or_group() {
    let server = TestServer::start().await;
    let kings = create_group(&server, "owner").await;
    invite(&server, &json!({ "userIds": [seed::NINA], "groupIds": [kings] })).await;
    invite(&server, &json!({ "userIds": [seed::OTTO, seed::IVY], "owner": true })).await;
    let before = everything(&server);
    for caller in [seed::MANAGER_PAT, seed::MANAGER_SES] {
        for (user, body) in [
            (seed::MANAGER, json!({ "owner": true })),
            (seed::READER, json!({ "owner": true })),
            (seed::MANAGER, json!({ "groupIds": [seed::MANAGERS, kings] })),
            (seed::READER, json!({ "groupIds": [kings] })),
            (seed::NINA, json!({ "groupIds": [] })),
            // IV-08: the membership of a user who has not accepted yet.
            (seed::IVY, json!({ "owner": false })),
            (seed::OTTO, json!({ "groupIds": [seed::EDITORS] })),
        ] {
            update(&server, caller, user, &body, 403).await;
        }
    }
    assert_eq!(everything(&server), before);
    for (user, body) in [
        (seed::NINA, json!({})),
        (seed::NINA, json!({ "groupIds": [kings, seed::EDITORS] })),
        (seed::OTTO, json!({ "owner": true, "groupIds": [seed::EDITORS] })),
    ] {
        update(&server, seed::MANAGER_PAT, user, &body, 200).await;
    }
    update(&server, seed::ADMIN_PAT, seed::MANAGER, &json!({ "groupIds": [kings] }), 200).await;
    update(&server, seed::MANAGER_SES, seed::READER, &json!({ "owner": true }), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_05_groups_of_other_projects_and_an_unknown_member_are_404_at_their_place() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let ids = [seed::EDITORS, seed::ADJUSTERS, seed::GLOBEX_SPIES, seed::UNKNOWN_ID, seed::MANAGERS];
    let answer = update(&server, seed::OWNER_PAT, seed::READER, &json!({ "groupIds": ids }), 404).await;
    assert_eq!(answer.places(), ["/groupIds/1", "/groupIds/2", "/groupIds/3"]);
    let of_claims = list(&server, seed::CLAIMS, "").await["results"][0]["id"].clone();
    for unknown in [seed::UNKNOWN_ID, seed::READER, of_claims.as_str().unwrap()] {
        let path = format!("{}/{unknown}", seed::members_path(seed::PRICING));
        server.call("PUT", &path).caller(seed::OWNER_PAT).json(&json!({})).expect(404).await;
    }
    for (body, place) in [
        (json!({ "groupIds": null }), "/groupIds"),
        (json!({ "groupIds": ["x"] }), "/groupIds/0"),
        (json!({ "groupIds": vec![seed::EDITORS; 1_001] }), "/groupIds"),
        (json!({ "owner": null }), "/owner"),
    ] {
        assert_eq!(update(&server, seed::OWNER_PAT, seed::READER, &body, 400).await.places(), [place]);
    }
    for (caller, status) in [(seed::READER_SES, 403), (seed::GLOBEX_PAT, 404), (seed::ROBOT_PAT, 404)] {
        update(&server, caller, seed::READER, &json!({}), status).await;
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_a_role_cannot_be_added_by_hand_but_may_be_kept() {
    let server = TestServer::start().await;
    let managed = managed_group(&server, &mut String::new()).await;
    let before = everything(&server);
    let body = json!({ "groupIds": [seed::EDITORS, managed] });
    let answer = update(&server, seed::OWNER_PAT, seed::READER, &body, 409).await;
    assert_eq!((answer.problem().as_str(), answer.places()), {
        ("role-managed", vec!["/groupIds/1".to_owned()])
    });
    let invitation = json!({ "userIds": [seed::OTTO], "groupIds": [managed] });
    let path = seed::members_path(seed::PRICING);
    let answer = server.post(&path).caller(seed::OWNER_PAT).json(&invitation).expect(409).await;
    assert_eq!(answer.places(), ["/groupIds/0"]);
    assert_eq!(everything(&server), before);
    for groups in [json!([managed, seed::EDITORS]), json!([seed::EDITORS])] {
        let body = json!({ "groupIds": groups });
        let answer = update(&server, seed::OWNER_PAT, seed::MANAGER, &body, 200).await.json();
        assert_eq!(group_ids(&answer), [seed::EDITORS, &managed], "the role's group stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_through_a_role_who_was_changed_by_hand_stays_when_the_role_is_removed() {
    let server = TestServer::start().await;
    let mut role = String::new();
    managed_group(&server, &mut role).await;
    update(&server, seed::OWNER_PAT, seed::NINA, &json!({ "groupIds": [seed::EDITORS] }), 200).await;
    let emptied = json!({ "name": "Helpers", "allProjects": false, "users": [] });
    let path = format!("/api/roles/{role}");
    server.call("PUT", &path).caller(seed::OWNER_PAT).json(&emptied).expect(200).await;
    assert_eq!(group_ids(&member(&server, seed::NINA).await), [seed::EDITORS]);
    assert_eq!(group_ids(&member(&server, seed::MANAGER).await), [seed::MANAGERS]);
    let sql = "SELECT by_role FROM members WHERE user_id = ?1";
    let by_role: bool = server.look(|tx| tx.row(sql, [id(seed::NINA)], |row| row.get(0)));
    assert!(!by_role);
}
