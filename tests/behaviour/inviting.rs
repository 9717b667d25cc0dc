//! inviteUsers and listInvitations: up to ten addresses per call, all or none, and the list of invitations.

use std::time::Duration;

use brms::clock::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::inside::{everything, execute};
use crate::support::{Answer, TestServer, seed};
use crate::users::{assert_audited, entry};

const DAY: Duration = Duration::from_hours(24);

async fn invite(server: &TestServer, emails: &[&str]) -> Answer {
    invite_as(server, seed::OWNER_SES, &json!({ "emails": emails })).await
}

async fn invite_as(server: &TestServer, caller: &str, body: &Value) -> Answer {
    server.post("/api/users").caller(caller).json(body).send().await
}

async fn accept(server: &TestServer, code: &str) -> Answer {
    let body = json!({ "secret": code, "firstName": "First", "lastName": "Last" });
    server.post("/invitations/accept").json(&body).send().await
}

async fn list(server: &TestServer, query: &str) -> Value {
    server.get(&format!("/api/invitations?{query}")).caller(seed::ADMIN_SES).expect(200).await.json()
}

/// The addresses in a list or in a response.
fn emails(list: &Value) -> Vec<&str> {
    let entries = list.as_array().expect("a list").iter();
    entries.map(|entry| entry["email"].as_str().expect("an address")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_people_are_invited_in_one_call_each_with_a_code_of_their_own() {
    let server = TestServer::start().await;
    server.clock.freeze();
    let now = server.clock.now();
    let addresses: Vec<String> = (0..10).map(|i| format!("New.Person{}@Acme.test", 9 - i)).collect();
    let answer = invite_as(&server, seed::ADMIN_SES, &json!({ "emails": addresses })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!answer.text().contains("brms_inv_"));
    let invited = answer.json();
    assert_eq!(emails(&invited), addresses, "as typed, in the order of the call");
    for invitation in invited.as_array().expect("a list") {
        assert_eq!(
            (&invitation["status"], &invitation["createdAt"]),
            (&json!("pending"), &json!(now.rfc3339()))
        );
        assert_eq!(invitation["expiresAt"], now.plus(7 * DAY).rfc3339());
    }
    let mails = server.mails().await;
    assert_eq!(mails.len(), 10);
    for (invitation, address) in invited.as_array().expect("a list").iter().zip(&addresses) {
        let mail = mails.iter().find(|mail| mail.to == *address).expect("a mail to the address as typed");
        let accepted = accept(&server, &mail.code).await;
        assert_eq!(
            (accepted.status, &accepted.json()["userId"]),
            (200, &invitation["userId"]),
            "{}",
            accepted.text()
        );
    }
    let users =
        server.get("/api/users?search=new.person&perPage=50").caller(seed::ADMIN_SES).expect(200).await;
    assert!(users.json()["results"].as_array().expect("users").iter().all(|user| user["type"] == "member"));
    assert_eq!(users.json()["paginate"]["total"], 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_invitation_writes_its_audit_entry() {
    let server = TestServer::start().await;
    let body = json!({ "emails": ["a@x.test", "b@x.test"] });
    let invited = invite_as(&server, seed::ADMIN_SES, &body).await.json();
    let row = |user: &Value| entry("user", "invited", user.as_str().expect("an id"), seed::ADMIN);
    let expected = invited.as_array().expect("a list").iter().map(|invitation| row(&invitation["userId"]));
    assert_audited(&server, expected.collect()).await;
    assert_eq!(server.mails().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_address_counts_once_whatever_its_case() {
    let server = TestServer::start().await;
    let answer =
        invite(&server, &["Zed@x.test", "one@x.test", "zed@X.TEST", "one@x.test", "ZED@x.test"]).await;
    assert_eq!(emails(&answer.json()), ["Zed@x.test", "one@x.test"]);
    assert_eq!(server.count("SELECT count(*) FROM users WHERE email_folded LIKE '%@x.test'"), 2);
    assert_eq!(server.mails().await.len(), 2);
    // The next call, in another case, refers to the same person.
    server.clock.advance(Duration::from_secs(1));
    let again = invite(&server, &["ZED@X.TEST"]).await.json();
    assert_eq!((&again[0]["id"], emails(&again)), (&answer.json()[0]["id"], vec!["Zed@x.test"]));
    assert_eq!(server.count("SELECT count(*) FROM users WHERE email_folded LIKE '%@x.test'"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_user_is_sent_the_same_invitation_again() {
    let server = TestServer::start().await;
    let first = invite(&server, &["pat@x.test"]).await.json();
    let old_code = server.code("pat@x.test").await;
    server.clock.advance(8 * DAY);
    assert_eq!(accept(&server, &old_code).await.problem(), "invitation-expired");
    server.clock.freeze();
    let second = invite(&server, &["new@x.test", "pat@x.test"]).await.json();
    assert_eq!(emails(&second), ["new@x.test", "pat@x.test"]);
    for same in ["id", "userId", "createdAt"] {
        assert_eq!(second[1][same], first[0][same], "{same}");
    }
    assert_eq!(second[1]["expiresAt"], server.clock.now().plus(7 * DAY).rfc3339());
    assert_eq!(accept(&server, &old_code).await.problem(), "invitation-replaced");
    let new_code = server.code("pat@x.test").await;
    assert_eq!(accept(&server, &new_code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_cannot_be_invited_is_named_and_no_one_is_invited() {
    let server = TestServer::start().await;
    put_status(&server, seed::IAN, "disabled").await;
    let before = everything(&server);
    for (email, problem) in [
        ("NINA@acme.test", "already-accepted"),
        ("owner@acme.test", "already-accepted"),
        ("dora@acme.test", "user-disabled"),
        (seed::IAN_EMAIL, "user-disabled"),
        ("robot@acme.test", "service-account"),
    ] {
        let answer = invite(&server, &["fresh@x.test", "fresh@x.test", email, seed::IVY_EMAIL]).await;
        assert_eq!((answer.status, answer.problem().as_str()), (409, problem), "{email}");
        assert_eq!(answer.places(), ["/emails/2"], "{email}");
    }
    assert_eq!(everything(&server), before);
    put_status(&server, seed::IAN, "active").await;
    assert_eq!(invite(&server, &[seed::IAN_EMAIL]).await.status, 200, "enabled and still invited");
    let code = server.code(seed::IAN_EMAIL).await;
    assert_eq!(accept(&server, &code).await.status, 200);
}

async fn put_status(server: &TestServer, user: &str, status: &str) {
    let call = server.call("PUT", &format!("/api/users/{user}")).caller(seed::OWNER_SES);
    call.json(&json!({ "status": status })).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_over_its_limit_rejects_the_whole_call() {
    let server = TestServer::start().await;
    for _ in 0..3 {
        assert_eq!(invite(&server, &["often@x.test"]).await.status, 200);
        server.mails().await;
    }
    assert_eq!(server.mails().await.len(), 3);
    let before = everything(&server);
    let answer = invite(&server, &["fresh@x.test", "often@x.test"]).await;
    assert_eq!((answer.status, answer.problem().as_str()), (429, "too-many-sends"));
    assert_eq!(everything(&server), before);
    let user = list(&server, "search=often").await["results"][0]["user"]["id"].clone();
    let path = seed::invitation_path(user.as_str().expect("an id"));
    server.post(&path).caller(seed::OWNER_SES).expect(429).await;
    server.clock.advance(Duration::from_mins(10));
    let answer = invite(&server, &["fresh@x.test", "often@x.test"]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_other_than_a_list_of_up_to_ten_addresses_is_rejected_at_its_place() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let eleven: Vec<String> = (0..11).map(|i| format!("p{i}@x.test")).collect();
    let long = format!("{}@x.test", "a".repeat(250));
    for (body, places) in [
        (json!({ "emails": eleven }), &["/emails"][..]),
        (json!({ "emails": vec!["same@x.test"; 11] }), &["/emails"]),
        (json!({ "emails": ["good@x.test", "bad"] }), &["/emails/1"]),
        (
            json!({ "emails": ["", "good@x.test", " a@x.test", "a@x.test\n"] }),
            &["/emails/0", "/emails/2", "/emails/3"],
        ),
        (json!({ "emails": ["A <a@x.test>", "a@x.test,b@x.test"] }), &["/emails/0", "/emails/1"]),
        (json!({ "emails": ["a@x.test\r\nBcc: b@x.test"] }), &["/emails/0"]),
        (json!({ "emails": [long] }), &["/emails/0"]),
        (json!({ "emails": [null] }), &["/emails/0"]),
        (json!({ "emails": null }), &["/emails"]),
        (json!({ "emails": "a@x.test" }), &["/emails"]),
        (json!({}), &["/emails"]),
    ] {
        let answer = invite_as(&server, seed::OWNER_SES, &body).await;
        assert_eq!(
            (answer.status, answer.places()),
            (400, places.iter().map(|p| (*p).to_owned()).collect()),
            "{body}"
        );
    }
    for (caller, status) in [(seed::OWNER_PAT, 401), (seed::MANAGER_SES, 403), (seed::READER_SES, 403)] {
        assert_eq!(invite_as(&server, caller, &json!({ "emails": [] })).await.status, status, "{caller}");
    }
    let response = invite(&server, &[]).await;
    assert_eq!((response.status, response.json()), (200, json!([])));
    assert_eq!(everything(&server), before, "an empty list changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_17_50_identical_concurrent_calls_create_one_user_and_one_valid_link() {
    let server = TestServer::start().await;
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let body = json!({ "emails": ["Race@x.test", "race@x.test"] });
        let call = server.post("/api/users").caller(seed::OWNER_SES).json(&body);
        calls.spawn(async move { call.send().await });
    }
    let answers = calls.join_all().await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let count = |status: u16| statuses.iter().filter(|other| **other == status).count();
    assert_eq!((count(200), count(429)), (3, 47), "{statuses:?}");
    let good: Vec<Value> = answers.iter().filter(|answer| answer.status == 200).map(Answer::json).collect();
    assert!(
        good.iter()
            .all(|body| body[0]["id"] == good[0][0]["id"] && body[0]["userId"] == good[0][0]["userId"])
    );
    for (sql, expected) in [
        ("SELECT count(*) FROM users WHERE email_folded = 'race@x.test'", 1),
        ("SELECT count(*) FROM invitation_secrets WHERE state = 'live'", 1),
        ("SELECT count(*) FROM mails", 3),
    ] {
        assert_eq!(server.count(sql), expected, "{sql}");
    }
    let mut accepted = 0;
    for mail in server.mails().await {
        accepted += u32::from(accept(&server, &mail.code).await.status == 200);
    }
    assert_eq!(accepted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_29_an_address_of_another_organisation_is_treated_like_any_other() {
    let server = TestServer::start().await;
    let foreign = ["owner@globex.test", "guest@globex.test", "nobody@globex.test"];
    let before = server.get("/api/users").caller(seed::GLOBEX_PAT).expect(200).await.json();
    let answer = invite(&server, &foreign).await;
    assert_eq!((answer.status, emails(&answer.json())), (200, foreign.to_vec()));
    let invited = answer.json();
    let ids: Vec<&Value> = invited.as_array().expect("a list").iter().map(|entry| &entry["userId"]).collect();
    assert!(ids.iter().all(|id| *id != seed::GLOBEX_OWNER && *id != seed::GLOBEX_GUEST));
    let code = server.code("owner@globex.test").await;
    assert_eq!(accept(&server, &code).await.status, 200);
    let after = server.get("/api/users").caller(seed::GLOBEX_PAT).expect(200).await.json();
    assert_eq!(after, before, "the other organisation notices nothing");
    let seen = server.get("/api/invitations").caller(seed::GLOBEX_PAT).expect(200).await.json();
    assert_eq!(emails(&seen["results"]), ["guest@globex.test"]);
    let mine = list(&server, "search=globex").await;
    assert_eq!(emails(&mine["results"]), foreign);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_invitations_has_inviter_user_organisation_and_expiry() {
    let server = TestServer::start().await;
    execute(&server, "UPDATE users SET first_name = 'Ada' WHERE email = 'admin@acme.test'");
    server.clock.advance(Duration::from_secs(1));
    server.clock.freeze();
    let sent = server.clock.now();
    invite_as(&server, seed::ADMIN_SES, &json!({ "emails": ["Pat@x.test"] })).await;
    let code = server.code("Pat@x.test").await;
    let pending = list(&server, "search=PAT%40").await["results"][0].clone();
    assert_eq!((&pending["email"], &pending["status"]), (&json!("Pat@x.test"), &json!("pending")));
    assert_eq!((&pending["createdAt"], &pending["acceptedAt"]), (&json!(sent.rfc3339()), &Value::Null));
    assert_eq!(pending["expiresAt"], sent.plus(7 * DAY).rfc3339());
    let by = &pending["createdBy"];
    assert_eq!((&by["id"], &by["email"]), (&json!(seed::ADMIN), &json!("admin@acme.test")));
    assert_eq!(
        (&by["firstName"], &by["type"], &by["status"]),
        (&json!("Ada"), &json!("admin"), &json!("active"))
    );
    assert_eq!(
        (&pending["user"]["type"], &pending["user"]["email"]),
        (&json!("invited"), &json!("Pat@x.test"))
    );
    assert_eq!(pending["organisation"]["name"], "acme");

    server.clock.advance(DAY);
    assert_eq!(accept(&server, &code).await.status, 200);
    let accepted = list(&server, "status=accepted").await;
    assert_eq!(emails(&accepted["results"]), ["Pat@x.test"]);
    let accepted = &accepted["results"][0];
    assert_eq!((&accepted["id"], &accepted["createdAt"]), (&pending["id"], &pending["createdAt"]));
    assert_eq!(
        (&accepted["status"], &accepted["acceptedAt"]),
        (&json!("accepted"), &json!(sent.plus(DAY).rfc3339()))
    );
    assert_eq!(
        (&accepted["user"]["type"], &accepted["user"]["firstName"]),
        (&json!("member"), &json!("First"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_an_expired_invitation_stays_pending_and_no_list_contains_a_secret() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    server.clock.advance(30 * DAY);
    let answer = server.get("/api/invitations?status=pending").caller(seed::OWNER_PAT).expect(200).await;
    let body = answer.json();
    assert_eq!(emails(&body["results"]), [seed::IVY_EMAIL, seed::IAN_EMAIL]);
    let end = Timestamp::parse_rfc3339(body["results"][0]["expiresAt"].as_str().expect("a time"));
    assert!(end.expect("RFC 3339") < server.clock.now());
    let hidden = code.strip_prefix("brms_inv_").expect("a prefix");
    let users = server.get("/api/users").caller(seed::OWNER_PAT).expect(200).await;
    let log = server.get("/api/audit-logs").caller(seed::OWNER_PAT).expect(200).await;
    for text in [answer.text(), users.text(), log.text()] {
        assert!(!text.contains("brms_inv_") && !text.contains(hidden));
    }
    assert_audited(&server, vec![entry("user", "invited", seed::IVY, seed::OWNER)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_can_be_searched_filtered_and_paged() {
    let server = TestServer::start().await;
    for name in ["arger", "10%", "under_score"] {
        server.clock.advance(Duration::from_secs(1));
        assert_eq!(invite(&server, &[&format!("{name}@x.test")]).await.status, 200, "{name}");
    }
    let (ivy, ian) = (seed::IVY_EMAIL, seed::IAN_EMAIL);
    let all = [ivy, ian, "arger@x.test", "10%@x.test", "under_score@x.test"];
    for (query, found, from, to, total) in [
        ("", &all[..], 1, 5, 5),
        ("perPage=2", &all[..2], 1, 2, 5),
        ("perPage=2&page=2", &all[2..4], 3, 4, 5),
        ("perPage=2&page=3", &all[4..], 5, 5, 5),
        ("perPage=2&page=4", &[], 0, 0, 5),
        ("search=ACME", &all[..2], 1, 2, 2),
        ("search=%25", &all[3..4], 1, 1, 1),
        ("search=_", &all[4..], 1, 1, 1),
        ("search=x.test&status=pending", &all[2..], 1, 3, 3),
        ("status=accepted", &[], 0, 0, 0),
        ("search=globex", &[], 0, 0, 0),
    ] {
        let body = list(&server, query).await;
        assert_eq!(emails(&body["results"]), found, "{query}");
        let place = &body["paginate"];
        assert_eq!(
            (&place["from"], &place["to"], &place["total"]),
            (&json!(from), &json!(to), &json!(total)),
            "{query}"
        );
    }
    assert_eq!(list(&server, "perPage=9999").await["paginate"]["pageSize"], 500);
    for word in ["expired", "", "PENDING"] {
        let path = format!("/api/invitations?status={word}");
        let answer = server.get(&path).caller(seed::ADMIN_SES).expect(400).await;
        assert_eq!(answer.places(), ["status"]);
    }
    for (caller, status) in [(seed::ADMIN_PAT, 200), (seed::MANAGER_PAT, 403), (seed::READER_SES, 403)] {
        server.get("/api/invitations").caller(caller).expect(status).await;
    }
}
