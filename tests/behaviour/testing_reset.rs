//! Resetting a server with test controls: all data is restored to the state at its start, in one transaction; and
//! adding a seed to existing data.

use serde_json::{Value, json};

use crate::processes::{log, ready, start};
use crate::support::controls::{TEST, TOKEN};
use crate::support::inside::{everything, orphans};
use crate::support::program::{Serving, run_well};
use crate::support::server::PATIENCE;
use crate::support::tcp::{Tcp, chunked_request, request};
use crate::support::{Call, TestServer, seed};

fn example() -> Value {
    serde_json::from_slice(&std::fs::read(seed::FILE).expect("the seed")).expect("JSON")
}

fn initech() -> Value {
    json!({ "organisations": [{ "name": "initech", "users": [{
        "id": "0190a000-0000-7000-8000-000000000201", "email": "owner@initech.test", "type": "owner",
        "internalTokens": [{ "secret": "brms_ses_initech_0000000000000000000000000000000000" }] }] }] })
}

const INITECH: &str = "Internal brms_ses_initech_0000000000000000000000000000000000";

/// The content of the database without the audit log and generated values: times, and ids that the seed omits.
fn shape(mut export: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in ["createdAt", "updatedAt", "expiresAt", "auditLogs"] {
                    members.remove(name);
                }
                if members.contains_key("secretSha256") || members.contains_key("userId") {
                    members.remove("id");
                }
                if let Some(invitation) = members.get_mut("invitation") {
                    invitation.as_object_mut().expect("an object").remove("id");
                }
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut export);
    export
}

