//! Limits in bytes of values that may be any JSON: they are described, checked wherever new values come in, and what an
//! earlier version has stored stays as it is. FR-23.

use serde_json::{Value, json};

use crate::roles::create as create_role;
use crate::support::inside::everything;
use crate::support::program::run_well;
use crate::support::{TestServer, postgres, seed};
use crate::testing_export::loaded_again;

const FILES_MAX: usize = 16 * 1024;
const PREFERENCES_MAX: usize = 64 * 1024;

/// File permissions of so many bytes as JSON.
fn files(bytes: usize) -> Value {
    let empty = json!([{ "patterns": "" }]).to_string().len();
    let value = json!([{ "patterns": "x".repeat(bytes - empty) }]);
    assert_eq!(value.to_string().len(), bytes);
    value
}

async fn call(server: &TestServer, method: &str, path: &str, body: &Value, status: u16) -> Value {
    server.call(method, path).caller(seed::OWNER_SES).json(body).expect(status).await.json()
}

/// The call is refused, with this place, and nothing is written.
async fn too_long(server: &TestServer, method: &str, path: &str, body: &Value, place: &str) {
    let before = everything(server);
    let answer = server.call(method, path).caller(seed::OWNER_SES).json(body).expect(400).await;
    assert_eq!(answer.places(), [place], "{}", answer.text());
    assert!(answer.text().contains("bytes long as JSON; the limit is"), "{}", answer.text());
    assert!(everything(server) == before, "{method} {path} has written something");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_23_file_permissions_have_a_length_in_groups_and_roles() {
    let server = TestServer::start().await;
    let groups = format!("/api/projects/{}/groups", seed::PRICING);
    let group = |bytes: usize| json!({ "name": "Files", "filePermissions": files(bytes) });
    too_long(&server, "POST", &groups, &group(FILES_MAX + 1), "/filePermissions").await;
    let made = call(&server, "POST", &groups, &group(FILES_MAX), 200).await;
    let one = format!("{groups}/{}", made["id"].as_str().expect("an id"));
    too_long(&server, "PUT", &one, &group(FILES_MAX + 1), "/filePermissions").await;
    call(&server, "PUT", &one, &group(FILES_MAX - 1), 200).await;

    let role =
        |bytes: usize| json!({ "name": "R", "allProjects": true, "projectFilePermissions": files(bytes) });
    too_long(&server, "POST", "/api/roles", &role(FILES_MAX + 1), "/projectFilePermissions").await;
    let made = call(&server, "POST", "/api/roles", &role(FILES_MAX), 200).await;
    let one = format!("/api/roles/{}", made["id"].as_str().expect("an id"));
    too_long(&server, "PUT", &one, &role(FILES_MAX + 1), "/projectFilePermissions").await;
    call(&server, "PUT", &one, &role(FILES_MAX - 1), 200).await;

    let idp =
        |bytes: usize| json!({ "name": "R", "allProjects": false, "idpGroups": ["x".repeat(bytes - 4)] });
    too_long(&server, "POST", "/api/roles", &idp(FILES_MAX + 1), "/idpGroups").await;
    call(&server, "POST", "/api/roles", &idp(FILES_MAX), 200).await;
    too_long(&server, "PUT", &one, &idp(FILES_MAX + 1), "/idpGroups").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_23_preferences_have_a_length_also_after_merging() {
    let server = TestServer::start().await;
    let path = "/api/organisations";
    let preferences = |name: &str, bytes: usize| json!({ "preferences": { name: "x".repeat(bytes - json!({ name: "" }).to_string().len()) } });
    too_long(&server, "PUT", path, &preferences("one", PREFERENCES_MAX + 1), "/preferences").await;
    call(&server, "PUT", path, &preferences("one", PREFERENCES_MAX - 100), 200).await;
    let before = everything(&server);
    let refused = call(&server, "PUT", path, &preferences("two", 1_000), 409).await;
    assert_eq!(refused["type"], "urn:brms:problem:too-many");
    assert!(
        refused["detail"].as_str().is_some_and(|text| text.contains("65536 bytes of preferences")),
        "{refused}"
    );
    assert!(everything(&server) == before);
    call(&server, "PUT", path, &json!({ "preferences": { "one": null } }), 200).await;
    call(&server, "PUT", path, &preferences("two", 1_000), 200).await;

    // Longer ones of an earlier version stay, and become shorter.
    let long = json!({ "a": "x".repeat(100_000), "b": "y".repeat(100_000) });
    server.execute(&format!("UPDATE organisations SET preferences = '{long}' WHERE name = 'acme'"));
    call(&server, "PUT", path, &json!({ "displayName": "Acme" }), 200).await;
    call(&server, "PUT", path, &json!({ "preferences": { "c": 1 } }), 409).await;
    call(&server, "PUT", path, &json!({ "preferences": { "a": null } }), 200).await;
    let stored = server.count("SELECT max(length(CAST(preferences AS text))) FROM organisations");
    assert!((100_000..100_100).contains(&stored), "{stored}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_23_longer_values_of_an_earlier_version_stay_but_are_not_copied() {
    let server = TestServer::start().await;
    let long = json!([{ "patterns": "x".repeat(100_000) }]);
    server.execute(&format!("UPDATE groups SET file_permissions = '{long}' WHERE name = 'Editors'"));
    let path = format!("/api/projects/{}/groups", seed::PRICING);
    let list = server.get(&path).caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(list["results"][0]["filePermissions"][0]["patterns"].as_str().map(str::len), Some(100_000));
    let renamed = json!({ "name": "Renamed" });
    call(&server, "PUT", &format!("{path}/{}", seed::EDITORS), &renamed, 200).await;
    let before = everything(&server);
    let copy = json!({ "name": "Copy", "key": "copy", "copyContentRef": seed::PRICING });
    let refused = call(&server, "POST", "/api/projects", &copy, 409).await;
    assert_eq!(refused["type"], "urn:brms:problem:too-many");
    assert!(everything(&server) == before);

    let database = postgres::location(server.folder.path());
    let folder = server.stop().await;
    let export = run_well(&["export", "--database", &database.to_string_lossy()]);
    let export = serde_json::from_str(&export).expect("an export is JSON");
    assert!(loaded_again(folder.path(), &export) == export, "it loads as something else");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_23_a_role_writes_at_most_so_many_bytes_into_projects() {
    let server = TestServer::start().await;
    let projects = brms::db::Ids::of(&crate::call_budget::uuids(0xB3, 2_100));
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO projects (id, organisation_id, key, name, version, protected, created_at, updated_at)
             SELECT added.id, organisations.id, 'many-' || added.position, 'Many', 'v1', 0, 1, 1
             FROM ids(?1) AS added JOIN organisations ON organisations.name = 'acme'",
            [&projects],
        )
    });
    let before = everything(&server);
    let role = json!({ "name": "R", "allProjects": true, "projectFilePermissions": files(FILES_MAX) });
    let refused = create_role(&server, &role, 409).await;
    assert!(refused.text().contains("33554432 bytes"), "{}", refused.text());
    assert!(everything(&server) == before);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_23_the_log_holds_a_long_value_once() {
    let server = TestServer::start().await;
    let logged = || {
        let of_text = "SELECT coalesce(sum(length(data)), 0) FROM audit_logs";
        let of_json = "SELECT coalesce(sum(length(CAST(data AS text))), 0) FROM audit_logs";
        server.count(if postgres::is_used() { of_json } else { of_text })
    };
    let bytes = i64::try_from(FILES_MAX).expect("a small number");
    let grown = async |method: &str, path: &str, body: Value, values: i64| {
        let before = logged();
        let answer = call(&server, method, path, &body, 200).await;
        let grown = logged() - before;
        assert!((bytes * values..bytes * values + 4_000).contains(&grown), "{method} {path}: {grown}");
        answer["id"].as_str().expect("an id").to_owned()
    };
    let role = |letter: &str| {
        let files = files(FILES_MAX).to_string().replace('x', letter);
        json!({ "name": "R", "allProjects": true,
                "projectFilePermissions": serde_json::from_str::<Value>(&files).expect("JSON") })
    };
    // Once, however many projects it reaches; an update before and after.
    let id = grown("POST", "/api/roles", role("x"), 1).await;
    grown("PUT", &format!("/api/roles/{id}"), role("y"), 2).await;
    let groups = format!("/api/projects/{}/groups", seed::PRICING);
    let group = |name: &str| json!({ "name": name, "filePermissions": files(FILES_MAX) });
    let id = grown("POST", &groups, group("G"), 1).await;
    grown("PUT", &format!("{groups}/{id}"), group("H"), 0).await;
    grown("PUT", &format!("{groups}/{id}"), json!({ "name": "H", "filePermissions": null }), 1).await;
    let long = json!({ "preferences": { "long": "x".repeat(FILES_MAX) } });
    grown("PUT", "/api/organisations", long, 1).await;
    grown("PUT", "/api/organisations", json!({ "preferences": { "short": 1 } }), 0).await;
}
