//! Calls with several addresses or ids name every place that stands in the way, whatever the reason.

use serde_json::{Value, json};

use crate::support::{Answer, TestServer, seed};

async fn invite(server: &TestServer, emails: &[&str]) -> Answer {
    server.post("/api/users").caller(seed::OWNER_SES).json(&json!({ "emails": emails })).send().await
}

fn details(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let errors = body["errors"].as_array().expect("errors").iter();
    errors.map(|error| error["detail"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_57_every_address_that_is_in_the_way_is_named() {
    let server = TestServer::start_with(&["--invitation-sends-max=1"]).await;
    assert_eq!(invite(&server, &["busy@x.test"]).await.status, 200);
    let users = server.count("SELECT count(*) FROM users");
    let emails = [
        "nina@acme.test",
        "new@x.test",
        "dora@acme.test",
        "busy@x.test",
        "robot@acme.test",
        "NINA@acme.test",
    ];
    let answer = invite(&server, &emails).await;
    assert_eq!((answer.status, answer.problem().as_str()), (409, "already-accepted"));
    assert_eq!(answer.places(), ["/emails/0", "/emails/2", "/emails/3", "/emails/4", "/emails/5"]);
    let details = details(&answer);
    for (detail, wanted) in details.iter().zip([
        "already accepted",
        "disabled or locked",
        "too often",
        "service account",
        "already accepted",
    ]) {
        assert!(detail.contains(wanted), "{details:?}");
    }
    assert_eq!(server.count("SELECT count(*) FROM users"), users);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_57_a_429_names_the_addresses_that_have_to_wait() {
    let server = TestServer::start_with(&["--invitation-sends-max=1", "--invitation-send-window=1h"]).await;
    server.clock.freeze();
    assert_eq!(invite(&server, &["first@x.test"]).await.status, 200);
    server.clock.advance(std::time::Duration::from_mins(10));
    assert_eq!(invite(&server, &["second@x.test"]).await.status, 200);
    let answer = invite(&server, &["new@x.test", "second@x.test", "first@x.test"]).await;
    assert_eq!((answer.status, answer.problem().as_str()), (429, "too-many-sends"));
    assert_eq!(answer.places(), ["/emails/1", "/emails/2"]);
    assert_eq!(answer.header("retry-after"), Some("3600"), "until all of them can be sent");
    assert!(details(&answer)[1].contains("3000 seconds"), "{}", answer.text());
    let alone = server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES);
    alone.expect(200).await;
    let again = server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(429).await;
    assert!(again.places().is_empty(), "its path names the user");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_57_a_429_for_the_inviter_names_the_addresses_that_are_too_many() {
    let server = TestServer::start_with(&["--inviter-sends-max=3"]).await;
    assert_eq!(invite(&server, &["first@x.test"]).await.status, 200);
    let emails = ["second@x.test", "third@x.test", "THIRD@x.test", "fourth@x.test", "fifth@x.test"];
    let answer = invite(&server, &emails).await;
    assert_eq!((answer.status, answer.problem().as_str()), (429, "too-many-sends"));
    assert_eq!(answer.places(), ["/emails/3", "/emails/4"]);
    assert_eq!(server.count("SELECT count(*) FROM users WHERE email LIKE '%@x.test'"), 1);
    assert_eq!(invite(&server, &emails[..3]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_57_members_are_refused_with_all_reasons() {
    let server = TestServer::start().await;
    let role = json!({ "name": "Guests", "allProjects": true });
    server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await;
    let groups = server.get(&format!("/api/projects/{}/groups", seed::PRICING)).caller(seed::OWNER_SES);
    let groups = groups.expect(200).await.json();
    let managed =
        groups["results"].as_array().expect("groups").iter().find(|group| group["name"] == "Guests");
    let managed = managed.expect("the group of the role")["id"].clone();
    let invite = async |users: Value, groups: Value| {
        let body = json!({ "userIds": users, "groupIds": groups });
        server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_SES).json(&body).send().await
    };
    let answer = invite(json!([seed::DORA, seed::NINA]), json!([seed::EDITORS, managed])).await;
    assert_eq!((answer.status, answer.problem().as_str()), (409, "user-disabled"));
    assert_eq!(answer.places(), ["/userIds/0", "/groupIds/1"]);
    let users = json!([seed::DORA, seed::UNKNOWN_ID, seed::NINA]);
    let answer = invite(users, json!([managed, seed::UNKNOWN_ID])).await;
    assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"));
    assert_eq!(answer.places(), ["/userIds/1", "/groupIds/1"], "ids come before states");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_57_a_body_over_several_limits_names_all_of_them() {
    let server = TestServer::start().await;
    let many = vec![seed::NINA; 1_001];
    let long = "x".repeat(201);
    for (method, path, body, places) in [
        (
            "POST",
            "/api/roles",
            json!({ "name": long, "allProjects": true, "users": many }),
            ["/name", "/users"],
        ),
        ("POST", "/api/projects", json!({ "name": long, "key": "-" }), ["/name", "/key"]),
        (
            "PUT",
            &format!("/api/users/{}", seed::NINA),
            json!({ "lastName": long, "roles": many }),
            ["/lastName", "/roles"],
        ),
    ] {
        let answer = server.call(method, path).caller(seed::OWNER_SES).json(&body).expect(400).await;
        assert_eq!(answer.places(), places, "{path}");
    }
}
