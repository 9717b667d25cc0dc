//! Groups of a project: listing, creating and changing them, and who may grant `owner` by them.

use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, execute, sign_in};
use crate::support::{Answer, TestServer, seed};

fn path(project: &str) -> String {
    format!("/api/projects/{project}/groups")
}

fn path_of(group: &str) -> String {
    format!("{}/{group}", path(seed::PRICING))
}

async fn create(server: &TestServer, caller: &str, body: &Value, status: u16) -> Answer {
    server.post(&path(seed::PRICING)).caller(caller).json(body).expect(status).await
}

async fn update(server: &TestServer, caller: &str, group: &str, body: &Value, status: u16) -> Answer {
    server.call("PUT", &path_of(group)).caller(caller).json(body).expect(status).await
}

async fn list(server: &TestServer, query: &str) -> Value {
    let path = format!("{}{query}", path(seed::PRICING));
    server.get(&path).caller(seed::READER_SES).expect(200).await.json()
}

fn names(list: &Value) -> Vec<&str> {
    let results = list["results"].as_array().expect("results");
    results.iter().map(|group| group["name"].as_str().expect("a name")).collect()
}

/// A group in the form of the list.
async fn find(server: &TestServer, id: &str) -> Value {
    let list = list(server, "?perPage=500").await;
    let results = list["results"].as_array().expect("results");
    results.iter().find(|group| group["id"] == id).expect("the group is listed").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_listed_in_order_of_creation_page_by_page() {
    let server = TestServer::start().await;
    for name in ["Zoo", "Abc", "GRÜN 1%"] {
        create(&server, seed::MANAGER_PAT, &json!({ "name": name }), 200).await;
    }
    let all = ["Editors", "Managers", "Zoo", "Abc", "GRÜN 1%"];
    for (query, found, numbers) in [
        ("", &all[..], [1, 1, 5, 5, 10]),
        ("?perPage=2", &all[..2], [1, 1, 2, 5, 2]),
        ("?perPage=2&page=2", &all[2..4], [2, 3, 4, 5, 2]),
        ("?perPage=2&page=3", &all[4..], [3, 5, 5, 5, 2]),
        ("?perPage=2&page=4", &[], [4, 0, 0, 5, 2]),
        ("?search=O", &["Editors", "Zoo"], [1, 1, 2, 2, 10]),
        ("?search=gr%C3%BCn", &["GRÜN 1%"], [1, 1, 1, 1, 10]),
        ("?search=%25", &["GRÜN 1%"], [1, 1, 1, 1, 10]),
        ("?search=pricing", &[], [1, 0, 0, 0, 10]),
    ] {
        let list = list(&server, query).await;
        assert_eq!(names(&list), found, "{query}");
        let page = &list["paginate"];
        let shown = ["current", "from", "to", "total", "pageSize"].map(|name| page[name].as_i64().unwrap());
        assert_eq!(shown, numbers, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_of_a_new_group_keep_their_order_and_duplicates_count_once() {
    let server = TestServer::start().await;
    let body = json!({
        "name": "Release <team>", "description": "Ships",
        "permissions": ["releases:deploy", "documents", "releases:deploy", "branches:merge", "documents"],
    });
    let made = create(&server, seed::MANAGER_PAT, &body, 200).await.json();
    assert_eq!(made["permissions"], json!(["releases:deploy", "documents", "branches:merge"]));
    assert_eq!(json!([made["name"], made["description"]]), json!(["Release <team>", "Ships"]));
    assert_eq!(json!([made["projectId"], made["roleId"]]), json!([seed::PRICING, null]));
    let id = made["id"].as_str().unwrap();
    assert_eq!(find(&server, id).await, made);

    let turned = json!({ "name": "Release", "permissions": ["documents", "releases", "documents"] });
    let after = update(&server, seed::MANAGER_PAT, id, &turned, 200).await.json();
    assert_eq!(after["permissions"], json!(["documents", "releases"]));
    assert_eq!(json!([after["id"], after["name"], after["description"]]), json!([id, "Release", "Ships"]));
    assert_eq!(find(&server, id).await, after);
    let rows = |action: &str| {
        let sql = "SELECT count(*) FROM audit_logs
                   WHERE type = 'group' AND ref_id = ?1 AND project_id IS NOT NULL AND action";
        server.count_of(&format!("{sql} = {action}"), [id.parse().expect("an id")])
    };
    assert_eq!(rows("'created'"), 1);
    assert_eq!(rows("'updated' AND data LIKE '%\"name\":\"Release\"%'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_permissions_are_returned_as_given_and_null_is_not_absent() {
    let server = TestServer::start().await;
    let rules = json!([
        { "id": "b", "effect": "deny", "actions": ["write", "read", "write"], "patterns": "/a/**\n\"x\"\u{0}ü" },
        { "id": "a", "effect": "allow", "actions": [], "patterns": "" },
        { "effect": "", "actions": ["x"] },
    ]);
    let body = json!({ "name": "Files", "permissions": [], "filePermissions": rules });
    let made = create(&server, seed::OWNER_PAT, &body, 200).await.json();
    assert_eq!(made["filePermissions"], rules);
    let id = made["id"].as_str().unwrap();
    let mut wanted = made.clone();
    for (more, expected) in [
        (json!({}), rules.clone()),
        (json!({ "filePermissions": null }), Value::Null),
        (json!({}), Value::Null),
        (json!({ "filePermissions": [] }), json!([])),
        (json!({ "filePermissions": rules }), rules.clone()),
    ] {
        let mut body = json!({ "name": "Files" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wanted["filePermissions"] = expected;
        let after = update(&server, seed::OWNER_PAT, id, &body, 200).await.json();
        assert_eq!(after, wanted, "{body}");
        assert_eq!(find(&server, id).await, wanted, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_fields_of_a_group_are_kept() {
    let server = TestServer::start().await;
    let before = find(&server, seed::EDITORS).await;
    let after = update(&server, seed::MANAGER_PAT, seed::EDITORS, &json!({ "name": "Writers" }), 200).await;
    let mut wanted = before.clone();
    wanted["name"] = json!("Writers");
    assert_eq!(after.json(), wanted);
    let body = json!({ "name": "Writers", "description": "", "permissions": [] });
    let after = update(&server, seed::MANAGER_PAT, seed::EDITORS, &body, 200).await.json();
    assert_eq!(json!([after["description"], after["permissions"]]), json!(["", []]));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_values_are_400_with_their_place() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (body, place) in [
        (json!({}), "/name"),
        (json!({ "name": null }), "/name"),
        (json!({ "name": "x".repeat(201) }), "/name"),
        (json!({ "name": "a\tb" }), "/name"),
        (json!({ "name": "x", "description": null }), "/description"),
        (json!({ "name": "x", "description": "ü".repeat(201) }), "/description"),
        (json!({ "name": "x", "permissions": null }), "/permissions"),
        (json!({ "name": "x", "permissions": ["documents", "Documents"] }), "/permissions/1"),
        (json!({ "name": "x", "permissions": ["project"] }), "/permissions/0"),
        (json!({ "name": "x", "permissions": [""] }), "/permissions/0"),
        (json!({ "name": "x", "filePermissions": [{}, { "actions": [1] }] }), "/filePermissions/1/actions/0"),
        (json!({ "name": "x", "filePermissions": vec![json!({}); 1_001] }), "/filePermissions"),
    ] {
        assert_eq!(create(&server, seed::OWNER_PAT, &body, 400).await.places(), [place], "{place}");
        let answer = update(&server, seed::OWNER_PAT, seed::EDITORS, &body, 400).await;
        assert_eq!(answer.places(), [place], "{place}");
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_may_view_managers_may_change_and_others_see_nothing() {
    let server = TestServer::start().await;
    let nina = sign_in(&server, seed::NINA, None);
    let before = everything(&server);
    let body = json!({ "name": "x" });
    for (caller, reads, changes) in [
        (seed::READER_SES, 200, 403),
        (seed::READER_PAT, 200, 403),
        (&nina, 404, 404),
        (seed::ROBOT_PAT, 404, 404),
        (seed::GLOBEX_SES, 404, 404),
    ] {
        server.get(&path(seed::PRICING)).caller(caller).expect(reads).await;
        create(&server, caller, &body, changes).await;
        update(&server, caller, seed::EDITORS, &body, changes).await;
    }
    for group in [seed::UNKNOWN_ID, seed::ADJUSTERS, seed::GLOBEX_SPIES] {
        let answer = update(&server, seed::OWNER_PAT, group, &body, 404).await;
        assert_eq!(answer.problem(), "not-found", "{group}");
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_07_creating_a_group_with_owner_requires_the_right_to_grant_it() {
    let server = TestServer::start().await;
    let narrowed =
        Pat { user: seed::OWNER, permissions: &["project:manage"], projects: &[], expires_at: None };
    let narrowed = narrowed.put(&server);
    let before = everything(&server);
    for permissions in [json!(["owner"]), json!(["documents", "owner"])] {
        let body = json!({ "name": "Kings", "permissions": permissions });
        for caller in [seed::MANAGER_PAT, seed::MANAGER_SES, &narrowed] {
            create(&server, caller, &body, 403).await;
        }
    }
    assert_eq!(everything(&server), before);
    // A manager may grant every other permission.
    let free = json!(["documents", "releases:manage", "project:manage", "environments:delete"]);
    create(&server, seed::MANAGER_PAT, &json!({ "name": "Free", "permissions": free }), 200).await;
    let kings = json!({ "name": "Kings", "permissions": ["owner"] });
    let made = create(&server, seed::OWNER_PAT, &kings, 200).await.json();
    // A user with all permissions through a group has this right too.
    let path = seed::members_path(seed::PRICING);
    let invite = json!({ "userIds": [seed::NINA], "groupIds": [made["id"]] });
    server.post(&path).caller(seed::MANAGER_PAT).json(&invite).expect(403).await;
    server.post(&path).caller(seed::ADMIN_PAT).json(&invite).expect(200).await;
    create(&server, &sign_in(&server, seed::NINA, None), &kings, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_08_adding_owner_to_a_group_or_changing_one_with_owner_requires_the_right_too() {
    let server = TestServer::start().await;
    let kings = json!({ "name": "Kings", "permissions": ["owner"] });
    let made = create(&server, seed::OWNER_PAT, &kings, 200).await.json();
    let kings_id = made["id"].as_str().unwrap();
    let before = everything(&server);
    for (group, body) in [
        // The manager is in this group and would become owner at once.
        (seed::MANAGERS, json!({ "name": "Managers", "permissions": ["project:manage", "owner"] })),
        (seed::EDITORS, json!({ "name": "Editors", "permissions": ["owner"] })),
        (kings_id, json!({ "name": "Renamed" })),
        (kings_id, json!({ "name": "Kings", "permissions": [] })),
        (kings_id, json!({ "name": "Kings", "permissions": ["owner"], "filePermissions": null })),
    ] {
        for caller in [seed::MANAGER_PAT, seed::MANAGER_SES] {
            update(&server, caller, group, &body, 403).await;
        }
    }
    assert_eq!(everything(&server), before);
    update(&server, seed::ADMIN_PAT, seed::MANAGERS, &json!({ "name": "M", "permissions": ["owner"] }), 200)
        .await;
    update(&server, seed::MANAGER_SES, kings_id, &json!({ "name": "Renamed", "permissions": [] }), 200).await;
    update(&server, seed::MANAGER_SES, kings_id, &json!({ "name": "Free again" }), 200).await;
    // The token still restricts its user.
    update(&server, seed::MANAGER_PAT, seed::MANAGERS, &json!({ "name": "x" }), 403).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_permission_applies_from_the_next_request_of_its_members() {
    let server = TestServer::start().await;
    let invite = json!({ "userIds": [] });
    let members = seed::members_path(seed::PRICING);
    for (permissions, status) in
        [(json!(["documents"]), 403), (json!(["project:manage"]), 200), (json!([]), 403)]
    {
        let body = json!({ "name": "Editors", "permissions": permissions });
        update(&server, seed::OWNER_PAT, seed::EDITORS, &body, 200).await;
        server.post(&members).caller(seed::READER_SES).json(&invite).expect(status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_managed_by_a_role_can_only_be_changed_through_the_role() {
    let server = TestServer::start().await;
    for (name, permission) in [("Helpers", "documents"), ("Kings", "owner")] {
        let role = json!({ "name": name, "allProjects": true, "description": "Help",
                           "projectPermissions": [permission] });
        server.post("/api/roles").caller(seed::OWNER_PAT).json(&role).expect(200).await;
    }
    let found = list(&server, "").await;
    let (helpers, kings) = (&found["results"][2], &found["results"][3]);
    assert_eq!(helpers["roleId"], helpers["role"]["id"]);
    assert_eq!(json!([helpers["role"]["name"], helpers["role"]["description"]]), json!(["Helpers", "Help"]));
    let before = everything(&server);
    for body in [json!({ "name": "Helpers" }), json!({ "name": "x", "permissions": [] })] {
        for caller in [seed::OWNER_PAT, seed::MANAGER_SES] {
            let answer = update(&server, caller, helpers["id"].as_str().unwrap(), &body, 409).await;
            assert_eq!(answer.problem(), "role-managed");
        }
        update(&server, seed::MANAGER_SES, kings["id"].as_str().unwrap(), &body, 403).await;
        update(&server, seed::OWNER_PAT, kings["id"].as_str().unwrap(), &body, 409).await;
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_given_permissions_has_none() {
    let server = TestServer::start().await;
    let made = create(&server, seed::OWNER_PAT, &json!({ "name": "Bare" }), 200).await.json();
    assert_eq!(json!([made["permissions"], made["filePermissions"]]), json!([null, null]));
    execute(&server, "UPDATE groups SET permissions = NULL WHERE name = 'Managers'");
    create(&server, seed::MANAGER_SES, &json!({ "name": "x" }), 403).await;
    let after = update(&server, seed::OWNER_PAT, seed::MANAGERS, &json!({ "name": "Managers" }), 200).await;
    assert_eq!(after.json()["permissions"], Value::Null);
}
