//! Creating projects, new or as copies, and listing them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, execute, id, sign_in};
use crate::support::{Answer, TestServer, seed};

/// Creates a project.
pub async fn create(server: &TestServer, caller: &str, body: &Value, status: u16) -> Answer {
    server.post("/api/projects").caller(caller).json(body).expect(status).await
}

/// Creates a project as the owner of the organisation and returns its id.
pub async fn create_named(server: &TestServer, key: &str, name: &str) -> String {
    let answer = create(server, seed::OWNER_PAT, &json!({ "key": key, "name": name }), 200).await;
    answer.json()["project"]["id"].as_str().expect("an id").to_owned()
}

/// Sets the type of a user and creates a session.
fn sign_in_as(server: &TestServer, user: &str, standing: &str) -> String {
    server.execute_of(&format!("UPDATE users SET type = '{standing}' WHERE id = ?1"), [id(user)]);
    sign_in(server, user, None)
}

async fn list(server: &TestServer, caller: &str, query: &str) -> Value {
    server.get(&format!("/api/projects{query}")).caller(caller).expect(200).await.json()
}

/// The keys of the projects in a list.
fn keys(list: &Value) -> Vec<&str> {
    let results = list["results"].as_array().expect("results");
    results.iter().map(|project| project["key"].as_str().expect("a key")).collect()
}

async fn groups(server: &TestServer, project: &str) -> Value {
    let path = format!("/api/projects/{project}/groups?perPage=100");
    server.get(&path).caller(seed::OWNER_PAT).expect(200).await.json()["results"].clone()
}

