//! Searching names and addresses in any alphabet, whatever their Unicode form; and names that nothing can be seen of.
//!
//! Of SQLite alone: the upgrade of a file of an earlier schema step.

use serde_json::json;

use crate::support::postgres::of_sqlite_alone;
use crate::support::{TestServer, seed};

async fn found(server: &TestServer, list: &str, text: &str) -> usize {
    let encoded = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let path = format!("{list}?search={encoded}");
    let body = server.get(&path).caller(seed::OWNER_SES).expect(200).await.json();
    usize::try_from(body["paginate"]["total"].as_u64().expect("a total")).expect("few")
}

async fn rename(server: &TestServer, user: &str, first_name: &str, last_name: &str) {
    let body = json!({ "firstName": first_name, "lastName": last_name });
    server.call("PUT", &format!("/api/users/{user}")).caller(seed::OWNER_SES).json(&body).expect(200).await;
}

/// Texts that a user named "Nina Dvořák" or the like is found by.
const FOUND: [(&str, &str, &str); 10] = [
    ("Nina", "New", "Nina New"),
    ("Nina", "New", "a n"),
    ("Nina", "New", "  NINA\u{a0} new\u{200b}"),
    ("Nina", "Dvo\u{159}\u{e1}k", "Dvor\u{30c}a\u{301}k"),
    ("Nina", "Dvor\u{30c}a\u{301}k", "dvo\u{159}\u{e1}k"),
    ("Nina", "İzmir", "izmir"),
    ("Nina", "izmir", "İZMİR"),
    ("Ni\u{200b}na", "New", "nina"),
    ("Nina ", " New", "nina new"),
    ("", "New", "new"),
];