/// Changes of every kind, covering all tables.
async fn live(server: &TestServer) {
    let members = json!({ "userIds": [seed::NINA, seed::OTTO], "groupIds": [seed::EDITORS] });
    let role = json!({ "name": "Everywhere", "allProjects": true, "users": [seed::NINA],
                       "projectPermissions": ["owner"] });
    let approvals = json!({ "decisionsApprovalGroups": [seed::EDITORS] });
    for (method, path, body) in [
        ("POST", seed::members_path(seed::PRICING), members),
        ("POST", "/api/roles".to_owned(), role),
        ("PUT", format!("/api/projects/{}/approvals", seed::PRICING), approvals),
        ("POST", "/api/users".to_owned(), json!({ "emails": ["new@acme.test"] })),
        ("PUT", format!("/api/users/{}", seed::READER), json!({ "status": "disabled" })),
        ("PUT", "/api/organisations".to_owned(), json!({ "displayName": "Renamed" })),
    ] {
        server.call(method, &path).caller(seed::OWNER_SES).json(&body).expect(200).await;
    }
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_restores_the_seed_that_the_server_was_started_with() {
    let server = TestServer::stand_in().await;
    let began_with = shape(server.export().await);
    for _ in 0..2 {
        live(&server).await;
        server.advance_clock("30d").await;
        server.control("POST", "clock/freeze").expect(200).await;
        let order = json!({ "operation": "listUsers", "times": 9, "status": 500 });
        server.control("POST", "fail").json(&order).expect(200).await;
        assert_ne!(shape(server.export().await), began_with);

        let reset = server.control("POST", "reset").expect(200).await.json();
        assert_eq!(reset, json!({ "organisations": 2, "users": 12, "projects": 3 }));
        assert_eq!(shape(server.export().await), began_with);
        assert_eq!(server.control("GET", "mailbox").expect(200).await.json(), json!([]));
        let clock = server.control("GET", "clock").expect(200).await.json();
        assert_eq!(clock["frozen"], false);
        let users = server.get("/api/users").caller(seed::OWNER_SES).expect(200).await.json();
        let made = &users["results"][0]["createdAt"];
        assert!(made.as_str() <= clock["now"].as_str(), "made at the system's time: {made} {clock}");
        assert_eq!(orphans(&server), 0, "every foreign key holds");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_keeps_the_owner_and_the_credentials_of_a_first_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--test-api", "--test-api-token", TOKEN]);
    let file = std::fs::read(folder.path().join("test.db.credentials")).expect("credentials");
    let credentials: Value = serde_json::from_slice(&file).expect("JSON");
    let owner = format!("Internal {}", credentials["internalToken"].as_str().expect("a token"));
    let call = |method: &str, path: &str| Call::new(&reqwest::Client::new(), method, &serving.url, path);
    let before = call("GET", "/api/users").caller(&owner).expect(200).await.json();
    call("POST", "/api/users").caller(&owner).json(&json!({ "emails": ["a@b.test"] })).expect(200).await;
    call("POST", "/_test/reset").caller(TEST).expect(200).await;
    let after = call("GET", "/api/users").caller(&owner).expect(200).await.json();
    assert_eq!(after, before, "the same owner, by the same id, with the same keys");
    let bearer = format!("Bearer {}", credentials["personalAccessToken"].as_str().expect("a token"));
    call("GET", "/api/audit-logs").caller(&bearer).expect(200).await;
    assert!(!log(folder.path()).contains("brms_tst_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_restores_the_content_that_a_database_had_at_the_start() {
    let first = TestServer::start().await;
    live(&first).await;
    let folder = first.stop().await;
    let flags = ["--test-api", "--test-api-token", TOKEN, "--seed", seed::FILE];
    let server = TestServer::start_in(folder, &flags).await;
    let before = server.export().await;
    let body = json!({ "emails": ["later@acme.test"] });
    server.post("/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await;
    server.reset().await;
    assert_eq!(server.export().await, before, "all of it, the audit log too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_to_another_seed_lasts_until_the_next_reset() {
    let server = TestServer::stand_in().await;
    server.control("POST", "reset").json(&initech()).expect(200).await;
    server.get("/api/users").caller(seed::OWNER_SES).expect(401).await;
    let users = server.get("/api/users").caller(INITECH).expect(200).await.json();
    assert_eq!(users["paginate"]["total"], 1);
    server.reset().await;
    server.get("/api/users").caller(INITECH).expect(401).await;
    server.get("/api/users").caller(seed::OWNER_SES).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_counts_as_absent_and_any_other_must_be_a_seed_in_json() {
    let server = TestServer::stand_in().await;
    let all = shape(server.export().await);
    let token = ("authorization", TEST);
    let typed = |media_type| [token, ("content-type", media_type)];
    let mut tcp = Tcp::connect(&server);
    for nothing in [
        chunked_request("POST", "/_test/reset", &[token], &[]),
        chunked_request("POST", "/_test/reset", &typed("application/json"), &[]),
        request("POST", "/_test/reset", &typed("text/plain"), b""),
        format!("POST /_test/reset HTTP/1.1\r\nhost: x\r\nauthorization: {TEST}\r\n\r\n").into_bytes(),
    ] {
        tcp.send(&nothing);
        assert_eq!(tcp.next().status, 200, "{}", String::from_utf8_lossy(&nothing));
    }
    for (something, status) in [
        (chunked_request("POST", "/_test/reset", &[token], &[b"{}"]), 415),
        (request("POST", "/_test/reset", &typed("text/plain"), b"{}"), 415),
        (chunked_request("POST", "/_test/reset", &typed("application/json"), &[b" "]), 400),
    ] {
        tcp.send(&something);
        assert_eq!(tcp.next().status, status, "{}", String::from_utf8_lossy(&something));
    }
    assert_eq!(shape(server.export().await), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_to_an_invalid_or_empty_seed_changes_nothing() {
    let server = TestServer::stand_in().await;
    server.advance_clock("1d").await;
    let clock = server.control("POST", "clock/freeze").expect(200).await.json();
    let before = everything(&server);
    let mut twice = example();
    twice["organisations"][0]["users"][1]["email"] = "OWNER@acme.test".into();
    twice["organisations"][1]["users"][0]["type"] = "admin".into();
    for (body, places) in [
        (json!({ "organisations": [] }), &["/organisations"][..]),
        (json!({}), &[""]),
        (json!({ "organisations": [{ "name": "x", "users": [], "nmae": 1 }] }), &["/organisations/0/nmae"]),
        (twice, &["/organisations/0/users/1/email", "/organisations/1/users"]),
    ] {
        let refused = server.control("POST", "reset").json(&body).expect(400).await;
        assert_eq!(refused.places(), places, "{}", refused.text());
    }
    assert_eq!(everything(&server), before);
    assert_eq!(server.control("GET", "clock").expect(200).await.json(), clock, "the clock, too");
    // A seed has none of the limits of a call.
    let mut large = example();
    large["organisations"][0]["roles"] =
        json!([{ "name": "x", "allProjects": true, "users": [seed::OWNER] }]);
    let project = |number: u32| json!({ "key": format!("p{number}"), "name": "p" });
    large["organisations"][0]["projects"] = (0..6_000).map(project).collect();
    for user in large["organisations"][0]["users"].as_array_mut().expect("users") {
        user["personalAccessTokens"] = json!([]);
    }
    let loaded = server.control("POST", "reset").json(&large).expect(200).await.json();
    assert_eq!(loaded["projects"], 6_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_during_other_requests_are_all_or_nothing() {
    let server = TestServer::stand_in().await;
    let mut calls = Vec::new();
    for round in 0..60 {
        let call = match round % 3 {
            0 => server.control("POST", "reset"),
            1 => server.get("/api/users").caller(seed::OWNER_SES),
            _ => {
                let body = json!({ "userIds": [seed::NINA, seed::OTTO] });
                server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).json(&body)
            }
        };
        calls.push(tokio::spawn(tokio::time::timeout(PATIENCE, call.expect(200))));
    }
    for call in calls {
        let answer = call.await.expect("an answer of 200").expect("in time").json();
        if let Some(paginate) = answer.get("paginate") {
            assert_eq!(paginate["total"], 10, "never a moment without the people of the seed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_is_added_completely_or_not_at_all_with_errors_for_existing_values() {
    let server = TestServer::stand_in().await;
    let added = server.control("POST", "seed").json(&initech()).expect(200).await.json();
    assert_eq!(added, json!({ "organisations": 1, "users": 1, "projects": 0 }));
    server.get("/api/users").caller(INITECH).expect(200).await;
    server.get("/api/users").caller(seed::OWNER_SES).expect(200).await;

    let before = everything(&server);
    let mut both = initech();
    both["organisations"][0]["name"] = "hooli".into();
    both["organisations"].as_array_mut().expect("a list").push(example()["organisations"][1].clone());
    let refused = server.control("POST", "seed").json(&both).expect(409).await;
    assert_eq!(refused.problem(), "already-there");
    let places = refused.places();
    for place in [
        "/organisations/0/users/0/id",
        "/organisations/0/users/0/internalTokens/0/secret",
        "/organisations/1/id",
        "/organisations/1/projects/0/groups/0/id",
        "/organisations/1/users/0/personalAccessTokens/0/secret",
    ] {
        assert!(places.iter().any(|named| named == place), "{place}: {places:?}");
    }
    assert_eq!(everything(&server), before);
    let wrong = server.control("POST", "seed").json(&json!({ "organisations": 7 })).expect(400).await;
    assert_eq!(wrong.places(), ["/organisations"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_a_seed_are_rejected_on_a_server_reachable_by_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let _server = start(folder.path(), |command| {
        command.args(["serve", "--database", "test.db", "--ready-file", "ready.json"]);
        command.args([
            "--listen",
            "0.0.0.0:0",
            "--public-url",
            "http://b.test",
            "--test-api",
            "--test-api-token",
            TOKEN,
        ]);
    });
    let url = ready(folder.path()).replace("0.0.0.0", "127.0.0.1");
    let http = reqwest::Client::new();
    let call = |path: &str| Call::new(&http, "POST", &url, path).caller(TEST);
    for path in ["/_test/seed", "/_test/reset"] {
        let refused = call(path).json(&initech()).expect(409).await;
        assert_eq!(refused.problem(), "seeded-secrets", "{path}");
        assert!(refused.text().contains("--allow-seeded-secrets"), "{}", refused.text());
    }
    let mut keyless = initech();
    keyless["organisations"][0]["users"][0]["internalTokens"] = json!([]);
    call("/_test/seed").json(&keyless).expect(200).await;
}

#[test]
fn the_command_line_accepts_the_same_seeds() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, database) = (folder.path().join("seed.json"), folder.path().join("test.db"));
    std::fs::write(&file, initech().to_string()).expect("a file");
    let (file, database) = (file.display().to_string(), database.display().to_string());
    run_well(&["seed", &file, "--database", &database]);
    let again = crate::support::program::run(&["seed", &file, "--database", &database, "--add"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("nothing was changed"), "{said}");
    assert!(said.contains("/organisations/0/users/0/id") && said.contains("already"), "{said}");
}