fn names(list: &Value) -> Vec<&str> {
    let entries = list.as_array().expect("a list");
    entries.iter().map(|entry| entry["name"].as_str().expect("a name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_creates_a_project_and_becomes_its_only_member_and_owner() {
    let server = TestServer::start().await;
    let nina = sign_in_as(&server, seed::NINA, "author");
    let body = json!({ "key": "risk-2", "name": "Risiko ü" });
    let answer = create(&server, &nina, &body, 200).await.json();
    let project = &answer["project"];
    assert_eq!(json!([project["key"], project["name"]]), json!(["risk-2", "Risiko ü"]));
    assert_eq!(json!([project["version"], project["protected"]]), json!(["v1", false]));
    assert_eq!(project["decisionsApprovalGroups"], json!([]));
    assert_eq!(project["createdAt"], project["updatedAt"]);
    assert!(project["deletedAt"].is_null(), "{project}");

    let path = seed::members_path(project["id"].as_str().unwrap());
    let members = server.get(&path).caller(&nina).expect(200).await.json();
    assert_eq!(members["paginate"]["total"], 1);
    assert_eq!(json!([members["results"][0]["userId"], members["results"][0]["owner"]]), {
        json!([seed::NINA, true])
    });
    // The owner flag takes effect at once.
    let invite = json!({ "userIds": [seed::OTTO], "owner": true });
    server.post(&path).caller(&nina).json(&invite).expect(200).await;
    let rows = |condition: &str| {
        let sql = "SELECT count(*) FROM audit_logs WHERE action = 'created' AND user_id = ?1 AND";
        server.count_of(&format!("{sql} {condition}"), [id(seed::NINA)])
    };
    assert_eq!(rows("type = 'project'"), 1);
    assert_eq!(rows("type = 'member'"), 2);
    assert_eq!(rows("project_id IS NULL"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_restricted_tokens_create_no_project_and_write_nothing() {
    let server = TestServer::start().await;
    sign_in_as(&server, seed::NINA, "author");
    let pat = |permissions, projects| {
        Pat { user: seed::NINA, permissions, projects, expires_at: None }.put(&server)
    };
    let (weak, narrow, right) =
        (pat(&["project:manage"], &[]), pat(&["owner"], &[seed::PRICING]), pat(&["owner"], &[]));
    let body = json!({ "key": "risk", "name": "Risk" });
    let before = everything(&server);
    for caller in [seed::READER_SES, seed::MANAGER_SES, seed::MANAGER_PAT, seed::READER_PAT, &weak, &narrow] {
        assert_eq!(create(&server, caller, &body, 403).await.problem(), "forbidden");
    }
    assert_eq!(everything(&server), before);
    create(&server, &right, &body, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_pattern_and_the_other_fields_their_types() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for key in ["", "a", "a-b", "Ab", "ab-", "ab--c", "-ab", "ab c", "äb", "ab\n", "ab_c", &"a".repeat(201)]
    {
        let answer = create(&server, seed::OWNER_PAT, &json!({ "key": key, "name": "x" }), 400).await;
        assert_eq!(answer.places(), ["/key"], "{key:?}");
    }
    for (field, value) in [
        ("name", Value::Null),
        ("name", json!("x".repeat(201))),
        ("name", json!("a\u{7}b")),
        ("protected", Value::Null),
        ("protected", json!("true")),
        ("version", json!("v3")),
        ("copyContentRef", json!("pricing")),
    ] {
        let mut body = json!({ "key": "risk", "name": "Risk" });
        body[field] = value;
        let answer = create(&server, seed::OWNER_PAT, &body, 400).await;
        assert_eq!(answer.places(), [format!("/{field}")], "{body}");
    }
    assert_eq!(everything(&server), before);
    for key in ["ab", "a1", "00", "ab-c-1", &"a".repeat(200)] {
        create(&server, seed::OWNER_PAT, &json!({ "key": key, "name": "x" }), 200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_is_v1_unless_v2_is_requested_and_protection_is_stored() {
    let server = TestServer::start().await;
    for (key, more, version, protected) in [
        ("aa", json!({}), "v1", false),
        ("bb", json!({ "version": null }), "v1", false),
        ("cc", json!({ "version": "v1", "protected": false }), "v1", false),
        ("dd", json!({ "version": "v2", "protected": true }), "v2", true),
    ] {
        let mut body = json!({ "key": key, "name": key });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = create(&server, seed::ADMIN_PAT, &body, 200).await.json()["project"].clone();
        assert_eq!(json!([made["version"], made["protected"]]), json!([version, protected]), "{body}");
        let path = format!("/api/projects/{}/approvals", made["id"].as_str().unwrap());
        assert_eq!(server.get(&path).caller(seed::ADMIN_PAT).expect(200).await.json(), made);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_use_is_409_at_its_place_but_free_in_another_organisation_and_after_deletion() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let body = json!({ "key": "pricing", "name": "Second" });
    let answer = create(&server, seed::OWNER_PAT, &body, 409).await;
    assert_eq!((answer.problem().as_str(), answer.places()), ("name-taken", vec!["/key".to_owned()]));
    assert_eq!(everything(&server), before);
    create(&server, seed::GLOBEX_PAT, &body, 200).await;
    execute(&server, "UPDATE projects SET deleted_at = 1 WHERE key = 'pricing' AND name = 'Pricing'");
    create(&server, seed::OWNER_PAT, &body, 200).await;
    create(&server, seed::OWNER_PAT, &body, 409).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_concurrent_calls_for_one_key_exactly_one_succeeds() {
    let server = Arc::new(TestServer::start().await);
    let start = Arc::new(tokio::sync::Barrier::new(40));
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let (server, start) = (Arc::clone(&server), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                let body = json!({ "key": "race", "name": format!("Racer {number}") });
                server.post("/api/projects").caller(seed::OWNER_PAT).json(&body).send().await
            })
        })
        .collect();
    let mut won = 0;
    for call in calls {
        let answer = call.await.expect("the call ends well");
        match answer.status {
            200 => won += 1,
            status => assert_eq!((status, answer.places()), (409, vec!["/key".to_owned()])),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(server.count("SELECT count(*) FROM projects WHERE key = 'race'"), 1);
    assert_eq!(server.count("SELECT count(*) FROM audit_logs WHERE data LIKE '%\"key\":\"race\"%'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_the_groups_and_approvals_of_its_source_but_not_its_members_or_roles() {
    let server = TestServer::start().await;
    let role = json!({ "name": "Auditors", "allProjects": false, "projects": [seed::PRICING],
                       "projectPermissions": ["documents"], "users": [seed::NINA] });
    server.post("/api/roles").caller(seed::OWNER_PAT).json(&role).expect(200).await;
    let managed = groups(&server, seed::PRICING).await[2]["id"].clone();
    let wanted = json!({ "decisionsApprovalMode": "require_any",
                         "decisionsApprovalGroups": [seed::MANAGERS, managed, seed::EDITORS] });
    let path = format!("/api/projects/{}/approvals", seed::PRICING);
    server.call("PUT", &path).caller(seed::OWNER_PAT).json(&wanted).expect(200).await;
    let source = groups(&server, seed::PRICING).await;
    assert_eq!(names(&source), ["Editors", "Managers", "Auditors"]);

    let body = json!({ "key": "copy", "name": "Copy", "copyContentRef": seed::PRICING });
    let copy = create(&server, seed::ADMIN_PAT, &body, 200).await.json()["project"].clone();
    let id = copy["id"].as_str().unwrap();
    let copied = groups(&server, id).await;
    assert_eq!(names(&copied), ["Editors", "Managers"], "in the same order, without the role's");
    for (original, copy) in source.as_array().unwrap().iter().zip(copied.as_array().unwrap()) {
        for field in ["name", "description", "permissions", "filePermissions"] {
            assert_eq!(original[field], copy[field], "{field}");
        }
        assert_ne!(original["id"], copy["id"]);
        assert_eq!(copy["projectId"], id);
    }
    assert_eq!(copy["decisionsApprovalMode"], "require_any");
    let approving: Vec<&Value> =
        copy["decisionsApprovalGroups"].as_array().unwrap().iter().map(|group| &group["id"]).collect();
    assert_eq!(approving, [&copied[1]["id"], &copied[0]["id"]], "the copies, in the order of the source");
    let members = server.get(&seed::members_path(id)).caller(seed::OWNER_PAT).expect(200).await.json();
    assert_eq!(members["paginate"]["total"], 1);
    assert_eq!(members["results"][0]["userId"], seed::ADMIN);
    assert_eq!(groups(&server, seed::PRICING).await, source, "the source is as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_foreign_deleted_or_inaccessible_source_is_404_at_its_place() {
    let server = TestServer::start().await;
    let otto = sign_in_as(&server, seed::OTTO, "author");
    let gone = create_named(&server, "gone", "Gone").await;
    execute(&server, "UPDATE projects SET deleted_at = 1 WHERE key = 'gone'");
    let before = everything(&server);
    let body = |source: &str| json!({ "key": "copy", "name": "Copy", "copyContentRef": source });
    for (caller, source) in [
        (seed::OWNER_PAT, seed::UNKNOWN_ID),
        (seed::OWNER_PAT, seed::GLOBEX_PROJECT),
        (seed::OWNER_PAT, &gone),
        (&otto, seed::PRICING),
    ] {
        let answer = create(&server, caller, &body(source), 404).await;
        assert_eq!(answer.places(), ["/copyContentRef"], "{source}");
    }
    assert_eq!(everything(&server), before);
    // Access to the source suffices: the caller becomes owner of the copy only.
    let reader = sign_in_as(&server, seed::READER, "author");
    create(&server, &reader, &body(seed::PRICING), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_gets_the_roles_for_all_projects_with_their_users() {
    let server = TestServer::start().await;
    for (name, all) in [("Everywhere", true), ("Somewhere", false)] {
        let role = json!({ "name": name, "allProjects": all, "projectPermissions": ["project:manage"],
                           "users": [seed::NINA, seed::OWNER] });
        server.post("/api/roles").caller(seed::OWNER_PAT).json(&role).expect(200).await;
    }
    let id = create_named(&server, "fresh", "Fresh").await;
    let found = groups(&server, &id).await;
    assert_eq!(names(&found), ["Everywhere"]);
    assert_eq!(found[0]["role"]["name"], "Everywhere");
    let members = server.get(&seed::members_path(&id)).caller(seed::OWNER_PAT).expect(200).await.json();
    let users: Vec<&Value> =
        members["results"].as_array().unwrap().iter().map(|member| &member["userId"]).collect();
    assert_eq!(users, [&json!(seed::OWNER), &json!(seed::NINA)]);
    let nina = sign_in(&server, seed::NINA, None);
    let invite = json!({ "userIds": [seed::OTTO] });
    server.post(&seed::members_path(&id)).caller(&nina).json(&invite).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_the_caller_s_projects_and_all_projects_for_admins_and_owners() {
    let server = TestServer::start().await;
    for (caller, query, found) in [
        (seed::OWNER_PAT, "", vec!["pricing"]),
        (seed::ADMIN_SES, "", vec!["claims"]),
        (seed::ADMIN_SES, "?all=false&deleted=False", vec!["claims"]),
        (seed::READER_SES, "", vec!["pricing"]),
        (seed::READER_PAT, "?all=FALSE", vec!["pricing"]),
        (seed::OWNER_PAT, "?all=true", vec!["pricing", "claims"]),
        (seed::ADMIN_PAT, "?all=TRUE", vec!["pricing", "claims"]),
        (seed::ADMIN_PAT, "?all=True&deleted=false", vec!["pricing", "claims"]),
        (seed::GLOBEX_PAT, "?all=true", vec!["secret"]),
        (&sign_in(&server, seed::NINA, None), "", vec![]),
    ] {
        assert_eq!(keys(&list(&server, caller, query).await), found, "{query}");
    }
    for (caller, query, status) in [
        (seed::READER_SES, "?all=true", 403),
        (seed::MANAGER_SES, "?deleted=TRUE", 403),
        (seed::MANAGER_PAT, "", 403),
        (seed::OWNER_PAT, "?all=yes", 400),
        (seed::OWNER_PAT, "?all=", 400),
        (seed::OWNER_PAT, "?deleted=tRUE", 400),
    ] {
        server.get(&format!("/api/projects{query}")).caller(caller).expect(status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_has_the_members_with_their_owner_flag_and_name() {
    let server = TestServer::start().await;
    let found = list(&server, seed::OWNER_PAT, "?all=true").await;
    let members = found["results"][0]["members"].as_array().expect("members").clone();
    let described =
        |member: &Value| json!([member["owner"], member["user"]["id"], member["user"]["firstName"]]);
    let described: Vec<Value> = members.iter().map(described).collect();
    assert_eq!(described.len(), 3, "{described:?}");
    for wanted in [
        json!([true, seed::OWNER, "Olga"]),
        json!([false, seed::MANAGER, "Milo"]),
        json!([false, seed::READER, "Rita"]),
    ] {
        assert!(described.contains(&wanted), "{wanted}: {described:?}");
    }
    assert_eq!(found["results"][1]["members"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_matches_anywhere_in_the_name_in_any_letter_case() {
    let server = TestServer::start().await;
    create_named(&server, "uebung", "Große ÜBUNG 50%").await;
    for (search, found) in [
        ("PRIC", vec!["pricing"]),
        ("ing", vec!["pricing"]),
        ("i", vec!["pricing", "claims"]),
        ("%C3%BCbung", vec!["uebung"]),
        ("%C3%9Cb", vec!["uebung"]),
        ("GRO%C3%9Fe", vec!["uebung"]),
        ("50%25", vec!["uebung"]),
        ("%25", vec!["uebung"]),
        ("_", vec![]),
        ("", vec!["pricing", "claims", "uebung"]),
        ("%00", vec![]),
    ] {
        let list = list(&server, seed::OWNER_PAT, &format!("?all=true&search={search}")).await;
        assert_eq!(keys(&list), found, "{search}");
        assert_eq!(list["paginate"]["total"], found.len(), "{search}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_numbered_and_empty_past_the_end() {
    let server = TestServer::start().await;
    for number in 0..5 {
        create_named(&server, &format!("more-{number}"), "More").await;
    }
    let all = ["pricing", "claims", "more-0", "more-1", "more-2", "more-3", "more-4"];
    for (query, found, numbers) in [
        ("", &all[..], [1, 1, 7, 7, 10]),
        ("&perPage=3", &all[..3], [1, 1, 3, 7, 3]),
        ("&perPage=3&page=2", &all[3..6], [2, 4, 6, 7, 3]),
        ("&perPage=3&page=3.0", &all[6..], [3, 7, 7, 7, 3]),
        ("&perPage=3&page=4", &[], [4, 0, 0, 7, 3]),
        ("&perPage=7&page=2", &[], [2, 0, 0, 7, 7]),
        ("&perPage=501", &all[..], [1, 1, 7, 7, 500]),
        ("&perPage=9007199254740991&page=9007199254740991", &[], [9_007_199_254_740_991, 0, 0, 7, 500]),
        ("&search=nothing", &[], [1, 0, 0, 0, 10]),
    ] {
        let list = list(&server, seed::OWNER_PAT, &format!("?all=true{query}")).await;
        assert_eq!(keys(&list), found, "{query}");
        let page = &list["paginate"];
        let shown = ["current", "from", "to", "total", "pageSize"].map(|name| page[name].as_i64().unwrap());
        assert_eq!(shown, numbers, "{query}");
    }
}