#[tokio::test(flavor = "multi_thread")]
async fn fr_56_a_user_is_found_by_every_form_of_the_name_in_every_list() {
    let server = TestServer::start().await;
    let members = seed::members_path(seed::PRICING);
    let body = json!({ "userIds": [seed::NINA] });
    server.post(&members).caller(seed::OWNER_SES).json(&body).expect(200).await;
    let outside = format!("/api/projects/{}/members/users", seed::CLAIMS);
    for (first, last, text) in FOUND {
        rename(&server, seed::NINA, first, last).await;
        for list in ["/api/users", members.as_str(), outside.as_str()] {
            assert_eq!(found(&server, list, text).await, 1, "{first:?} {last:?} by {text:?} in {list}");
        }
    }
    assert_eq!(found(&server, "/api/users", "nina@acme.test new").await, 0, "address and name are two texts");
    assert_eq!(found(&server, "/api/users", "\u{200b} ").await, 10, "nothing to look for");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_56_every_way_to_change_a_name_or_an_address_changes_what_is_found() {
    let server = TestServer::start().await;
    let invitation = json!({ "emails": ["Jürgen@bücher.test"] });
    server.post("/api/users").caller(seed::OWNER_SES).json(&invitation).expect(200).await;
    for list in ["/api/users", "/api/invitations"] {
        for text in ["ju\u{308}rgen@B\u{fc}cher", "JÜRGEN", "jürgen@bücher.test"] {
            assert_eq!(found(&server, list, text).await, 1, "{list} {text}");
        }
    }
    let body = json!({ "secret": server.code("Jürgen@xn--bcher-kva.test").await, "firstName": "Zoë", "lastName": "Zimt" });
    server.post("/invitations/accept").json(&body).expect(200).await;
    assert_eq!(found(&server, "/api/users", "zoë zimt").await, 1);
    assert_eq!(found(&server, "/api/invitations", "zoë").await, 0, "invitations are found by address");
    let profile = json!({ "firstName": "Olga", "lastName": "Öztürk" });
    server.call("PUT", "/api/profile").caller(seed::OWNER_SES).json(&profile).expect(200).await;
    assert_eq!(
        (
            found(&server, "/api/users", "olga o\u{308}z").await,
            found(&server, "/api/users", "olga owner").await
        ),
        (1, 0)
    );

    let project = json!({ "name": "Árak", "key": "arak" });
    let made = server.post("/api/projects").caller(seed::OWNER_SES).json(&project).expect(200).await.json();
    let project = format!("/api/projects/{}", made["project"]["id"].as_str().expect("an id"));
    let groups = format!("{project}/groups");
    let group = server
        .post(&groups)
        .caller(seed::OWNER_SES)
        .json(&json!({ "name": "Árak" }))
        .expect(200)
        .await
        .json();
    let role = json!({ "name": "Árak", "allProjects": false });
    let role = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
    let group = format!("{groups}/{}", group["id"].as_str().expect("an id"));
    let role = format!("/api/roles/{}", role["id"].as_str().expect("an id"));
    for (list, thing, more) in [
        ("/api/projects", &project, json!({})),
        (groups.as_str(), &group, json!({})),
        ("/api/roles", &role, json!({ "allProjects": false })),
    ] {
        assert_eq!(found(&server, list, " a\u{301}RAK").await, 1, "{list}");
        let mut body = more;
        body["name"] = json!("Dijak");
        server.call("PUT", thing).caller(seed::OWNER_SES).json(&body).expect(200).await;
        assert_eq!(
            (found(&server, list, "árak").await, found(&server, list, "dijak").await),
            (0, 1),
            "{list}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_56_what_a_file_had_before_the_upgrade_is_found() {
    of_sqlite_alone!("there is no PostgreSQL database of an earlier schema step");
    let folder = tempfile::tempdir().expect("a folder");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schemas/0005.sql");
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).expect("a database");
    connection.execute_batch(&std::fs::read_to_string(fixture).expect("the fixture")).expect("it runs");
    connection
        .execute("UPDATE users SET first_name = 'I\u{307}nci' WHERE email = 'nina@acme.test'", [])
        .expect("a name");
    drop(connection);
    let server = TestServer::start_in(folder, &[]).await;
    for (table, column, texts) in [
        ("users", "search_name", &["inci ñandú", "olga owner"][..]),
        ("users", "search_address", &["owner@acme.test", "owner@globex.test"]),
        ("projects", "search_name", &["pricing", "retired", "secret"]),
        ("groups", "search_name", &["editors", "reviewers"]),
        ("roles", "search_name", &["reviewers"]),
    ] {
        for text in texts {
            let sql = format!("SELECT count(*) FROM {table} WHERE {column} = '{text}'");
            assert_eq!(server.count(&sql), 1, "{table} {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_56_a_name_needs_a_visible_character() {
    let server = TestServer::start().await;
    for name in ["", " ", "\u{200b}", "\u{a0}\u{2800}\u{3164}", "\u{ad}\u{fe0f}"] {
        for (method, path, body, place) in [
            ("POST", "/api/projects", json!({ "name": name, "key": "unseen" }), "/name"),
            ("POST", "/api/roles", json!({ "name": name, "allProjects": false }), "/name"),
            ("POST", &format!("/api/projects/{}/groups", seed::PRICING), json!({ "name": name }), "/name"),
            ("PUT", "/api/organisations", json!({ "displayName": name }), "/displayName"),
            ("PUT", "/api/profile", json!({ "firstName": name, "lastName": "Owner" }), "/firstName"),
            ("PUT", &format!("/api/users/{}", seed::NINA), json!({ "lastName": name }), "/lastName"),
        ] {
            let answer = server.call(method, path).caller(seed::OWNER_SES).json(&body).send().await;
            if name.is_empty() && place.ends_with("tName") {
                assert_eq!(answer.status, 200, "a person may have one name only: {path}");
            } else {
                assert_eq!(
                    (answer.status, answer.places()),
                    (400, vec![place.to_owned()]),
                    "{path} {name:?}"
                );
            }
        }
    }
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let body = json!({ "secret": code, "firstName": "\u{200b}", "lastName": "Ash" });
    let answer = server.post("/invitations/accept").json(&body).expect(400).await;
    assert_eq!(answer.places(), ["/firstName"]);
}
