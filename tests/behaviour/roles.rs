//! Roles: creating, changing and listing them, and their groups and members in projects.

use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, execute, id, sign_in};
use crate::support::{Answer, TestServer, seed};

/// Creates a role as the owner of the organisation.
pub async fn create(server: &TestServer, body: &Value, status: u16) -> Answer {
    server.post("/api/roles").caller(seed::OWNER_PAT).json(body).expect(status).await
}

/// Changes a role taken from a response.
pub async fn update(server: &TestServer, role: &Value, body: &Value, status: u16) -> Answer {
    let path = format!("/api/roles/{}", role["id"].as_str().expect("an id"));
    server.call("PUT", &path).caller(seed::OWNER_PAT).json(body).expect(status).await
}

/// The groups of a project that belong to roles: their names, with the addresses of their members.
pub async fn arms(server: &TestServer, project: &str) -> Vec<(String, Vec<String>)> {
    let read = async |rest: &str| {
        let path = format!("/api/projects/{project}/{rest}?perPage=500");
        server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json()["results"].clone()
    };
    let (groups, members) = (read("groups").await, read("members").await);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let inside = |group: &Value| -> Vec<String> {
        let all = list(&members);
        let is_in = |member: &&Value| list(&member["groups"]).iter().any(|of| of["id"] == group["id"]);
        let mut emails: Vec<String> =
            all.iter().filter(is_in).map(|member| text(&member["user"]["email"])).collect();
        emails.sort();
        emails
    };
    let all = list(&groups);
    let managed = all.iter().filter(|group| group["roleId"].is_string());
    managed.map(|group| (text(&group["name"]), inside(group))).collect()
}

/// Expected groups in short form: names of roles, with the first parts of addresses.
pub fn expected(arms: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let emails = |names: &[&str]| names.iter().map(|name| format!("{name}@acme.test")).collect();
    arms.iter().map(|(role, names)| ((*role).to_owned(), emails(names))).collect()
}

/// Whether a user is a member of a project.
pub fn is_member(server: &TestServer, project: &str, user: &str) -> bool {
    let sql = "SELECT count(*) FROM members WHERE project_id = ?1 AND user_id = ?2";
    server.count_of(sql, [id(project), id(user)]) == 1
}

