//! Concurrent invitations of members, and their audit entries.

use std::collections::HashMap;
use std::sync::Arc;

use brms::clock::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::inside::id;
use crate::support::tcp::{Tcp, request};
use crate::support::{Answer, TestServer, seed};

/// The audit entries about members, except for those of the seed.
const RECORDED: &str = "FROM audit_logs WHERE type = 'member' AND user_id IS NOT NULL";

/// Sends all bodies concurrently and returns the responses, each of which is a 200.
async fn at_once(server: &Arc<TestServer>, bodies: Vec<Value>) -> Vec<Answer> {
    let start = Arc::new(tokio::sync::Barrier::new(bodies.len()));
    let calls = bodies.into_iter().map(|body| {
        let (server, start) = (Arc::clone(server), Arc::clone(&start));
        tokio::spawn(async move {
            start.wait().await;
            let path = seed::members_path(seed::PRICING);
            server.post(&path).caller(seed::OWNER_PAT).json(&body).expect(200).await
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.expect("the call ends well"));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_17_of_two_hundred_identical_concurrent_calls_exactly_one_creates() {
    let server = Arc::new(TestServer::start().await);
    let body = json!({ "userIds": [seed::NINA], "groupIds": [seed::EDITORS] });
    let answers = at_once(&server, vec![body; 200]).await;
    let created: Vec<Value> = answers.iter().map(Answer::json).filter(|list| *list != json!([])).collect();
    assert_eq!(created.len(), 1, "{created:?}");
    assert_eq!(created[0][0]["userId"], seed::NINA);
    let of_nina = "FROM members WHERE user_id = ?1";
    assert_eq!(server.count_of(&format!("SELECT count(*) {of_nina}"), [id(seed::NINA)]), 1);
    assert_eq!(server.count(&format!("SELECT count(*) {RECORDED}")), 1);
    let stored: Uuid =
        server.look(|tx| tx.row(&format!("SELECT id {of_nina}"), [id(seed::NINA)], |row| row.get(0)));
    assert_eq!(created[0][0]["id"], stored.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_17_overlapping_concurrent_lists_create_every_membership_once() {
    let server = Arc::new(TestServer::start().await);
    let people = [seed::ADMIN, seed::IVY, seed::IAN, seed::ROBOT, seed::NINA, seed::OTTO];
    let bodies = (0..60).map(|turn| {
        let mut list = people.to_vec();
        list.rotate_left(turn % people.len());
        list.truncate(1 + turn % 4);
        json!({ "userIds": list })
    });
    let bodies: Vec<Value> = bodies.collect();
    let answers = at_once(&server, bodies.clone()).await;
    let mut times: HashMap<String, usize> = HashMap::new();
    for (body, answer) in bodies.iter().zip(&answers) {
        let asked = body["userIds"].as_array().unwrap();
        let mut places = Vec::new();
        for member in answer.json().as_array().unwrap() {
            let place = asked.iter().position(|user| *user == member["userId"]);
            places.push(place.expect("only requested users are returned"));
            *times.entry(member["userId"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        assert!(places.is_sorted(), "the order of userIds: {places:?}");
    }
    assert_eq!(times.len(), people.len());
    assert!(times.values().all(|count| *count == 1), "{times:?}");
    assert_eq!(server.count("SELECT count(*) FROM members"), 4 + 1 + 6);
    assert_eq!(server.count(&format!("SELECT count(*) {RECORDED}")), 6);
}

/// One row of the audit log.
#[derive(Debug)]
struct Row {
    kind_and_action: [String; 2],
    organisation_id: Uuid,
    user_id: Uuid,
    project_id: Uuid,
    ip_address: Option<String>,
    user_agent: Option<String>,
    data: Value,
    created_at: i64,
}

/// The recorded data, by membership id.
fn audit(server: &TestServer) -> HashMap<Uuid, Row> {
    let read = |row: &brms::db::Row| {
        let made = Row {
            kind_and_action: [row.get("type")?, row.get("action")?],
            organisation_id: row.get("organisation_id")?,
            user_id: row.get("user_id")?,
            project_id: row.get("project_id")?,
            ip_address: row.get("ip_address")?,
            user_agent: row.get("user_agent")?,
            data: serde_json::from_str(&row.get::<String>("data")?).expect("data is JSON"),
            created_at: row.get("created_at")?,
        };
        Ok((row.get("ref_id")?, made))
    };
    server.look(|tx| tx.rows(&format!("SELECT * {RECORDED}"), (), read)).into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_new_membership_writes_one_audit_entry_with_actor_origin_and_data() {
    let server = TestServer::start().await;
    let body = json!({
        "userIds": [seed::NINA, seed::READER, seed::OTTO, seed::NINA],
        "groupIds": [seed::EDITORS],
        "owner": true,
    });
    let call = server.post(&seed::members_path(seed::PRICING)).caller(seed::ADMIN_PAT).json(&body);
    let answer = call.header("user-agent", "a test/1.0").expect(200).await.json();
    let rows = audit(&server);
    assert_eq!(rows.len(), 2, "no entry for an existing member: {rows:?}");
    for member in answer.as_array().unwrap() {
        let row = &rows[&id(member["id"].as_str().unwrap())];
        assert_eq!(row.kind_and_action, ["member", "created"]);
        assert_eq!(row.organisation_id, id("0190a000-0000-7000-b000-000000000001"));
        assert_eq!((row.user_id, row.project_id), (id(seed::ADMIN), id(seed::PRICING)));
        assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"));
        assert_eq!(row.user_agent.as_deref(), Some("a test/1.0"));
        let expected = json!({ "userId": member["userId"], "owner": true, "groupIds": [seed::EDITORS] });
        assert_eq!(row.data, expected);
        assert_eq!(Timestamp::from_millis(row.created_at).rfc3339(), member["createdAt"].as_str().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_agent_is_stored_as_text_of_limited_length() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    let long = "<script>".repeat(2000);
    for (user, agent, kept) in [
        (seed::NINA, long.as_bytes(), Some(long[..200].to_owned())),
        (seed::OTTO, b"\xff\xfe\x80".as_slice(), None),
        (seed::ADMIN, b"'; DROP TABLE members; --".as_slice(), Some("'; DROP TABLE members; --".to_owned())),
    ] {
        let body = json!({ "userIds": [user] }).to_string();
        let head = [("authorization", seed::OWNER_PAT), ("content-type", "application/json")];
        let request = request("POST", &path, &head, body.as_bytes());
        let line = request.windows(2).position(|bytes| bytes == b"\r\n").unwrap() + 2;
        let mut connection = Tcp::connect(&server);
        connection.send([&request[..line], b"user-agent: ", agent, b"\r\n", &request[line..]].concat());
        let answer = connection.checked_answer("POST", &path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let member = id(answer.json()[0]["id"].as_str().unwrap());
        assert_eq!(audit(&server)[&member].user_agent, kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_no_secret_and_no_hash_of_one_is_in_the_audit_log() {
    let server = TestServer::start().await;
    let path = seed::members_path(seed::PRICING);
    for (caller, user) in [(seed::OWNER_PAT, seed::NINA), (seed::OWNER_SES, seed::OTTO)] {
        server.post(&path).caller(caller).json(&json!({ "userIds": [user] })).expect(200).await;
    }
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    assert!(code.len() > 40);
    let sql = "SELECT data || coalesce(user_agent, '') FROM audit_logs";
    let texts: Vec<String> = server.look(|tx| tx.rows(sql, (), |row| row.get(0)));
    assert!(texts.len() >= 3);
    for text in texts {
        assert!(!text.contains("brms_") && !text.contains(&code) && !text.contains("Bearer"), "{text}");
    }
}