fn audited(server: &TestServer, condition: &str) -> i64 {
    server.count(&format!("SELECT count(*) FROM audit_logs WHERE user_id IS NOT NULL AND {condition}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_for_all_projects_has_one_group_in_each_and_its_users_in_them() {
    let server = TestServer::start().await;
    let body = json!({
        "name": "Auditors", "description": "Look at everything", "allProjects": true,
        "idpGroups": ["b", "a", "b"], "projectPermissions": ["documents", "releases", "documents"],
        "projectFilePermissions": [{ "id": "x", "effect": "deny", "actions": ["read"], "patterns": "/**" },
                                   { "effect": "allow" }],
        "users": [seed::NINA, seed::READER, seed::NINA],
    });
    let role = create(&server, &body, 200).await.json();
    for field in ["name", "description", "allProjects", "idpGroups", "projectFilePermissions"] {
        assert_eq!(role[field], body[field], "{field}");
    }
    assert_eq!(role["projectPermissions"], json!(["documents", "releases"]));
    assert_eq!(role["organisation"]["name"], "acme");
    assert_eq!(role["organisation"]["id"], role["organisationId"]);
    let mut users: Vec<&str> =
        role["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    users.sort_unstable();
    assert_eq!(users, ["nina@acme.test", "reader@acme.test"]);
    let groups = role["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    for (project, name) in [(seed::PRICING, "Pricing"), (seed::CLAIMS, "Claims")] {
        assert_eq!(arms(&server, project).await, expected(&[("Auditors", &["nina", "reader"])]));
        let group = groups.iter().find(|group| group["projectId"] == project).expect("a group there");
        assert_eq!(group["project"]["name"], name);
        assert_eq!(group["roleId"], role["id"]);
        let path = format!("/api/projects/{project}/groups?search=auditors");
        let found = server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json()["results"][0].clone();
        assert_eq!(found["permissions"], role["projectPermissions"]);
        assert_eq!(found["description"], "Look at everything");
        assert_eq!(found["filePermissions"][0], body["projectFilePermissions"][0]);
        assert_eq!(json!([found["id"], found["role"]["id"]]), json!([group["id"], role["id"]]));
    }
    assert!(is_member(&server, seed::CLAIMS, seed::READER));
    let groups = "SELECT count(*) FROM groups WHERE project_id = ?1";
    assert_eq!(server.count_of(groups, [id(seed::GLOBEX_PROJECT)]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_for_chosen_projects_applies_to_those_and_no_new_ones() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Helpers", "allProjects": false, "users": [seed::NINA],
                       "projects": [seed::CLAIMS, seed::CLAIMS.to_uppercase()] });
    let role = create(&server, &body, 200).await.json();
    assert_eq!(json!([role["allProjects"], role["description"]]), json!([false, null]));
    assert_eq!(json!([role["idpGroups"], role["projectPermissions"]]), json!([[], []]));
    assert_eq!(arms(&server, seed::CLAIMS).await, expected(&[("Helpers", &["nina"])]));
    assert_eq!(arms(&server, seed::PRICING).await, []);
    assert!(!is_member(&server, seed::PRICING, seed::NINA));
    let fresh = crate::projects::create_named(&server, "fresh", "Fresh").await;
    assert_eq!(arms(&server, &fresh).await, []);
    let nowhere = create(&server, &json!({ "name": "Nowhere", "allProjects": false }), 200).await.json();
    assert_eq!(json!([nowhere["groups"], nowhere["users"]]), json!([[], []]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_object_that_a_role_changes_has_its_audit_entry() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Helpers", "allProjects": true, "users": [seed::NINA, seed::READER] });
    let role = create(&server, &body, 200).await.json();
    let of_role = "SELECT count(*) FROM audit_logs WHERE user_id IS NOT NULL AND type = 'organisation'
                   AND ref_id = ?1 AND project_id IS NULL AND action";
    let of_role = |action: &str| {
        server.count_of(&format!("{of_role} = '{action}'"), [id(role["id"].as_str().unwrap())])
    };
    assert_eq!(of_role("created"), 1);
    assert_eq!(audited(&server, "type = 'group' AND action = 'created' AND project_id IS NOT NULL"), 2);
    // Nina is new in both projects, the reader in one.
    assert_eq!(audited(&server, "type = 'member' AND action = 'created'"), 3);
    assert_eq!(audited(&server, "type = 'member' AND action = 'updated'"), 1);
    assert_eq!(audited(&server, "true"), 7);
    let same = json!({ "name": "Helpers", "allProjects": true });
    update(&server, &role, &same, 200).await;
    assert_eq!(audited(&server, "true"), 7, "nothing was changed");
    let gone = json!({ "name": "Helpers", "allProjects": false, "projects": [] });
    update(&server, &role, &gone, 200).await;
    assert_eq!(of_role("updated"), 1);
    assert_eq!(audited(&server, "type = 'group' AND action = 'deleted'"), 2);
    assert_eq!(audited(&server, "type = 'member' AND action = 'deleted'"), 3);
    assert_eq!(audited(&server, "type = 'member' AND action = 'updated'"), 2);
    assert_eq!(audited(&server, "true"), 7 + 1 + 2 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_permissions_are_applied_to_the_groups_and_absent_fields_are_kept() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Old", "description": "Help", "allProjects": false, "idpGroups": ["x"],
                       "projectPermissions": ["documents"], "users": [seed::NINA],
                       "projectFilePermissions": [{ "effect": "allow" }], "projects": [seed::PRICING] });
    let role = create(&server, &body, 200).await.json();
    let renamed = update(&server, &role, &json!({ "name": "New", "allProjects": false }), 200).await.json();
    let mut wanted = role.clone();
    for (pointer, value) in [("/name", json!("New")), ("/groups/0/name", json!("New"))] {
        *wanted.pointer_mut(pointer).unwrap() = value;
    }
    wanted["updatedAt"] = renamed["updatedAt"].clone();
    assert_eq!(renamed, wanted, "the group is the same one");
    assert_eq!(arms(&server, seed::PRICING).await, expected(&[("New", &["nina"])]));

    let changed = json!({ "name": "New", "allProjects": false, "description": "", "idpGroups": [],
                          "projectPermissions": [], "projectFilePermissions": [] });
    let changed = update(&server, &role, &changed, 200).await.json();
    for field in ["idpGroups", "projectPermissions", "projectFilePermissions"] {
        assert_eq!(changed[field], json!([]), "{field}");
    }
    let path = format!("/api/projects/{}/groups?search=new", seed::PRICING);
    let group = server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json()["results"][0].clone();
    let fields = json!([group["id"], group["permissions"], group["filePermissions"], group["description"]]);
    assert_eq!(fields, json!([role["groups"][0]["id"], [], [], ""]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_created_by_the_role_is_removed_with_it_and_one_made_by_hand_stays() {
    let server = TestServer::start().await;
    let body = json!({ "name": "Helpers", "allProjects": false, "projects": [seed::PRICING],
                       "users": [seed::NINA, seed::READER] });
    let role = create(&server, &body, 200).await.json();
    let save = async |users: Value| {
        let body = json!({ "name": "Helpers", "allProjects": false, "users": users });
        update(&server, &role, &body, 200).await;
        arms(&server, seed::PRICING).await
    };
    assert_eq!(save(json!([seed::OTTO, seed::READER])).await, expected(&[("Helpers", &["otto", "reader"])]));
    assert!(!is_member(&server, seed::PRICING, seed::NINA));
    assert_eq!(save(json!([])).await, expected(&[("Helpers", &[])]));
    assert!(!is_member(&server, seed::PRICING, seed::OTTO));
    let members = server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).expect(200).await;
    let members = members.json();
    let reader = members["results"].as_array().unwrap().iter().find(|one| one["userId"] == seed::READER);
    let groups = &reader.expect("the reader was there before the role")["groups"];
    assert_eq!(groups.as_array().map(Vec::len), Some(1), "{groups}");
    assert_eq!(groups[0]["id"], seed::EDITORS);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_users_and_projects_are_404_at_every_place_and_nothing_is_written() {
    let server = TestServer::start().await;
    let gone = crate::projects::create_named(&server, "gone", "Gone").await;
    execute(&server, "UPDATE projects SET deleted_at = 1 WHERE key = 'gone'");
    let start = json!({ "name": "Helpers", "allProjects": false, "users": [seed::NINA] });
    let role = create(&server, &start, 200).await.json();
    let before = everything(&server);
    let users = [seed::UNKNOWN_ID, seed::NINA, seed::GLOBEX_OWNER];
    let projects = [seed::PRICING, seed::GLOBEX_PROJECT, &gone, seed::UNKNOWN_ID];
    for (all, places) in [
        (false, &["/users/0", "/users/2", "/projects/1", "/projects/2", "/projects/3"][..]),
        (true, &["/users/0", "/users/2"]),
    ] {
        let body = json!({ "name": "x", "allProjects": all, "users": users, "projects": projects });
        assert_eq!(create(&server, &body, 404).await.places(), places);
        assert_eq!(update(&server, &role, &body, 404).await.places(), places);
    }
    assert_eq!(everything(&server), before);
    // The projects are ignored if the role applies to all.
    let body = json!({ "name": "All", "allProjects": true, "projects": projects });
    let groups = create(&server, &body, 200).await.json()["groups"].as_array().map(Vec::len);
    assert_eq!(groups, Some(2));
    let unknown = json!({ "id": seed::UNKNOWN_ID });
    update(&server, &unknown, &start, 404).await;
    let path = format!("/api/roles/{}", role["id"].as_str().unwrap());
    server.call("PUT", &path).caller(seed::GLOBEX_PAT).json(&start).expect(404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_values_are_400_with_their_place() {
    let server = TestServer::start().await;
    let role = create(&server, &json!({ "name": "Helpers", "allProjects": false }), 200).await.json();
    let before = everything(&server);
    let many = vec![seed::NINA; 1_001];
    for (field, value, place) in [
        ("name", Value::Null, "/name"),
        ("name", json!("x".repeat(201)), "/name"),
        ("name", json!("a\nb"), "/name"),
        ("allProjects", Value::Null, "/allProjects"),
        ("allProjects", json!("true"), "/allProjects"),
        ("description", Value::Null, "/description"),
        ("description", json!("\u{85}"), "/description"),
        ("projectPermissions", json!(["documents", "admin"]), "/projectPermissions/1"),
        ("projectFilePermissions", json!([{ "effect": 1 }]), "/projectFilePermissions/0/effect"),
        ("idpGroups", json!(many), "/idpGroups"),
        ("users", json!(many), "/users"),
        ("projects", json!(many), "/projects"),
        ("users", json!(["nina"]), "/users/0"),
    ] {
        let mut body = json!({ "name": "x", "allProjects": true });
        body[field] = value;
        assert_eq!(create(&server, &body, 400).await.places(), [place], "{place}");
        assert_eq!(update(&server, &role, &body, 400).await.places(), [place], "{place}");
    }
    for (body, place) in [(json!({ "name": "x" }), "/allProjects"), (json!({ "allProjects": true }), "/name")]
    {
        assert_eq!(create(&server, &body, 400).await.places(), [place]);
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_and_owners_manage_roles() {
    let server = TestServer::start().await;
    let role = create(&server, &json!({ "name": "Helpers", "allProjects": false }), 200).await.json();
    let path = format!("/api/roles/{}", role["id"].as_str().unwrap());
    let narrow = |permissions| Pat { user: seed::ADMIN, permissions, projects: &[], expires_at: None };
    let narrow = narrow(&["project:manage"]).put(&server);
    let before = everything(&server);
    let body = json!({ "name": "x", "allProjects": true, "users": [seed::READER],
                       "projectPermissions": ["owner"] });
    for caller in [seed::MANAGER_SES, seed::MANAGER_PAT, seed::READER_SES, seed::ROBOT_PAT, &narrow] {
        server.get("/api/roles").caller(caller).expect(403).await;
        server.post("/api/roles").caller(caller).json(&body).expect(403).await;
        server.call("PUT", &path).caller(caller).json(&body).expect(403).await;
    }
    assert_eq!(everything(&server), before);
    for caller in [seed::ADMIN_PAT, seed::ADMIN_SES] {
        server.call("PUT", &path).caller(caller).json(&body).expect(200).await;
    }
    // All permissions in a project through a role grant none in the organisation.
    let reader = sign_in(&server, seed::READER, None);
    server
        .post(&seed::members_path(seed::CLAIMS))
        .caller(&reader)
        .json(&json!({ "userIds": [] }))
        .expect(200)
        .await;
    server.post("/api/roles").caller(&reader).json(&body).expect(403).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_can_be_searched_by_name_and_are_paged() {
    let server = TestServer::start().await;
    for name in ["Ärzte", "Beta 100%", "Gamma"] {
        create(&server, &json!({ "name": name, "allProjects": false, "users": [seed::NINA] }), 200).await;
    }
    for (query, found, numbers) in [
        ("", &["Ärzte", "Beta 100%", "Gamma"][..], [1, 1, 3, 3, 10]),
        ("?perPage=2", &["Ärzte", "Beta 100%"], [1, 1, 2, 3, 2]),
        ("?perPage=2&page=2", &["Gamma"], [2, 3, 3, 3, 2]),
        ("?page=2", &[], [2, 0, 0, 3, 10]),
        ("?search=%C3%84RZ", &["Ärzte"], [1, 1, 1, 1, 10]),
        ("?search=%C3%A4rz", &["Ärzte"], [1, 1, 1, 1, 10]),
        ("?search=%25", &["Beta 100%"], [1, 1, 1, 1, 10]),
        ("?search=A", &["Beta 100%", "Gamma"], [1, 1, 2, 2, 10]),
        ("?search=nina", &[], [1, 0, 0, 0, 10]),
    ] {
        let list = server.get(&format!("/api/roles{query}")).caller(seed::ADMIN_PAT).expect(200).await.json();
        let results = list["results"].as_array().unwrap();
        let names: Vec<&str> = results.iter().map(|role| role["name"].as_str().unwrap()).collect();
        assert_eq!(names, found, "{query}");
        assert!(results.iter().all(|role| role["users"][0]["id"] == seed::NINA));
        let page = &list["paginate"];
        let shown = ["current", "from", "to", "total", "pageSize"].map(|name| page[name].as_i64().unwrap());
        assert_eq!(shown, numbers, "{query}");
    }
    let list = server.get("/api/roles").caller(seed::GLOBEX_PAT).expect(200).await.json();
    assert_eq!(list["paginate"]["total"], 0);
}
